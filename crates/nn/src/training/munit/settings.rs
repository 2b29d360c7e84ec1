//! The sections of a run file.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::config::AugmentationConfig;
use crate::config::munit::TranslatorConfig;
use crate::layers::Initialization;
use crate::losses::{AdversarialLoss, GradientPenalty, IdentityConfig, LossWeights};
use crate::training::optimizer::{AdamConfig, Schedule};

/// The sections of a run file that a trainer needs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How the networks are built.
    pub networks: TranslatorConfig,
    /// How the pictures that the discriminators see are changed.
    pub augmentation: Option<AugmentationConfig>,
    /// How their weights start.
    pub initialization: Initialization,
    /// What is minimised.
    pub losses: LossConfig,
    /// How it is minimised.
    pub optimizer: OptimizerConfig,
    /// Decay of the generators' exponential moving average (EMA). No EMA without it.
    pub ema_decay: Option<f64>,
    /// Fixes the first weights.
    pub seed: u64,
}

/// Where the pictures are: a prepared dataset, or drawings and photos. Each of these is a folder, searched with its
/// subfolders, or a list file.
///
/// A list file names a picture a line, relative to itself. The person may follow behind a tab. In a
/// folder, the person is the name of the subfolder that holds the picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// A folder written by `dataset prepare`, or its manifest. Its `train` split is learned from, its `test` split is only
    /// sampled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prepared: Option<PathBuf>,
    /// Drawings to learn from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawings: Option<PathBuf>,
    /// Photos to learn from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photos: Option<PathBuf>,
    /// Drawings that are only sampled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_drawings: Option<PathBuf>,
    /// Photos that are only sampled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_photos: Option<PathBuf>,
    /// Mirror half of the pictures.
    #[serde(default = "yes")]
    pub flip: bool,
    /// Share of samples whose photo is drawn from the drawing's person, 0 to 1 (for the supervised loss).
    #[serde(default)]
    pub same_person: f64,
    /// Share of samples whose photo is the one that the drawing was made of, cut and mirrored alike, 0 to 1 (for the supervised
    /// loss, which then takes no other pairs). A drawing `NAME.TECHNIQUE.png`, as `dataset draw` names it, was made of its
    /// person's photo `NAME`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub same_picture: f64,
    /// Threads that read pictures.
    #[serde(default = "two")]
    pub workers: usize,
}

impl DataConfig {
    pub(super) fn validate(&self) -> Result<(), String> {
        if !(1..=64).contains(&self.workers) {
            return Err(format!("data.workers must be between 1 and 64, found {}", self.workers));
        }
        for (key, share) in [("same_person", self.same_person), ("same_picture", self.same_picture)] {
            if !(0.0..=1.0).contains(&share) {
                return Err(format!("data.{key} must be between 0 and 1, found {share}"));
            }
        }
        if self.same_person > 0.0 && self.same_picture > 0.0 {
            return Err(
                "data.same_person and data.same_picture are two kinds of pairs, found both; leave one out".to_owned()
            );
        }
        match (&self.prepared, &self.drawings, &self.photos) {
            (Some(_), None, None) | (None, Some(_), Some(_)) => {}
            (Some(_), ..) => {
                return Err("data is either prepared or drawings and photos, found both".to_owned());
            }
            (None, None, _) => {
                return Err("data needs drawings and photos, or prepared; drawings is missing".to_owned());
            }
            (None, _, None) => return Err("data needs drawings and photos, or prepared; photos is missing".to_owned()),
        }
        if self.test_drawings.is_some() != self.test_photos.is_some() {
            return Err("data.test_drawings and data.test_photos go together, found one of them".to_owned());
        }
        Ok(())
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(share: &f64) -> bool {
    *share == 0.0
}

fn yes() -> bool {
    true
}

fn two() -> usize {
    2
}

/// What is minimised.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LossConfig {
    /// The form of the adversarial loss.
    pub kind: AdversarialLoss,
    /// How much each term counts.
    pub weights: LossWeights,
    /// VGG16 weights (a PyTorch file), needed where `weights.perceptual` is above 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vgg16: Option<PathBuf>,
    /// The recogniser of the identity loss, needed where `weights.identity` is above 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<IdentityConfig>,
    /// The R1 penalty of the discriminators. None without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r1: Option<GradientPenalty>,
}

impl LossConfig {
    pub(super) fn validate(&self) -> Result<(), String> {
        self.weights.validate().map_err(|reason| format!("losses.weights.{reason}"))?;
        if self.weights.perceptual > 0.0 && self.vgg16.is_none() {
            return Err("losses.weights.perceptual needs losses.vgg16, a file with VGG16's weights".to_owned());
        }
        if self.weights.identity > 0.0 && self.identity.is_none() {
            return Err("losses.weights.identity needs losses.identity, with a recogniser".to_owned());
        }
        if let Some(penalty) = &self.r1 {
            penalty.validate().map_err(|reason| format!("losses.r1.{reason}"))?;
        }
        match &self.identity {
            Some(identity) => identity.form.validate().map_err(|reason| format!("losses.identity.form: {reason}")),
            None => Ok(()),
        }
    }
}

/// How it is minimised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OptimizerConfig {
    /// Learning rate of the generators.
    pub generator_rate: f64,
    /// Learning rate of the discriminators.
    #[serde(alias = "critic_rate")]
    pub discriminator_rate: f64,
    /// Adam's constants.
    pub adam: AdamConfig,
    /// How the rates change.
    pub schedule: Schedule,
    /// Whether the discriminator step and the generator step share their generated images.
    pub order: StepOrder,
    /// Whether a generator step stores only the inputs of each forward call and recomputes its activations for the
    /// gradients: less memory, more time, the same result.
    #[serde(alias = "recompute")]
    pub activation_checkpointing: bool,
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self {
            generator_rate: 1e-4,
            discriminator_rate: 4e-4,
            adam: AdamConfig::default(),
            schedule: Schedule::default(),
            order: StepOrder::default(),
            activation_checkpointing: false,
        }
    }
}

