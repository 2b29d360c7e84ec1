//! One step of a recogniser's training.

use std::path::PathBuf;

use burn::tensor::{Device, Tensor};

use crate::device::on_workers;
use crate::losses::NamedValues;
use crate::parameter::{Parameterized, to_values};
use crate::recognition::{Classifier, TrainedIdentities};
use crate::training::error::NotFinite;
use crate::training::optimizer::{NamedGradients, Sgd};

use super::settings::Settings;

/// Crops and who they show.
#[derive(Clone, Debug)]
pub struct Batch {
    /// `[n, 3, height, width]` as [`to_recognition_planes`](crate::pixels::to_recognition_planes) makes them.
    pub crops: Tensor<4>,
    /// Number of the person, per picture.
    pub labels: Vec<usize>,
    /// The pictures' files, for error messages.
    pub files: Vec<PathBuf>,
}

/// A recogniser in training, with its optimiser.
#[derive(Clone, Debug)]
pub struct Trainer {
    /// The sections of the run file that it needs.
    pub settings: Settings,
    /// The network and its classifier.
    pub classifier: Classifier,
    /// Whom it has learned from, or will have after its first epoch.
    pub trained_on: TrainedIdentities,
    /// Whether it started from weights whose file does not say whom they were trained on.
    pub from_unknown: bool,
    /// Steps done.
    pub step: u64,
    pub(super) sgd: Sgd,
    device: Device,
}

impl Trainer {
    /// A trainer before its first step, with random weights.
    pub fn new(settings: Settings, device: &Device) -> Self {
        let Settings { network, margin, initialization, seed, .. } = &settings;
        Self {
            classifier: Classifier::new(network, *margin, *initialization, *seed, device),
            sgd: Sgd::new(settings.optimizer.sgd),
            trained_on: TrainedIdentities::default(),
            from_unknown: false,
            step: 0,
            device: device.clone(),
            settings,
        }
    }

    /// The device that the network is on.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// One step. Returns the loss, the share of pictures whose person has the largest cosine, the norm of all gradients,
    /// and the weight of the plain cosine where the margin is annealed.
    ///
    /// # Errors
    /// [`NotFinite`] if the loss or the gradients are not numbers; the weights are unchanged then.
    pub fn train(&mut self, batch: &Batch) -> Result<NamedValues, NotFinite> {
        on_workers(|| {
            let (gradients, values) = self.gradients(batch)?;
            let norm = gradients.norm();
            let norm = self.checked("gradient_norm", norm as f32, batch)?;
            let gradients = match self.settings.optimizer.largest_gradient_norm {
                Some(largest) if f64::from(norm) > largest => gradients.scaled(largest / f64::from(norm)),
                _ => gradients,
            };
            self.step += 1;
            self.sgd.step(&mut self.classifier, gradients, self.settings.optimizer.rate(self.step));
            Ok(values.into_iter().chain([("gradient_norm".to_owned(), norm)]).collect())
        })
    }

    /// Gradients of the trained parameters, and the values of the loss.
    ///
    /// # Errors
    /// [`NotFinite`] if the loss is not a number.
    pub fn gradients(&self, batch: &Batch) -> Result<(NamedGradients, NamedValues), NotFinite> {
        let freeze = self.settings.freeze;
        let tracked = self.classifier.tracked_where(&|name| freeze.trains(name));
        let embeddings = tracked.network.forward(batch.crops.clone());
        let found = tracked.head.loss(embeddings, &batch.labels, self.step + 1);
        let loss = self.checked("loss", to_values(found.loss.clone())[0], batch)?;
        let accuracy = found.num_correct as f32 / batch.labels.len() as f32;
        let mut values = vec![("loss".to_owned(), loss), ("accuracy".to_owned(), accuracy)];
        values.extend(found.lambda.map(|lambda| ("lambda".to_owned(), lambda as f32)));
        let gradients = found.loss.backward();
        Ok((NamedGradients::of(&tracked, gradients), values))
    }

    fn checked(&self, term: &str, value: f32, batch: &Batch) -> Result<f32, NotFinite> {
        if value.is_finite() {
            return Ok(value);
        }
        Err(NotFinite { step: self.step + 1, term: term.to_owned(), value, files: batch.files.clone() })
    }
}
