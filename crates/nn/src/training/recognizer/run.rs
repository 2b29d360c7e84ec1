//! Run files of recognisers.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::config::RecognizerConfig;
use crate::layers::Initialization;
use crate::losses::Margin;
use crate::training::{Intervals, Run, Schedule, SgdConfig};

use super::{Augmentation, DatasetConfig, Sampling, Settings};

/// A run file. Unknown keys are errors; what is left out takes the original's value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunFile {
    /// Names the run's folder.
    pub name: String,
    /// Fixes first weights, order of pictures, their crops and flips.
    #[serde(default)]
    pub seed: u64,
    /// Steps in all.
    pub steps: u64,
    /// Pictures in a step.
    #[serde(default = "default_batch_size")]
    pub batch_size: usize,
    /// How weights start.
    #[serde(default = "default_initialization")]
    pub initialization: Initialization,
    /// Who there is to learn from.
    pub data: DataConfig,
    /// The network. `classes` is left out: it is how many people `data.train` has.
    #[serde(default)]
    pub network: RecognizerConfig,
    /// What is minimised.
    #[serde(default)]
    pub margin: Margin,
    /// How it is minimised.
    #[serde(default)]
    pub optimizer: OptimizerConfig,
    /// Weights to start from, instead of random ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fine_tune: Option<FineTune>,
    /// What is written when.
    #[serde(default)]
    pub record: RecordConfig,
    /// The program's version, filled in when the run starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

fn default_batch_size() -> usize {
    64
}

fn default_initialization() -> Initialization {
    Initialization::Default
}

/// Where the crops are and how batches are drawn from them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// People to learn from.
    pub train: Vec<DatasetConfig>,
    /// Held-out people, on whom the network is measured now and then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub test: Vec<DatasetConfig>,
    /// Mirror half of the pictures.
    #[serde(default = "yes")]
    pub flip: bool,
    /// How the pictures of a batch are chosen.
    #[serde(default)]
    pub sampling: Sampling,
    /// Threads that read pictures.
    #[serde(default = "two")]
    pub workers: usize,
    /// Decoded crops that are kept in memory, in megabytes; the others are decoded anew each time.
    #[serde(default = "default_cache_mb")]
    pub cache_mb: usize,
    /// Changes of the pictures beyond the original's; none by default.
    #[serde(default)]
    pub augmentation: Augmentation,
}

fn yes() -> bool {
    true
}

fn two() -> usize {
    2
}

fn default_cache_mb() -> usize {
    512
}

/// How the loss is minimised: stochastic gradient descent with momentum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OptimizerConfig {
    /// Learning rate.
    pub learning_rate: f64,
    /// How it changes.
    pub schedule: Schedule,
    /// Steps in which the rate rises to its full value; 0 for none.
    pub warm_up_steps: u64,
    /// Gradients whose norm, all parameters together, is larger are shortened to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub largest_gradient_norm: Option<f64>,
    /// The descent's constants.
    pub sgd: SgdConfig,
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self {
            learning_rate: 0.01,
            schedule: Schedule::default(),
            warm_up_steps: 0,
            largest_gradient_norm: None,
            sgd: SgdConfig::default(),
        }
    }
}

impl OptimizerConfig {
    /// The rate in step `step`, counted from 1.
    pub fn rate(&self, step: u64) -> f64 {
        let warm_up = if step < self.warm_up_steps { step as f64 / self.warm_up_steps as f64 } else { 1.0 };
        self.learning_rate * self.schedule.factor(step) * warm_up
    }
}

/// Weights that a run starts from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FineTune {
    /// A model file of this program or a published `sphere20a` checkpoint. Its classifier is used if it tells as many
    /// people apart, and replaced by a fresh one otherwise.
    pub from: PathBuf,
    /// What stays as it is.
    #[serde(default)]
    pub freeze: Freeze,
}

/// Which weights are not trained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Freeze {
    /// All are trained.
    #[default]
    None,
    /// As the original: only the fourth stage and the fully connected layers are trained.
    Original,
}

impl Freeze {
    /// Whether the parameter of this name is trained.
    pub fn trains(self, name: &str) -> bool {
        match self {
            Self::None => true,
            Self::Original => ["conv4", "relu4", "fc"].iter().any(|start| name.starts_with(start)),
        }
    }
}

/// What is written when, in steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecordConfig {
    /// A line in the log.
    pub log_every: u64,
    /// A measurement on the held-out people, if there are any.
    pub evaluate_every: u64,
    /// Pictures of them that are used, spread over all.
    pub num_evaluated: usize,
    /// A checkpoint.
    pub checkpoint_every: u64,
    /// Checkpoints kept, the newest ones; 0 keeps all.
    pub keep_checkpoints: usize,
}

impl Default for RecordConfig {
    fn default() -> Self {
        Self { log_every: 10, evaluate_every: 500, num_evaluated: 1000, checkpoint_every: 500, keep_checkpoints: 3 }
    }
}

