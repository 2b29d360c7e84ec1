//! One step of training: the discriminators, then the generators.

use std::collections::HashMap;

use burn::tensor::{Device, Tensor};

use crate::config::Domain;
use crate::device::on_workers;
use crate::layers::NormalizationKind;
use crate::losses::{
    DiscriminatorTerms, GeneratorTerms, GradientPenalty, IdentityLoss, IdentityTerm, NamedValues, PerceptualLoss,
};
use crate::networks::Pair;
use crate::networks::munit::{Discriminator, Discriminators, Translator};
use crate::parameter::{Parameterized, from_values, to_values};
use crate::training::error::NotFinite;
use crate::training::optimizer::Adam;

use super::augmentation::{AugmentationLevel, Transformation};
use super::batch::{Batch, StepNoise};
use super::segments::{Decoded, cross, decode_combined, differences, encode, leaves, leaves_of, reconstruct};
use super::settings::{Settings, StepOrder};
use super::tape::{Boundary, CodeBoundary, Stored, Tape};

/// A translator in training: networks and optimisers.
#[derive(Clone, Debug)]
pub struct Trainer {
    /// The sections of the run file that it needs.
    pub settings: Settings,
    /// The generators.
    pub translator: Translator,
    /// The discriminators.
    pub discriminators: Discriminators,
    /// The exponential moving average of the generators, if wanted.
    pub ema: Option<Translator>,
    /// How often the pictures that the discriminators see are changed.
    pub augmentation: AugmentationLevel,
    /// The mean signs of the step's scores of real pictures, until the augmentation has followed them.
    real_signs: Option<Pair<f32>>,
    /// Steps done.
    pub step: u64,
    pub(super) generator_adam: Adam,
    pub(super) discriminator_adam: Adam,
    pub(super) auxiliary: AuxiliaryNetworks,
    /// The identity loss's class number of each person. Empty without such a loss.
    pub(super) classes: HashMap<String, usize>,
    device: Device,
}

/// Frozen networks behind losses. Each is needed where its loss has a weight above 0.
#[derive(Clone, Debug, Default)]
pub struct AuxiliaryNetworks {
    /// VGG16, for the perceptual loss.
    pub perceptual: Option<PerceptualLoss>,
    /// A recogniser, for the identity loss.
    pub identity: Option<IdentityLoss>,
}

/// A discriminator's loss, the mean sign of its scores of real pictures, its R1 penalty.
type Found = (Boundary<1>, (Option<f32>, Option<Boundary<1>>));

/// Pictures as the discriminators see them.
struct Seen {
    generated: Pair<Tensor<4>>,
    real: Pair<Tensor<4>>,
}

/// The mean sign of scores, over scales of equal weight: -1 to 1.
fn mean_sign(scores: &[Tensor<4>]) -> f32 {
    let of_scale = |scores: &Tensor<4>| to_values(scores.clone().without_autodiff().sign().mean())[0];
    scores.iter().map(of_scale).sum::<f32>() / scores.len() as f32
}

impl Trainer {
    /// A trainer before its first step.
    pub fn new(settings: Settings, auxiliary: AuxiliaryNetworks, device: &Device) -> Self {
        let translator = Translator::new(&settings.networks, settings.initialization, settings.seed, device);
        let discriminators = Discriminators::new(&settings.networks, settings.seed, device);
        Self {
            ema: settings.ema_decay.map(|_| translator.clone()),
            translator,
            discriminators,
            augmentation: settings.augmentation.as_ref().map(AugmentationLevel::begin).unwrap_or_default(),
            real_signs: None,
            step: 0,
            generator_adam: Adam::new(settings.optimizer.adam),
            discriminator_adam: Adam::new(settings.optimizer.adam),
            auxiliary,
            classes: HashMap::new(),
            device: device.clone(),
            settings,
        }
    }

    /// The device that the networks are on.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// A tape for the generators' half of a step.
    fn tape(&self) -> Tape {
        let checkpointing = self.settings.optimizer.activation_checkpointing;
        Tape::new(if checkpointing { Stored::Inputs } else { Stored::Activations })
    }

