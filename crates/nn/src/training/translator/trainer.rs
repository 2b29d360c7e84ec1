//! One step of training: the critics, then the generators.

use std::collections::HashMap;
use std::path::PathBuf;

use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::config::TranslatorConfig;
use crate::device::on_workers;
use crate::layers::{Initialization, NormalizationKind};
use crate::losses::{
    AdversarialLoss, CriticTerms, GeneratorTerms, IdentityLoss, IdentityTerm, LossWeights, NamedValues, PerceptualLoss,
};
use crate::networks::{Critic, Critics, Pair, Translator};
use crate::parameter::{Parameterized, from_values};

use super::tape::{CodeJoints, Joint, Keeping, Tape};
use super::uses::{Decoded, cross, decode_together, differences, encode, leaves, leaves_of, reconstruct};
use super::{Adam, AdamConfig, Schedule};

/// What a trainer is told once.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How the networks are built.
    pub networks: TranslatorConfig,
    /// How their weights start.
    pub initialization: Initialization,
    /// The form of the adversarial loss.
    pub adversarial: AdversarialLoss,
    /// How much each term counts.
    pub weights: LossWeights,
    /// The optimisers' constants.
    pub adam: AdamConfig,
    /// Learning rate of the generators.
    pub generator_rate: f64,
    /// Learning rate of the critics.
    pub critic_rate: f64,
    /// How both rates change.
    pub schedule: Schedule,
    /// What both halves of a step share.
    pub order: StepOrder,
    /// Whether the generators' half of a step keeps what networks read instead of all their features, and runs each
    /// network again for its gradients: less memory, more time.
    pub recompute: bool,
    /// Share of the old average kept at each step, if an average of the generators is wanted.
    pub average_decay: Option<f64>,
    /// Fixes the first weights.
    pub seed: u64,
}

/// What the critics' and the generators' halves of a step share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepOrder {
    /// The critics judge the very pictures that the generators then learn from, and made and real pictures together:
    /// encoders and decoders run once where the reference runs them twice, decoders for the own and the other domain's
    /// content at once, and spectral norms iterate once per use.
    #[default]
    Shared,
    /// The original's order: the critics' half makes pictures of its own, with styles of its own.
    Reference,
}

/// Pictures of both domains.
#[derive(Clone, Debug)]
pub struct Batch {
    /// `[n, channels, h, w]` in `[-1, 1]`, per domain.
    pub pictures: Pair<Tensor<4>>,
    /// Per sample, whether its two pictures show the same person.
    pub same_person: Vec<bool>,
    /// Who is shown, as the identity loss's classifier counts; empty where nothing asks.
    pub labels: Pair<Vec<usize>>,
    /// The pictures' files, for error messages.
    pub files: Vec<PathBuf>,
}

/// The random styles of one step, `[n, style_dim]` per domain.
#[derive(Clone, Debug)]
pub struct StepNoise {
    /// For the critics' step in the reference's order.
    pub critic: Pair<Tensor<2>>,
    /// For the generators' step, and for both in the shared order.
    pub generator: Pair<Tensor<2>>,
}

/// A loss that is not a number. The weights have not been changed by it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("step {step}: {term} is {value}; the weights were left as they were. Pictures of the batch: {}", list(files))]
pub struct NotFinite {
    /// The step, counted from 1.
    pub step: u64,
    /// The name of the loss.
    pub term: String,
    /// NaN or an infinity.
    pub value: f32,
    /// The pictures of the batch.
    pub files: Vec<PathBuf>,
}

