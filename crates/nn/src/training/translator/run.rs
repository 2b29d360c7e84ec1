//! Run files: everything about a training in one TOML file.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::config::{CriticConfig, GeneratorConfig, PictureConfig, TranslatorConfig};
use crate::layers::Initialization;
use crate::losses::{AdversarialLoss, IdentityConfig, IdentityForm, LossWeights};
use crate::training::{AdamConfig, Intervals, Run, Schedule, check_run_name};
use crate::weights::OriginalConfig;

use super::{Settings, StepOrder};

/// A run file. Unknown keys are errors; what is left out takes the original's value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunFile {
    /// Names the run's folder.
    pub name: String,
    /// Fixes first weights, order of pictures, their crops and flips, and styles.
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
    /// Share of the old average of the generators that is kept at each step; no average without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average_decay: Option<f64>,
    /// The pictures' files.
    pub data: DataConfig,
    /// The pictures' size.
    #[serde(default)]
    pub picture: PictureConfig,
    /// The generators.
    #[serde(default)]
    pub generator: GeneratorConfig,
    /// The critics.
    #[serde(default)]
    pub critic: CriticConfig,
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

/// Where the pictures are: each a folder, searched with its subfolders, or a list file.
///
/// A list file names a picture a line, relative to itself; behind a tab may stand the person. In a
/// folder, the person is the name of the subfolder that holds the picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// Drawings to learn from.
    pub drawings: PathBuf,
    /// Photos to learn from.
    pub photos: PathBuf,
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
    /// Threads that read pictures.
    #[serde(default = "two")]
    pub workers: usize,
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
    /// Who judges whether the person stays the same, needed where `weights.identity` is above 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<IdentityConfig>,
}