    /// One whole step: discriminators, generators, EMA. Returns every named loss.
    ///
    /// # Errors
    /// [`NotFinite`] if a loss is not a number; what would have been changed by it is unchanged.
    pub fn train(&mut self, batch: &Batch, noise: &StepNoise) -> Result<NamedValues, NotFinite> {
        on_workers(|| {
            let values = match self.settings.optimizer.order {
                StepOrder::Original => {
                    let mut values = self.discriminator_step(batch, &noise.discriminator)?;
                    values.extend(self.generator_step(batch, &noise.generator)?);
                    values
                }
                StepOrder::Shared => self.shared_step(batch, &noise.generator)?,
            };
            self.update_ema();
            self.adapt_augmentation(batch);
            self.step += 1;
            Ok(values)
        })
    }

    /// Both halves of a step around one set of generated images.
    fn shared_step(&mut self, batch: &Batch, styles: &Pair<Tensor<2>>) -> Result<NamedValues, NotFinite> {
        let (mut generators, mut tape) = (self.translator.tracked(), self.tape());
        let codes = encode(&mut generators, batch.pictures.clone(), &mut tape);
        let decoded = decode_combined(&mut generators, &codes, styles, &mut tape);

        let mut discriminators = self.discriminators.tracked();
        let detached = Pair { drawing: decoded.generated.drawing.value(), photo: decoded.generated.photo.value() };
        let found = self.combined_discriminator_terms(&mut discriminators, batch, detached);
        let mut values = self.checked(found.0.values(), batch)?;
        self.learn_discriminators(&discriminators, found);

        let terms = self.compared(&mut generators, batch, styles, &codes, &decoded, &mut tape);
        values.extend(self.learn_generators(&generators, batch, (terms, tape))?);
        Ok(values)
    }

    /// Teaches the discriminators to tell generated images from real ones.
    ///
    /// # Errors
    /// See [`train`](Self::train).
    pub fn discriminator_step(&mut self, batch: &Batch, styles: &Pair<Tensor<2>>) -> Result<NamedValues, NotFinite> {
        let mut tracked = self.discriminators.tracked();
        let found = self.discriminator_terms(&mut tracked, batch, styles);
        let values = self.checked(found.0.values(), batch)?;
        self.learn_discriminators(&tracked, found);
        Ok(values)
    }

    /// Steps down the discriminators' loss.
    fn learn_discriminators(&mut self, tracked: &Discriminators, (terms, tape): (DiscriminatorTerms, Tape)) {
        let gradients = tape.backward(&terms.total, tracked);
        let (_, rate) = self.settings.optimizer.rates(self.step + 1);
        self.real_signs = terms.real_signs;
        self.discriminators.take_state(tracked);
        self.discriminator_adam.step(&mut self.discriminators, gradients, rate);
    }

    /// Teaches the generators.
    ///
    /// # Errors
    /// See [`train`](Self::train).
    pub fn generator_step(&mut self, batch: &Batch, styles: &Pair<Tensor<2>>) -> Result<NamedValues, NotFinite> {
        let mut tracked = self.translator.tracked();
        let terms = self.generator_terms(&mut tracked, batch, styles);
        self.learn_generators(&tracked, batch, terms)
    }

    /// Steps down the generators' loss, unless it is not a number.
    fn learn_generators(
        &mut self,
        tracked: &Translator,
        batch: &Batch,
        (terms, tape): (GeneratorTerms, Tape),
    ) -> Result<NamedValues, NotFinite> {
        let total = terms.total(&self.settings.losses.weights);
        let values = self.checked(terms.values(&total, &self.settings.losses.weights), batch)?;
        let gradients = tape.backward(&total, tracked);
        let (rate, _) = self.settings.optimizer.rates(self.step + 1);
        self.translator.take_state(tracked);
        self.generator_adam.step(&mut self.translator, gradients, rate);
        Ok(values)
    }

