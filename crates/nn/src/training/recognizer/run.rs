//! Run files of recognisers.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::config::RecognizerConfig;
use crate::layers::Initialization;
use crate::losses::Margin;
use crate::training::run::{Intervals, Run, check_run_name};

use super::people::DatasetConfig;
use super::settings::{DataConfig, FineTune, Freeze, OptimizerConfig, RecordConfig, Sampling, Settings};

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
    /// Where the people's crops are.
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

/// The largest number of held-out pictures: all pairs of them are compared.
const LARGEST_EVALUATION: usize = 5000;

impl RunFile {
    /// The sections that a trainer needs, for a number of people.
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
        self.optimizer.schedule.validate().map_err(|reason| format!("optimizer.{reason}"))
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

    fn paths_mut(&mut self) -> Vec<(&'static str, &mut PathBuf)> {
        let train =
            self.data.train.iter_mut().flat_map(DatasetConfig::paths_mut).map(|path| ("a path of data.train", path));
        let test =
            self.data.test.iter_mut().flat_map(DatasetConfig::paths_mut).map(|path| ("a path of data.test", path));
        let from = self.fine_tune.as_mut().map(|fine_tune| ("fine_tune.from", &mut fine_tune.from));
        train.chain(test).chain(from).collect()
    }

    fn set_version(&mut self, version: String) {
        self.version = Some(version);
    }

    fn fixed_part(&self) -> Self {
        let data = DataConfig { workers: 1, cache_mb: 0, ..self.data.clone() };
        Self { steps: 0, record: RecordConfig::default(), version: None, data, ..self.clone() }
    }

    fn validate(&self) -> Result<(), String> {
        check_run_name(&self.name)?;
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