impl OptimizerConfig {
    /// Learning rates of generators and discriminators in step `step`, counted from 1.
    pub fn rates(&self, step: u64) -> (f64, f64) {
        let factor = self.schedule.factor(step);
        (self.generator_rate * factor, self.discriminator_rate * factor)
    }

    pub(super) fn validate(&self) -> Result<(), String> {
        let rates = [("generator_rate", self.generator_rate), ("discriminator_rate", self.discriminator_rate)];
        match rates.into_iter().find(|(_, rate)| !(rate.is_finite() && *rate >= 0.0)) {
            Some((name, rate)) => Err(format!("optimizer.{name} must be a number of at least 0, found {rate}")),
            None => self
                .adam
                .validate()
                .and_then(|()| self.schedule.validate())
                .map_err(|reason| format!("optimizer.{reason}")),
        }
    }
}

/// What is written when, in steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecordConfig {
    /// A line in the log.
    pub log_every: u64,
    /// A grid of samples.
    pub sample_every: u64,
    /// Pictures of each domain in a grid.
    pub num_samples: usize,
    /// A checkpoint.
    pub checkpoint_every: u64,
    /// Checkpoints kept, the newest ones; 0 keeps all.
    pub keep_checkpoints: usize,
}

impl Default for RecordConfig {
    fn default() -> Self {
        Self { log_every: 50, sample_every: 1000, num_samples: 4, checkpoint_every: 1000, keep_checkpoints: 3 }
    }
}

impl RecordConfig {
    pub(super) fn validate(&self) -> Result<(), String> {
        if self.log_every == 0 || self.sample_every == 0 || self.checkpoint_every == 0 {
            return Err("record.log_every, sample_every and checkpoint_every must be at least 1".to_owned());
        }
        if !(1..=64).contains(&self.num_samples) {
            return Err(format!("record.num_samples must be between 1 and 64, found {}", self.num_samples));
        }
        Ok(())
    }
}

/// How the discriminator step and the generator step of one iteration are computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepOrder {
    /// The discriminators learn from the same generated images as the generators. Encoders and decoders then run once
    /// where the original runs them twice. Real and generated images go through a discriminator as one batch, and so do
    /// the contents of both domains through a decoder. Spectral norms iterate once per forward call.
    #[default]
    Shared,
    /// The original's order: the discriminators' half generates images of its own, with styles of its own.
    #[serde(alias = "reference")]
    Original,
}