    /// Losses of the discriminators, in the original's order of calls: each call is one power iteration.
    pub fn discriminator_terms(
        &mut self,
        discriminators: &mut Discriminators,
        batch: &Batch,
        styles: &Pair<Tensor<2>>,
    ) -> (DiscriminatorTerms, Tape) {
        let mut no_gradients = Tape::new(Stored::Nothing);
        let codes = encode(&mut self.translator, batch.pictures.clone(), &mut no_gradients);
        let generated = cross(&mut self.translator, &codes, styles.clone(), &mut no_gradients);
        let loss = self.settings.losses.kind;
        let (follows, penalty) = (self.follows_signs(), self.penalty());
        let loss_of = |discriminator: &mut Discriminator, generated: Tensor<4>, real: Tensor<4>| {
            let fake = discriminator.refreshed_forward(generated);
            let scores = discriminator.refreshed_forward(real.clone());
            let sign = follows.then(|| mean_sign(&scores));
            let penalty = penalty.map(|penalty| penalty.forward(discriminator, real));
            (loss.discriminator(fake, scores), (sign, penalty))
        };
        let Seen { generated, real } =
            self.seen(batch, Pair { drawing: generated.drawing.value(), photo: generated.photo.value() });
        let mut tape = Tape::new(Stored::Activations);
        let terms = tape.run_once(
            || loss_of(&mut discriminators.drawing, generated.drawing, real.drawing),
            || loss_of(&mut discriminators.photo, generated.photo, real.photo),
        );
        (self.discriminator_total(&terms), tape)
    }

    /// Losses of the discriminators. Generated and real images go through them as one batch, so that each weight is read
    /// once. Batch normalisation would mix the two; with it they go through one after the other.
    fn combined_discriminator_terms(
        &self,
        discriminators: &mut Discriminators,
        batch: &Batch,
        generated: Pair<Tensor<4>>,
    ) -> (DiscriminatorTerms, Tape) {
        let loss = self.settings.losses.kind;
        let (follows, penalty) = (self.follows_signs(), self.penalty());
        let separate = self.settings.networks.discriminator.normalization == NormalizationKind::Batch;
        let loss_of = |discriminator: &mut Discriminator, generated: Tensor<4>, real: Tensor<4>| {
            discriminator.refresh();
            let (fake, scores): (Vec<_>, Vec<_>) = if separate {
                (discriminator.forward(generated), discriminator.forward(real.clone()))
            } else {
                let num_generated = generated.dims()[0];
                let scores = discriminator.forward(Tensor::cat(vec![generated, real.clone()], 0));
                let split = |scores: Tensor<4>| {
                    let num_real = scores.dims()[0] - num_generated;
                    (scores.clone().narrow(0, 0, num_generated), scores.narrow(0, num_generated, num_real))
                };
                scores.into_iter().map(split).unzip()
            };
            let sign = follows.then(|| mean_sign(&scores));
            let penalty = penalty.map(|penalty| penalty.forward(discriminator, real));
            (loss.discriminator(fake, scores), (sign, penalty))
        };
        let Seen { generated, real } = self.seen(batch, generated);
        let mut tape = Tape::new(Stored::Activations);
        let terms = tape.run_once(
            || loss_of(&mut discriminators.drawing, generated.drawing, real.drawing),
            || loss_of(&mut discriminators.photo, generated.photo, real.photo),
        );
        (self.discriminator_total(&terms), tape)
    }

    /// The R1 penalty, in the steps that take it.
    fn penalty(&self) -> Option<GradientPenalty> {
        self.settings.losses.r1.filter(|penalty| penalty.is_due(self.step))
    }

    /// Adds up the discriminators' losses.
    fn discriminator_total(&self, terms: &Pair<Found>) -> DiscriminatorTerms {
        let [drawing, photo] = [&terms.drawing.0, &terms.photo.0].map(Boundary::leaf);
        let mut total = (drawing.clone() + photo.clone()) * self.settings.losses.weights.adversarial;
        let [(sign_drawing, r1_drawing), (sign_photo, r1_photo)] = [&terms.drawing.1, &terms.photo.1];
        let r1 = r1_drawing.as_ref().zip(r1_photo.as_ref());
        let r1 = r1.map(|(drawing, photo)| Pair { drawing: drawing.leaf(), photo: photo.leaf() });
        if let Some((penalty, Pair { drawing, photo })) = self.penalty().zip(r1.as_ref()) {
            total = total + (drawing.clone() + photo.clone()) * penalty.every as f64;
        }
        let real_signs = sign_drawing.zip(*sign_photo).map(|(drawing, photo)| Pair { drawing, photo });
        DiscriminatorTerms { adversarial: Pair { drawing, photo }, r1, real_signs, total }
    }

