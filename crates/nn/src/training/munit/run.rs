//! Run files: everything about a training in one TOML file.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::config::munit::{DiscriminatorConfig, GeneratorConfig, TranslatorConfig};
use crate::config::{NamedStyles, PictureConfig};
use crate::layers::Initialization;
use crate::losses::IdentityConfig;
use crate::training::run::{Intervals, Run, check_run_name};

use super::settings::{DataConfig, LossConfig, OptimizerConfig, RecordConfig, Settings};
use super::start::StartConfig;

/// A run file. Unknown keys are errors; what is left out takes the original's value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunFile {
    /// Names the run's folder.
    pub name: String,
    /// Fixes the first weights, the order of pictures, their crops and flips, and the styles.
    #[serde(default)]
    pub seed: u64,
    /// Steps in all.
    pub steps: u64,
    /// Pictures of each domain in a step.
    #[serde(default = "one")]
    pub batch_size: usize,
    /// How weights start.
    #[serde(default)]
    pub initialization: Initialization,
    /// Decay of the generators' exponential moving average (EMA). No EMA without it.
    #[serde(default, alias = "average_decay", skip_serializing_if = "Option::is_none")]
    pub ema_decay: Option<f64>,
    /// Whose weights it begins with. Random ones without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<StartConfig>,
    /// The pictures' files.
    pub data: DataConfig,
    /// The pictures' size.
    #[serde(default)]
    pub picture: PictureConfig,
    /// The generators.
    #[serde(default)]
    pub generator: GeneratorConfig,
    /// The discriminators.
    #[serde(default, alias = "critic")]
    pub discriminator: DiscriminatorConfig,
    /// What is minimised.
    #[serde(default)]
    pub losses: LossConfig,
    /// How it is minimised.
    #[serde(default)]
    pub optimizer: OptimizerConfig,
    /// What is written when.
    #[serde(default)]
    pub record: RecordConfig,
    /// The program's version, filled in when the run starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

fn one() -> usize {
    1
}

/// The style encoder halves a picture four times.
const SMALLEST_STYLE_SIDE: usize = 16;

impl RunFile {
    /// The networks of the run, as model files describe them: without what only training does to the pictures.
    pub fn networks(&self) -> TranslatorConfig {
        TranslatorConfig {
            picture: self.picture.clone(),
            generator: self.generator.clone(),
            discriminator: DiscriminatorConfig { augmentation: None, ..self.discriminator.clone() },
            styles: NamedStyles::default(),
        }
    }

    /// The sections that a trainer needs.
    pub fn settings(&self) -> Settings {
        Settings {
            networks: self.networks(),
            augmentation: self.discriminator.augmentation,
            initialization: self.initialization,
            losses: self.losses.clone(),
            optimizer: self.optimizer.clone(),
            ema_decay: self.ema_decay,
            seed: self.seed,
        }
    }

    /// Every halving needs two pixels, and so does the reflecting border behind the last of them.
    fn check_size(&self) -> Result<(), String> {
        let (picture, discriminator) = (&self.picture, &self.discriminator);
        let side = picture.height.min(picture.width);
        let for_generator = (2 * self.generator.side_multiple()).max(SMALLEST_STYLE_SIDE);
        if side < for_generator {
            return Err(format!(
                "the generators need pictures of at least {for_generator} pixels a side, found {side}"
            ));
        }
        // Each scale halves the picture, rounding up.
        let at_last_scale = side.div_ceil(1 << (discriminator.num_scales - 1));
        if at_last_scale < 1 << discriminator.num_layers {
            let (layers, scales) = (discriminator.num_layers, discriminator.num_scales);
            return Err(format!(
                "pictures of {side} pixels a side are too small for discriminators of {layers} layers at {scales} scales; \
                 lower discriminator.num_layers or discriminator.num_scales"
            ));
        }
        Ok(())
    }
}

impl Run for RunFile {
    const MAY_CHANGE: &'static str = "steps, record, data.workers and optimizer.activation_checkpointing";

    fn name(&self) -> &str {
        &self.name
    }

    fn seed(&self) -> u64 {
        self.seed
    }

    fn steps(&self) -> u64 {
        self.steps
    }

    fn batch_size(&self) -> usize {
        self.batch_size
    }

    fn workers(&self) -> usize {
        self.data.workers
    }

    fn intervals(&self) -> Intervals {
        Intervals {
            log: self.record.log_every,
            samples: Some(self.record.sample_every),
            evaluation: self.record.evaluate_every,
            checkpoint: self.record.checkpoint_every,
            keep_checkpoints: self.record.keep_checkpoints,
        }
    }

    fn best(&self) -> Option<&str> {
        self.record.best.as_deref()
    }

    fn paths_mut(&mut self) -> Vec<(&'static str, &mut PathBuf)> {
        let (data, losses) = (&mut self.data, &mut self.losses);
        // The name of a built-in recogniser is no path.
        let recognizer = losses.identity.as_mut().filter(|identity| !identity.is_built_in());
        let start = self.start.as_mut().filter(|start| start.built_in().is_none());
        [
            ("start.model", start.map(|start| &mut start.model)),
            ("data.prepared", data.prepared.as_mut()),
            ("data.drawings", data.drawings.as_mut()),
            ("data.photos", data.photos.as_mut()),
            ("data.test_drawings", data.test_drawings.as_mut()),
            ("data.test_photos", data.test_photos.as_mut()),
            ("losses.vgg16", losses.vgg16.as_mut()),
            ("record.evaluation.weights", self.record.evaluation.weights.as_mut()),
            ("losses.identity.recognizer", recognizer.map(|identity| &mut identity.recognizer)),
        ]
        .into_iter()
        .filter_map(|(key, path)| Some((key, path?)))
        .collect()
    }

    fn set_version(&mut self, version: String) {
        self.version = Some(version);
        self.losses.identity.iter_mut().for_each(IdentityConfig::pin);
    }

    fn keep_from(&mut self, started: &Self) {
        if let (Some(identity), Some(started)) = (&mut self.losses.identity, &started.losses.identity) {
            identity.pin_as(started);
        }
    }

    fn fixed_part(&self) -> Self {
        let data = DataConfig { workers: 1, ..self.data.clone() };
        // Recomputed activations are the same bits.
        let optimizer = OptimizerConfig { activation_checkpointing: false, ..self.optimizer.clone() };
        let mut losses = self.losses.clone();
        losses.identity.iter_mut().for_each(|identity| identity.sha256 = None);
        Self { steps: 0, record: RecordConfig::default(), version: None, data, optimizer, losses, ..self.clone() }
    }

    fn validate(&self) -> Result<(), String> {
        self.networks().validate()?;
        self.check_size()?;
        if let Some(augmentation) = &self.discriminator.augmentation {
            augmentation.validate().map_err(|reason| format!("discriminator.augmentation.{reason}"))?;
        }
        check_run_name(&self.name)?;
        if !(1..=1024).contains(&self.batch_size) {
            return Err(format!("batch_size must be between 1 and 1024, found {}", self.batch_size));
        }
        self.data.validate()?;
        if let Some(decay) = self.ema_decay.filter(|decay| !(0.0..1.0).contains(decay)) {
            return Err(format!("ema_decay must be at least 0 and below 1, found {decay}"));
        }
        self.optimizer.validate()?;
        self.record.validate()?;
        self.losses.validate()
    }
}