/// How it is minimised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OptimizerConfig {
    /// Learning rate of the generators.
    pub generator_rate: f64,
    /// Learning rate of the critics.
    pub critic_rate: f64,
    /// Adam's constants.
    pub adam: AdamConfig,
    /// How the rates change.
    pub schedule: Schedule,
    /// What both halves of a step share; `reference` is the original's order.
    pub order: StepOrder,
    /// Whether networks are run again for their gradients instead of keeping their features: less memory, more time.
    pub recompute: bool,
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self {
            generator_rate: 1e-4,
            critic_rate: 4e-4,
            adam: AdamConfig::default(),
            schedule: Schedule::default(),
            order: StepOrder::default(),
            recompute: false,
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

/// The style encoder halves a picture four times.
const SMALLEST_STYLE_SIDE: usize = 16;

impl RunFile {
    /// The run that an original `config.yaml` describes. Its pictures are expected where the original
    /// has them: `drawing` and `photo` below `data_root`.
    ///
    /// # Errors
    /// What this program has no counterpart for.
    pub fn from_original(original: &OriginalConfig, name: &str) -> Result<Self, String> {
        let networks = original.translator();
        let kind = match original.critic.gan_type.as_deref() {
            Some("lsgan") => AdversarialLoss::LeastSquares,
            Some("nsgan") => AdversarialLoss::NonSaturating,
            Some("hinge") | None => AdversarialLoss::Hinge,
            Some(other) => return Err(format!("dis.gan_type {other} is not known; expected hinge, lsgan or nsgan")),
        };
        let weights = LossWeights::default();
        let steps = original.max_iter.ok_or("max_iter is missing")?;
        let schedule = match original.lr_policy.as_deref() {
            None | Some("constant") => Schedule::Constant,
            Some("step") => Schedule::Step {
                every: original.step_size.ok_or("lr_policy step needs step_size")?,
                factor: original.gamma.ok_or("lr_policy step needs gamma")?,
            },
            Some("linear") => {
                Schedule::Linear { from: original.decay_step.ok_or("lr_policy linear needs decay_step")?, over: steps }
            }
            Some(other) => return Err(format!("lr_policy {other} is not known; expected constant, step or linear")),
        };
        let identity_weight = original.sph_w.unwrap_or(0.0);
        let identity = original.sph.as_ref().filter(|_| identity_weight > 0.0).map(|sph| IdentityConfig {
            recognizer: PathBuf::from(&sph.model_path),
            form: IdentityForm::Hinge { threshold: sph.thd, over_batch: true },
            namespace: String::new(),
        });
        let (adam, optimizer, record) = (AdamConfig::default(), OptimizerConfig::default(), RecordConfig::default());
        let root = PathBuf::from(original.data_root.as_deref().unwrap_or("."));
        let run = Self {
            name: name.to_owned(),
            seed: 0,
            steps,
            batch_size: original.batch_size.unwrap_or(1),
            initialization: original.init.unwrap_or_default(),
            average_decay: None,
            data: DataConfig {
                drawings: root.join("drawing"),
                photos: root.join("photo"),
                test_drawings: None,
                test_photos: None,
                flip: true,
                same_person: 0.0,
                workers: original.num_workers.unwrap_or(2).max(1),
            },
            picture: networks.picture,
            generator: networks.generator,
            critic: networks.critic,
            losses: LossConfig {
                kind,
                weights: LossWeights {
                    adversarial: original.gan_w.unwrap_or(weights.adversarial),
                    reconstruction: original.recon_x_w.unwrap_or(weights.reconstruction),
                    style: original.recon_s_w.unwrap_or(weights.style),
                    content: original.recon_c_w.unwrap_or(weights.content),
                    cycle: original.recon_x_cyc_w.unwrap_or(0.0),
                    perceptual: original.vgg_w.unwrap_or(0.0),
                    supervised: original.sup_w.unwrap_or(0.0),
                    identity: identity_weight,
                },
                vgg16: original.vgg_w.filter(|weight| *weight > 0.0).map(|_| PathBuf::from("vgg16.pth")),
                identity,
            },
            optimizer: OptimizerConfig {
                generator_rate: original.lr_g.or(original.lr).unwrap_or(optimizer.generator_rate),
                critic_rate: original.lr_d.or(original.lr).unwrap_or(optimizer.critic_rate),
                adam: AdamConfig {
                    beta1: original.beta1.unwrap_or(adam.beta1),
                    beta2: original.beta2.unwrap_or(adam.beta2),
                    epsilon: adam.epsilon,
                    weight_decay: original.weight_decay.unwrap_or(adam.weight_decay),
                },
                schedule,
                order: StepOrder::Reference,
                recompute: false,
            },
            record: RecordConfig {
                log_every: original.log_iter.unwrap_or(record.log_every),
                sample_every: original.image_save_iter.unwrap_or(record.sample_every),
                num_samples: original.display_size.unwrap_or(record.num_samples),
                checkpoint_every: original.snapshot_save_iter.unwrap_or(record.checkpoint_every),
                keep_checkpoints: 0,
            },
            version: None,
        };
        run.validate().map(|()| run)
    }

    /// The networks of the run.
    pub fn networks(&self) -> TranslatorConfig {
        TranslatorConfig {
            picture: self.picture.clone(),
            generator: self.generator.clone(),
            critic: self.critic.clone(),
        }
    }

    /// What the trainer is told.
    pub fn settings(&self) -> Settings {
        Settings {
            networks: self.networks(),
            initialization: self.initialization,
            adversarial: self.losses.kind,
            weights: self.losses.weights.clone(),
            adam: self.optimizer.adam,
            generator_rate: self.optimizer.generator_rate,
            critic_rate: self.optimizer.critic_rate,
            schedule: self.optimizer.schedule.clone(),
            order: self.optimizer.order,
            recompute: self.optimizer.recompute,
            average_decay: self.average_decay,
            seed: self.seed,
        }
    }

    /// Every halving needs two pixels, and so does the reflecting border behind the last of them.
    fn check_size(&self) -> Result<(), String> {
        let (picture, critic) = (&self.picture, &self.critic);
        let side = picture.height.min(picture.width);
        let for_generator = (2 * self.generator.side_multiple()).max(SMALLEST_STYLE_SIDE);
        if side < for_generator {
            return Err(format!(
                "the generators need pictures of at least {for_generator} pixels a side, found {side}"
            ));
        }
        // Each scale halves the picture, rounding up.
        let at_last_scale = side.div_ceil(1 << (critic.num_scales - 1));
        if at_last_scale < 1 << critic.num_layers {
            let (layers, scales) = (critic.num_layers, critic.num_scales);
            return Err(format!(
                "pictures of {side} pixels a side are too small for critics of {layers} layers at {scales} scales; \
                 lower critic.num_layers or critic.num_scales"
            ));
        }
        Ok(())
    }
}

impl Run for RunFile {
    const MAY_CHANGE: &'static str = "steps, record, data.workers and optimizer.recompute";

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
            evaluation: None,
            checkpoint: self.record.checkpoint_every,
            keep_checkpoints: self.record.keep_checkpoints,
        }
    }

    fn paths_mut(&mut self) -> Vec<&mut PathBuf> {
        let data = &mut self.data;
        let files = [Some(&mut data.drawings), Some(&mut data.photos), data.test_drawings.as_mut()];
        let recognizer = self.losses.identity.as_mut().map(|identity| &mut identity.recognizer);
        files.into_iter().chain([data.test_photos.as_mut(), self.losses.vgg16.as_mut(), recognizer]).flatten().collect()
    }

    fn set_version(&mut self, version: String) {
        self.version = Some(version);
    }

    fn fixed_part(&self) -> Self {
        let data = DataConfig { workers: 1, ..self.data.clone() };
        // Recomputation gives the same bits.
        let optimizer = OptimizerConfig { recompute: false, ..self.optimizer.clone() };
        Self { steps: 0, record: RecordConfig::default(), version: None, data, optimizer, ..self.clone() }
    }

    fn validate(&self) -> Result<(), String> {
        self.networks().validate()?;
        self.check_size()?;
        check_run_name(&self.name)?;
        if !(1..=1024).contains(&self.batch_size) {
            return Err(format!("batch_size must be between 1 and 1024, found {}", self.batch_size));
        }
        if !(1..=64).contains(&self.data.workers) {
            return Err(format!("data.workers must be between 1 and 64, found {}", self.data.workers));
        }
        if !(0.0..=1.0).contains(&self.data.same_person) {
            return Err(format!("data.same_person must be between 0 and 1, found {}", self.data.same_person));
        }
        if let Some(decay) = self.average_decay.filter(|decay| !(0.0..1.0).contains(decay)) {
            return Err(format!("average_decay must be at least 0 and below 1, found {decay}"));
        }
        let rates = [("generator_rate", self.optimizer.generator_rate), ("critic_rate", self.optimizer.critic_rate)];
        if let Some((name, rate)) = rates.into_iter().find(|(_, rate)| !(rate.is_finite() && *rate >= 0.0)) {
            return Err(format!("optimizer.{name} must be a number of at least 0, found {rate}"));
        }
        if self.record.log_every == 0 || self.record.sample_every == 0 || self.record.checkpoint_every == 0 {
            return Err("record.log_every, sample_every and checkpoint_every must be at least 1".to_owned());
        }
        if !(1..=64).contains(&self.record.num_samples) {
            return Err(format!("record.num_samples must be between 1 and 64, found {}", self.record.num_samples));
        }
        if self.losses.weights.perceptual > 0.0 && self.losses.vgg16.is_none() {
            return Err("losses.weights.perceptual needs losses.vgg16, a file with VGG16's weights".to_owned());
        }
        if self.losses.weights.identity > 0.0 && self.losses.identity.is_none() {
            return Err("losses.weights.identity needs losses.identity, with a recogniser".to_owned());
        }
        if let Some(identity) = &self.losses.identity {
            identity.form.validate().map_err(|reason| format!("losses.identity.form: {reason}"))?;
        }
        Ok(())
    }
}