    /// What this step's augmentation does to the pictures that the discriminators see. Nothing without one.
    fn transformations(&self, batch: &Batch) -> Pair<Transformation> {
        let Some(config) = &self.settings.augmentation else { return Pair::default() };
        let draw = |domain: Domain| {
            let probability = self.augmentation.probability(config, domain);
            let samples = batch.same_person.len();
            Transformation::draw(config, probability, (self.settings.seed, self.step), domain, samples)
        };
        Pair { drawing: draw(Domain::Drawing), photo: draw(Domain::Photo) }
    }

    /// Generated and real pictures as the discriminators see them.
    fn seen(&self, batch: &Batch, generated: Pair<Tensor<4>>) -> Seen {
        let Pair { drawing, photo } = self.transformations(batch);
        let real = &batch.pictures;
        Seen {
            generated: Pair { drawing: drawing.forward(generated.drawing), photo: photo.forward(generated.photo) },
            real: Pair { drawing: drawing.forward(real.drawing.clone()), photo: photo.forward(real.photo.clone()) },
        }
    }

    /// Whether an adaptive augmentation follows the scores' signs.
    pub(super) fn follows_signs(&self) -> bool {
        self.settings.augmentation.is_some_and(|config| config.adaptive.is_some())
    }

    fn adapt_augmentation(&mut self, batch: &Batch) {
        if let (Some(config), Some(signs)) = (&self.settings.augmentation, self.real_signs.take()) {
            self.augmentation.adapt(config, signs, batch.same_person.len() as u64);
        }
    }

    /// Losses of the generators, in the original's order of calls, and what their gradients need.
    pub fn generator_terms(
        &mut self,
        generators: &mut Translator,
        batch: &Batch,
        styles: &Pair<Tensor<2>>,
    ) -> (GeneratorTerms, Tape) {
        let mut tape = self.tape();
        let codes = encode(generators, batch.pictures.clone(), &mut tape);
        let reconstructed = reconstruct(generators, &codes, &mut tape);
        let generated = cross(generators, &codes, styles.clone(), &mut tape);
        let decoded = Decoded { reconstructed, generated };
        let terms = self.compared(generators, batch, styles, &codes, &decoded, &mut tape);
        (terms, tape)
    }

    /// Encodes the generated images again, and compares everything with what it should be.
    fn compared(
        &mut self,
        generators: &mut Translator,
        batch: &Batch,
        styles: &Pair<Tensor<2>>,
        codes: &Pair<CodeBoundary>,
        Decoded { reconstructed, generated }: &Decoded,
        tape: &mut Tape,
    ) -> GeneratorTerms {
        let of_generated = encode(generators, leaves(generated), tape);
        let cycle = (self.settings.losses.weights.cycle > 0.0).then(|| {
            let cycled = cross(generators, &of_generated, leaves_of(codes, |code| &code.style), tape);
            differences(leaves(&cycled), &batch.pictures)
        });
        let supervised = self.supervised_terms(generators, batch, codes, tape);
        let loss = self.settings.losses.kind;
        self.discriminators.drawing.refresh();
        self.discriminators.photo.refresh();
        let loss_of = move |discriminator: &Discriminator, (generated, seen): (Tensor<4>, Transformation)| {
            loss.generator(discriminator.forward(seen.forward(generated)))
        };
        let seen = self.transformations(batch);
        let [drawn, photographed] = [&generated.drawing, &generated.photo].map(Boundary::leaf);
        let inputs = Pair { drawing: (drawn, seen.drawing), photo: (photographed, seen.photo) };
        let adversarial = tape.run(self.discriminators.as_ref(), inputs, loss_of);
        let identity = self.identity_terms(batch, generated, tape);
        let perceptual = self.auxiliary.perceptual.as_ref().filter(|_| self.settings.losses.weights.perceptual > 0.0);
        let perceptual = perceptual.map(|loss| {
            let [drawings, photos] = [&generated.drawing, &generated.photo].map(Boundary::leaf);
            let found = tape.run_once(
                || loss.forward(drawings, batch.pictures.photo.clone()),
                || loss.forward(photos, batch.pictures.drawing.clone()),
            );
            leaves(&found)
        });
        let content = Pair { drawing: &of_generated.photo.content, photo: &of_generated.drawing.content };
        GeneratorTerms {
            adversarial: leaves(&adversarial),
            reconstruction: differences(leaves(reconstructed), &batch.pictures),
            style: differences(leaves_of(&of_generated, |code| &code.style), styles),
            content: differences(
                Pair { drawing: content.drawing.leaf(), photo: content.photo.leaf() },
                &leaves_of(codes, |code| &code.content),
            ),
            cycle,
            perceptual,
            supervised,
            identity,
        }
    }