fn list(files: &[PathBuf]) -> String {
    files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// Networks in training, and what trains them.
#[derive(Clone, Debug)]
pub struct Trainer {
    /// What it was told.
    pub settings: Settings,
    /// The generators.
    pub translator: Translator,
    /// The critics.
    pub critics: Critics,
    /// The moving average of the generators, if wanted.
    pub average: Option<Translator>,
    /// Steps done.
    pub step: u64,
    pub(super) generator_adam: Adam,
    pub(super) critic_adam: Adam,
    pub(super) judges: Judges,
    /// The identity loss's number of each person; empty where it does not ask.
    pub(super) classes: HashMap<String, usize>,
    device: Device,
}

/// Frozen networks that judge pictures; each is needed where its weight is above 0.
#[derive(Clone, Debug, Default)]
pub struct Judges {
    /// Whether a picture looks like its source.
    pub perceptual: Option<PerceptualLoss>,
    /// Whether it still shows the same person.
    pub identity: Option<IdentityLoss>,
}

impl Trainer {
    /// A trainer before its first step.
    pub fn new(settings: Settings, judges: Judges, device: &Device) -> Self {
        let translator = Translator::new(&settings.networks, settings.initialization, settings.seed, device);
        let critics = Critics::new(&settings.networks, settings.seed, device);
        Self {
            average: settings.average_decay.map(|_| translator.clone()),
            translator,
            critics,
            step: 0,
            generator_adam: Adam::new(settings.adam),
            critic_adam: Adam::new(settings.adam),
            judges,
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
        Tape::new(if self.settings.recompute { Keeping::Inputs } else { Keeping::Graphs })
    }

    /// Learning rates of generators and critics in step `step`, counted from 1.
    pub fn learning_rates(&self, step: u64) -> (f64, f64) {
        let factor = self.settings.schedule.factor(step);
        (self.settings.generator_rate * factor, self.settings.critic_rate * factor)
    }

    /// One whole step: critics, generators, average. Returns every named loss.
    ///
    /// # Errors
    /// [`NotFinite`] if a loss is not a number; what would have been changed by it is unchanged.
    pub fn train(&mut self, batch: &Batch, noise: &StepNoise) -> Result<NamedValues, NotFinite> {
        on_workers(|| {
            let values = match self.settings.order {
                StepOrder::Reference => {
                    let mut values = self.critic_step(batch, &noise.critic)?;
                    values.extend(self.generator_step(batch, &noise.generator)?);
                    values
                }
                StepOrder::Shared => self.shared_step(batch, &noise.generator)?,
            };
            self.update_average();
            self.step += 1;
            Ok(values)
        })
    }

    /// Both halves of a step around one set of made pictures.
    fn shared_step(&mut self, batch: &Batch, styles: &Pair<Tensor<2>>) -> Result<NamedValues, NotFinite> {
        let (mut generators, mut tape) = (self.translator.tracked(), self.tape());
        let codes = encode(&mut generators, batch.pictures.clone(), &mut tape);
        let decoded = decode_together(&mut generators, &codes, styles, &mut tape);

        let mut critics = self.critics.tracked();
        let detached = Pair { drawing: decoded.made.drawing.value(), photo: decoded.made.photo.value() };
        let judged = self.judged_together(&mut critics, batch, detached);
        let mut values = self.checked(judged.0.values(), batch)?;
        self.learn_critics(&critics, judged);

        let terms = self.compared(&mut generators, batch, styles, &codes, &decoded, &mut tape);
        values.extend(self.learn_generators(&generators, batch, (terms, tape))?);
        Ok(values)
    }

    /// Teaches the critics to tell the generators' pictures from real ones.
    ///
    /// # Errors
    /// See [`train`](Self::train).
    pub fn critic_step(&mut self, batch: &Batch, styles: &Pair<Tensor<2>>) -> Result<NamedValues, NotFinite> {
        let mut tracked = self.critics.tracked();
        let judged = self.critic_terms(&mut tracked, batch, styles);
        let values = self.checked(judged.0.values(), batch)?;
        self.learn_critics(&tracked, judged);
        Ok(values)
    }

    /// Steps down the critics' loss.
    fn learn_critics(&mut self, tracked: &Critics, (terms, tape): (CriticTerms, Tape)) {
        let gradients = tape.backward(&terms.total, tracked);
        let (_, rate) = self.learning_rates(self.step + 1);
        self.critics.take_state(tracked);
        self.critic_adam.step(&mut self.critics, gradients, rate);
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
        let total = terms.total(&self.settings.weights);
        let values = self.checked(terms.values(&total, &self.settings.weights), batch)?;
        let gradients = tape.backward(&total, tracked);
        let (rate, _) = self.learning_rates(self.step + 1);
        self.translator.take_state(tracked);
        self.generator_adam.step(&mut self.translator, gradients, rate);
        Ok(values)
    }

    /// Losses of the critics, in the reference's order of calls: each call is one power iteration.
    pub fn critic_terms(
        &mut self,
        critics: &mut Critics,
        batch: &Batch,
        styles: &Pair<Tensor<2>>,
    ) -> (CriticTerms, Tape) {
        let mut apart = Tape::new(Keeping::Nothing);
        let codes = encode(&mut self.translator, batch.pictures.clone(), &mut apart);
        let made = cross(&mut self.translator, &codes, styles.clone(), &mut apart);
        let Pair { drawing: drawings, photo: photos } = batch.pictures.clone();
        let loss = self.settings.adversarial;
        let judge = |critic: &mut Critic, made: Tensor<4>, real: Tensor<4>| {
            let fake = critic.refreshed_forward(made);
            loss.critic(fake, critic.refreshed_forward(real))
        };
        let mut tape = Tape::new(Keeping::Graphs);
        let terms = tape.run_once(
            || judge(&mut critics.drawing, made.drawing.value(), drawings),
            || judge(&mut critics.photo, made.photo.value(), photos),
        );
        (self.critic_total(&terms), tape)
    }

    /// Losses of the critics, who see made and real pictures in one batch, so that each weight is read once. Batch
    /// normalisation would mix the two: there they see one after the other.
    fn judged_together(&self, critics: &mut Critics, batch: &Batch, made: Pair<Tensor<4>>) -> (CriticTerms, Tape) {
        let loss = self.settings.adversarial;
        let apart = self.settings.networks.critic.normalization == NormalizationKind::Batch;
        let judge = |critic: &mut Critic, made: Tensor<4>, real: &Tensor<4>| {
            critic.refresh();
            if apart {
                return loss.critic(critic.forward(made), critic.forward(real.clone()));
            }
            let num_made = made.dims()[0];
            let scores = critic.forward(Tensor::cat(vec![made, real.clone()], 0));
            let split = |scores: Tensor<4>| {
                let num_real = scores.dims()[0] - num_made;
                (scores.clone().narrow(0, 0, num_made), scores.narrow(0, num_made, num_real))
            };
            let (made, real) = scores.into_iter().map(split).unzip();
            loss.critic(made, real)
        };
        let mut tape = Tape::new(Keeping::Graphs);
        let terms = tape.run_once(
            || judge(&mut critics.drawing, made.drawing, &batch.pictures.drawing),
            || judge(&mut critics.photo, made.photo, &batch.pictures.photo),
        );
        (self.critic_total(&terms), tape)
    }

    fn critic_total(&self, terms: &Pair<Joint<1>>) -> CriticTerms {
        let [drawing, photo] = [&terms.drawing, &terms.photo].map(Joint::leaf);
        let total = (drawing.clone() + photo.clone()) * self.settings.weights.adversarial;
        CriticTerms { adversarial: Pair { drawing, photo }, total }
    }

    /// Losses of the generators, in the reference's order of calls, and what their gradients need.
    pub fn generator_terms(
        &mut self,
        generators: &mut Translator,
        batch: &Batch,
        styles: &Pair<Tensor<2>>,
    ) -> (GeneratorTerms, Tape) {
        let mut tape = self.tape();
        let codes = encode(generators, batch.pictures.clone(), &mut tape);
        let redrawn = reconstruct(generators, &codes, &mut tape);
        let made = cross(generators, &codes, styles.clone(), &mut tape);
        let terms = self.compared(generators, batch, styles, &codes, &Decoded { redrawn, made }, &mut tape);
        (terms, tape)
    }

    /// Takes the made pictures apart again, and compares everything with what it should be.
    fn compared(
        &mut self,
        generators: &mut Translator,
        batch: &Batch,
        styles: &Pair<Tensor<2>>,
        codes: &Pair<CodeJoints>,
        Decoded { redrawn, made }: &Decoded,
        tape: &mut Tape,
    ) -> GeneratorTerms {
        let of_made = encode(generators, leaves(made), tape);
        let cycle = (self.settings.weights.cycle > 0.0).then(|| {
            let cycled = cross(generators, &of_made, leaves_of(codes, |code| &code.style), tape);
            differences(leaves(&cycled), &batch.pictures)
        });
        let supervised = self.supervised_terms(generators, batch, codes, tape);
        let loss = self.settings.adversarial;
        self.critics.drawing.refresh();
        self.critics.photo.refresh();
        let judge = move |critic: &Critic, made| loss.generator(critic.forward(made));
        let adversarial = tape.run(self.critics.as_ref(), leaves(made), judge);
        let identity = self.identity_terms(batch, made, tape);
        let perceptual = self.judges.perceptual.as_ref().filter(|_| self.settings.weights.perceptual > 0.0);
        let perceptual = perceptual.map(|loss| {
            let [drawings, photos] = [&made.drawing, &made.photo].map(Joint::leaf);
            let judged = tape.run_once(
                || loss.forward(drawings, batch.pictures.photo.clone()),
                || loss.forward(photos, batch.pictures.drawing.clone()),
            );
            leaves(&judged)
        });
        let content = Pair { drawing: &of_made.photo.content, photo: &of_made.drawing.content };
        GeneratorTerms {
            adversarial: leaves(&adversarial),
            reconstruction: differences(leaves(redrawn), &batch.pictures),
            style: differences(leaves_of(&of_made, |code| &code.style), styles),
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

    /// What the recogniser says of the made pictures and their sources. The original asks about photos first, twice a
    /// step.
    fn identity_terms(&self, batch: &Batch, made: &Pair<Joint<4>>, tape: &mut Tape) -> Option<Pair<IdentityTerm>> {
        let loss = self.judges.identity.as_ref().filter(|_| self.settings.weights.identity > 0.0)?;
        let Pair { drawing: drawings, photo: photos } = batch.pictures.clone();
        let first_call = 2 * self.step + 1;
        let [made_drawings, made_photos] = [&made.drawing, &made.photo].map(Joint::leaf);
        let judged = tape.run_once(
            || loss.forward(made_drawings, photos, &batch.labels.photo, first_call + 1),
            || loss.forward(made_photos, drawings, &batch.labels.drawing, first_call),
        );
        let term = |(loss, accuracy): (Joint<1>, Option<f32>)| IdentityTerm { loss: loss.leaf(), accuracy };
        Some(Pair { drawing: term(judged.drawing), photo: term(judged.photo) })
    }

    /// Where both pictures show one person: the one, translated with the other's own style, against
    /// the other. Averaged over those samples; 0 where there is none.
    fn supervised_terms(
        &self,
        generators: &mut Translator,
        batch: &Batch,
        codes: &Pair<CodeJoints>,
        tape: &mut Tape,
    ) -> Option<Pair<Tensor<1>>> {
        if self.settings.weights.supervised == 0.0 {
            return None;
        }
        let count = batch.same_person.iter().filter(|same| **same).count();
        if count == 0 {
            let zero = || Tensor::zeros([1], &self.device);
            return Some(Pair { drawing: zero(), photo: zero() });
        }
        let share = |same: &bool| if *same { 1.0 / count as f32 } else { 0.0 };
        let shares = from_values(batch.same_person.iter().map(share).collect(), &self.device);
        let distance = |made: Tensor<4>, real: Tensor<4>| {
            let [n, c, h, w] = real.dims();
            let each = (made - real).abs().reshape([n, c * h * w]).mean_dim(1).reshape([n]);
            (each * shares.clone()).sum()
        };
        let made = leaves(&cross(generators, codes, leaves_of(codes, |code| &code.style), tape));
        Some(Pair {
            drawing: distance(made.drawing, batch.pictures.drawing.clone()),
            photo: distance(made.photo, batch.pictures.photo.clone()),
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

    /// Moves the average towards the generators; their singular vectors are taken over as they are.
    fn update_average(&mut self) {
        let (Some(average), Some(decay)) = (&mut self.average, self.settings.average_decay) else { return };
        let current = self.translator.parameters();
        average.visit_mut("", &mut |name, parameter| {
            let moved = parameter.flat() * decay + current[name].flat() * (1.0 - decay);
            parameter.set(moved);
        });
        average.take_state(&self.translator);
    }
}