/// The largest number of held-out pictures: all pairs of them are compared.
const LARGEST_EVALUATION: usize = 5000;

impl RunFile {
    /// What the trainer is told, for a number of people.
    pub fn settings(&self, classes: usize) -> Settings {
        Settings {
            network: RecognizerConfig { classes, ..self.network.clone() },
            initialization: self.initialization,
            margin: self.margin,
            optimizer: self.optimizer.clone(),
            freeze: self.fine_tune.as_ref().map_or(Freeze::None, |fine_tune| fine_tune.freeze),
            seed: self.seed,
        }
    }

    fn check_data(&self) -> Result<(), String> {
        if self.data.train.is_empty() {
            return Err("data.train names no dataset".to_owned());
        }
        for (name, datasets) in [("data.train", &self.data.train), ("data.test", &self.data.test)] {
            for dataset in datasets {
                dataset.validate().map_err(|reason| format!("{name}: {reason}"))?;
            }
        }
        let weighted = self.data.train.iter().any(|dataset| dataset.weight.total_cmp(&1.0).is_ne());
        if weighted && self.data.sampling == Sampling::Shuffled {
            return Err("data.train: weight is for people who are drawn; data.sampling must be \"identities\" or \
                        \"identities_and_domains\""
                .to_owned());
        }
        if !(1..=64).contains(&self.data.workers) {
            return Err(format!("data.workers must be between 1 and 64, found {}", self.data.workers));
        }
        if self.data.cache_mb > 1 << 20 {
            return Err(format!("data.cache_mb must be at most {}, found {}", 1 << 20, self.data.cache_mb));
        }
        self.data.augmentation.validate()
    }

    fn check_optimizer(&self) -> Result<(), String> {
        let OptimizerConfig { learning_rate, largest_gradient_norm, sgd, .. } = &self.optimizer;
        let at_least_zero = |value: f64| value.is_finite() && value >= 0.0;
        let values = [("learning_rate", *learning_rate), ("sgd.weight_decay", sgd.weight_decay)];
        if let Some((name, value)) = values.into_iter().find(|(_, value)| !at_least_zero(*value)) {
            return Err(format!("optimizer.{name} must be a number of at least 0, found {value}"));
        }
        if !(0.0..1.0).contains(&sgd.momentum) {
            return Err(format!("optimizer.sgd.momentum must be at least 0 and below 1, found {}", sgd.momentum));
        }
        if let Some(norm) = largest_gradient_norm.filter(|norm| !(norm.is_finite() && *norm > 0.0)) {
            return Err(format!("optimizer.largest_gradient_norm must be a number above 0, found {norm}"));
        }
        Ok(())
    }
}

impl Run for RunFile {
    const MAY_CHANGE: &'static str = "steps, record, data.workers and data.cache_mb";

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
            samples: None,
            evaluation: (!self.data.test.is_empty()).then_some(self.record.evaluate_every),
            checkpoint: self.record.checkpoint_every,
            keep_checkpoints: self.record.keep_checkpoints,
        }
    }

    fn paths_mut(&mut self) -> Vec<&mut PathBuf> {
        let datasets = self.data.train.iter_mut().chain(&mut self.data.test);
        let from = self.fine_tune.as_mut().map(|fine_tune| &mut fine_tune.from);
        datasets.flat_map(DatasetConfig::paths_mut).chain(from).collect()
    }

    fn set_version(&mut self, version: String) {
        self.version = Some(version);
    }

    fn fixed_part(&self) -> Self {
        let data = DataConfig { workers: 1, cache_mb: 0, ..self.data.clone() };
        Self { steps: 0, record: RecordConfig::default(), version: None, data, ..self.clone() }
    }

    fn validate(&self) -> Result<(), String> {
        crate::training::check_run_name(&self.name)?;
        if self.network.classes != 0 {
            return Err("network.classes is the number of people in data.train; leave it out".to_owned());
        }
        self.network.validate().map_err(|reason| format!("network: {reason}"))?;
        if !(1..=4096).contains(&self.batch_size) {
            return Err(format!("batch_size must be between 1 and 4096, found {}", self.batch_size));
        }
        let RecordConfig { log_every, evaluate_every, num_evaluated, checkpoint_every, .. } = self.record;
        if log_every == 0 || evaluate_every == 0 || checkpoint_every == 0 {
            return Err("record.log_every, evaluate_every and checkpoint_every must be at least 1".to_owned());
        }
        if !(2..=LARGEST_EVALUATION).contains(&num_evaluated) {
            return Err(format!(
                "record.num_evaluated must be between 2 and {LARGEST_EVALUATION}, found {num_evaluated}"
            ));
        }
        self.check_data()?;
        self.check_optimizer()?;
        self.margin.validate().map_err(|reason| format!("margin.{reason}"))
    }
}
