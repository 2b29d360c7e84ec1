//! The sections of a recogniser's run file.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::config::RecognizerConfig;
use crate::layers::Initialization;
use crate::losses::Margin;
use crate::training::optimizer::{Schedule, SgdConfig};

use super::augmentation::Augmentation;
use super::people::DatasetConfig;

/// The sections of a run file that a trainer needs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How the network is built; `classes` is the number of people.
    pub network: RecognizerConfig,
    /// How its weights start.
    pub initialization: Initialization,
    /// What is minimised.
    pub margin: Margin,
    /// How it is minimised.
    pub optimizer: OptimizerConfig,
    /// What is not trained.
    pub freeze: Freeze,
    /// Fixes the first weights.
    pub seed: u64,
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
    /// Memory for decoded crops, in megabytes. The other crops are decoded each time.
    #[serde(default = "default_cache_mb")]
    pub cache_mb: usize,
    /// Augmentation beyond the original's; none by default.
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

/// How the pictures of a batch are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sampling {
    /// Each picture once an epoch, in another order each time. The original's way.
    #[default]
    Shuffled,
    /// A person first, with probabilities by the weights of the datasets, then one of their pictures.
    Identities,
    /// A person, then photo or drawing with equal probability if there are both, then one of those.
    IdentitiesAndDomains,
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
    /// Gradients are clipped to this norm, all parameters together.
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
    /// A model file of this program or a published `sphere20a` checkpoint. Its classifier is used if it has as many
    /// people, and replaced by a fresh one otherwise.
    pub from: PathBuf,
    /// Whether the embeddings are standardised first (mean 0, mean length the root of their dimensions) and the classifier starts with
    /// the mean embedding of each person, instead of random directions or the file's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub imprint: bool,
    /// What is not trained.
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
    /// As the original: only the fourth stage (and what follows it in dlib's network) and the fully connected layers are trained.
    Original,
}

impl Freeze {
    /// Whether the parameter of this name is trained.
    pub fn trains(self, name: &str) -> bool {
        match self {
            Self::None => true,
            Self::Original => ["conv4", "relu4", "stage4", "stage5", "fc"].iter().any(|start| name.starts_with(start)),
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
    /// At most this many pictures of the held-out people are used. People are taken whole, in random order.
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
