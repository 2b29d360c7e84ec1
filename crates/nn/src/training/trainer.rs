//! One step of training: the critics, then the generators.

use std::path::PathBuf;

use burn::tensor::{Device, Tensor};

use crate::config::{Domain, TranslatorConfig};
use crate::device::on_workers;
use crate::layers::Initialization;
use crate::losses::{
    AdversarialLoss, CriticTerms, GeneratorTerms, LossWeights, NamedValues, PerceptualLoss, mean_absolute_error,
};
use crate::networks::{Critics, Pair, Translator};
use crate::parameter::{Parameterized, from_values};

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
    /// Share of the old average kept at each step, if an average of the generators is wanted.
    pub average_decay: Option<f64>,
    /// Fixes the first weights.
    pub seed: u64,
}

/// Pictures of both domains.
#[derive(Clone, Debug)]
pub struct Batch {
    /// `[n, channels, h, w]` in `[-1, 1]`, per domain.
    pub pictures: Pair<Tensor<4>>,
    /// Per sample, whether its two pictures show the same person.
    pub same_person: Vec<bool>,
    /// The pictures' files, for error messages.
    pub files: Vec<PathBuf>,
}

/// The random styles of one step, `[n, style_dim]` per domain.
#[derive(Clone, Debug)]
pub struct StepNoise {
    /// For the critics' step.
    pub critic: Pair<Tensor<2>>,
    /// For the generators' step.
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
    perceptual: Option<PerceptualLoss>,
    device: Device,
}

impl Trainer {
    /// A trainer before its first step. `perceptual` is needed where its weight is above 0.
    pub fn new(settings: Settings, perceptual: Option<PerceptualLoss>, device: &Device) -> Self {
        let translator = Translator::new(&settings.networks, settings.initialization, settings.seed, device);
        let critics = Critics::new(&settings.networks, settings.seed, device);
        Self {
            average: settings.average_decay.map(|_| translator.clone()),
            translator,
            critics,
            step: 0,
            generator_adam: Adam::new(settings.adam),
            critic_adam: Adam::new(settings.adam),
            perceptual,
            device: device.clone(),
            settings,
        }
    }