    /// The identity loss of the generated images and their sources. The original calls it for photos first, twice a step.
    fn identity_terms(
        &self,
        batch: &Batch,
        generated: &Pair<Boundary<4>>,
        tape: &mut Tape,
    ) -> Option<Pair<IdentityTerm>> {
        let loss = self.auxiliary.identity.as_ref().filter(|_| self.settings.losses.weights.identity > 0.0)?;
        let Pair { drawing: drawings, photo: photos } = batch.pictures.clone();
        let first_call = 2 * self.step + 1;
        let [drawn, photographed] = [&generated.drawing, &generated.photo].map(Boundary::leaf);
        let found = tape.run_once(
            || loss.forward(drawn, photos, &batch.labels.photo, first_call + 1),
            || loss.forward(photographed, drawings, &batch.labels.drawing, first_call),
        );
        let term = |(loss, accuracy): (Boundary<1>, Option<f32>)| IdentityTerm { loss: loss.leaf(), accuracy };
        Some(Pair { drawing: term(found.drawing), photo: term(found.photo) })
    }

    /// The supervised loss: mean absolute difference between a picture, translated with the style of its sample's other
    /// picture, and that other picture. Mean over the samples whose two pictures show the same person; 0 where there is
    /// none.
    fn supervised_terms(
        &self,
        generators: &mut Translator,
        batch: &Batch,
        codes: &Pair<CodeBoundary>,
        tape: &mut Tape,
    ) -> Option<Pair<Tensor<1>>> {
        if self.settings.losses.weights.supervised == 0.0 {
            return None;
        }
        let count = batch.same_person.iter().filter(|same| **same).count();
        if count == 0 {
            let zero = || Tensor::zeros([1], &self.device);
            return Some(Pair { drawing: zero(), photo: zero() });
        }
        let share = |same: &bool| if *same { 1.0 / count as f32 } else { 0.0 };
        let shares = from_values(batch.same_person.iter().map(share).collect(), &self.device);
        let distance = |generated: Tensor<4>, real: Tensor<4>| {
            let [n, c, h, w] = real.dims();
            let each = (generated - real).abs().reshape([n, c * h * w]).mean_dim(1).reshape([n]);
            (each * shares.clone()).sum()
        };
        let generated = leaves(&cross(generators, codes, leaves_of(codes, |code| &code.style), tape));
        Some(Pair {
            drawing: distance(generated.drawing, batch.pictures.drawing.clone()),
            photo: distance(generated.photo, batch.pictures.photo.clone()),
        })
    }

    fn checked(&self, values: NamedValues, batch: &Batch) -> Result<NamedValues, NotFinite> {
        match values.iter().find(|(_, value)| !value.is_finite()) {
            None => Ok(values),
            Some((term, value)) => {
                Err(NotFinite { step: self.step + 1, term: term.clone(), value: *value, files: batch.files.clone() })
            }
        }
    }

    /// Moves the EMA towards the generators. Their singular vectors are taken over as they are.
    fn update_ema(&mut self) {
        let (Some(ema), Some(decay)) = (&mut self.ema, self.settings.ema_decay) else { return };
        let current = self.translator.parameters();
        ema.visit_mut("", &mut |name, parameter| {
            let moved = parameter.flat() * decay + current[name].flat() * (1.0 - decay);
            parameter.set(moved);
        });
        ema.take_state(&self.translator);
    }
}