    /// The device that the networks are on.
    pub fn device(&self) -> &Device {
        &self.device
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
            let mut values = self.critic_step(batch, &noise.critic)?;
            values.extend(self.generator_step(batch, &noise.generator)?);
            self.update_average();
            self.step += 1;
            Ok(values)
        })
    }

    /// Teaches the critics to tell the generators' pictures from real ones.
    ///
    /// # Errors
    /// See [`train`](Self::train).
    pub fn critic_step(&mut self, batch: &Batch, styles: &Pair<Tensor<2>>) -> Result<NamedValues, NotFinite> {
        let mut tracked = self.critics.tracked();
        let terms = self.critic_terms(&mut tracked, batch, styles);
        let values = self.checked(terms.values(), batch)?;
        let gradients = terms.total.backward();
        let (_, rate) = self.learning_rates(self.step + 1);
        self.critics.take_state(&tracked);
        self.critic_adam.step(&mut self.critics, &tracked, &gradients, rate);
        Ok(values)
    }

    /// Teaches the generators.
    ///
    /// # Errors
    /// See [`train`](Self::train).
    pub fn generator_step(&mut self, batch: &Batch, styles: &Pair<Tensor<2>>) -> Result<NamedValues, NotFinite> {
        let mut tracked = self.translator.tracked();
        let terms = self.generator_terms(&mut tracked, batch, styles);
        let total = terms.total(&self.settings.weights);
        let values = self.checked(terms.values(&total, &self.settings.weights), batch)?;
        let gradients = total.backward();
        let (rate, _) = self.learning_rates(self.step + 1);
        self.translator.take_state(&tracked);
        self.generator_adam.step(&mut self.translator, &tracked, &gradients, rate);
        Ok(values)
    }

    /// Losses of the critics, in the reference's order of calls: each call is one power iteration.
    pub fn critic_terms(&mut self, critics: &mut Critics, batch: &Batch, styles: &Pair<Tensor<2>>) -> CriticTerms {
        let Pair { drawing: drawings, photo: photos } = batch.pictures.clone();
        let generators = &mut self.translator;
        let drawing_code = generators.drawing.refreshed_encode(drawings.clone());
        let photo_code = generators.photo.refreshed_encode(photos.clone());
        let made_drawings = generators.drawing.refreshed_decode(photo_code.content, styles.drawing.clone());
        let made_photos = generators.photo.refreshed_decode(drawing_code.content, styles.photo.clone());
        let loss = self.settings.adversarial;
        let fake = critics.drawing.refreshed_forward(made_drawings);
        let drawing = loss.critic(fake, critics.drawing.refreshed_forward(drawings));
        let fake = critics.photo.refreshed_forward(made_photos);
        let photo = loss.critic(fake, critics.photo.refreshed_forward(photos));
        let total = (drawing.clone() + photo.clone()) * self.settings.weights.adversarial;
        CriticTerms { adversarial: Pair { drawing, photo }, total }
    }

    /// Losses of the generators, in the reference's order of calls.
    pub fn generator_terms(
        &mut self,
        generators: &mut Translator,
        batch: &Batch,
        styles: &Pair<Tensor<2>>,
    ) -> GeneratorTerms {
        let Pair { drawing: drawings, photo: photos } = batch.pictures.clone();
        let of_drawing = generators.drawing.refreshed_encode(drawings.clone());
        let of_photo = generators.photo.refreshed_encode(photos.clone());
        let redrawn = generators.drawing.refreshed_decode(of_drawing.content.clone(), of_drawing.style.clone());
        let rephotographed = generators.photo.refreshed_decode(of_photo.content.clone(), of_photo.style.clone());
        let made_drawings = generators.drawing.refreshed_decode(of_photo.content.clone(), styles.drawing.clone());
        let made_photos = generators.photo.refreshed_decode(of_drawing.content.clone(), styles.photo.clone());
        let of_made_drawings = generators.drawing.refreshed_encode(made_drawings.clone());
        let of_made_photos = generators.photo.refreshed_encode(made_photos.clone());
        let cycle = (self.settings.weights.cycle > 0.0).then(|| {
            let content = of_made_photos.content.clone();
            let drawing = generators.drawing.refreshed_decode(content, of_drawing.style.clone());
            let content = of_made_drawings.content.clone();
            let photo = generators.photo.refreshed_decode(content, of_photo.style.clone());
            Pair {
                drawing: mean_absolute_error(drawing, drawings.clone()),
                photo: mean_absolute_error(photo, photos.clone()),
            }
        });
        let supervised = self.supervised_terms(generators, batch, [&of_drawing, &of_photo]);
        let critics = &mut self.critics;
        let loss = self.settings.adversarial;
        let adversarial = Pair {
            drawing: loss.generator(critics.drawing.refreshed_forward(made_drawings.clone())),
            photo: loss.generator(critics.photo.refreshed_forward(made_photos.clone())),
        };
        let perceptual = self.perceptual.as_ref().filter(|_| self.settings.weights.perceptual > 0.0).map(|loss| Pair {
            drawing: loss.forward(made_drawings, photos.clone()),
            photo: loss.forward(made_photos, drawings.clone()),
        });
        GeneratorTerms {
            adversarial,
            reconstruction: Pair {
                drawing: mean_absolute_error(redrawn, drawings),
                photo: mean_absolute_error(rephotographed, photos),
            },
            style: Pair {
                drawing: mean_absolute_error(of_made_drawings.style, styles.drawing.clone()),
                photo: mean_absolute_error(of_made_photos.style, styles.photo.clone()),
            },
            content: Pair {
                drawing: mean_absolute_error(of_made_photos.content, of_drawing.content),
                photo: mean_absolute_error(of_made_drawings.content, of_photo.content),
            },
            cycle,
            perceptual,
            supervised,
        }
    }

    /// Where both pictures show one person: the one, translated with the other's own style, against
    /// the other. Averaged over those samples; 0 where there is none.
    fn supervised_terms(
        &self,
        generators: &mut Translator,
        batch: &Batch,
        [of_drawing, of_photo]: [&crate::networks::Code; 2],
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
        let drawing = generators.drawing.refreshed_decode(of_photo.content.clone(), of_drawing.style.clone());
        let photo = generators.photo.refreshed_decode(of_drawing.content.clone(), of_photo.style.clone());
        Some(Pair {
            drawing: distance(drawing, batch.pictures.of(Domain::Drawing).clone()),
            photo: distance(photo, batch.pictures.of(Domain::Photo).clone()),
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
