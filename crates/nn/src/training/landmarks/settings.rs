//! The sections of a run file for landmarks.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::config::Domain;
use crate::training::optimizer::{AdamConfig, Schedule};

use super::appearance::Appearance;
use super::warp::Exaggeration;

/// Pictures of faces whose points are known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetConfig {
    /// The folder of the pictures.
    pub pictures: PathBuf,
    /// A row a picture: its file below the folder, then x and y of the 468 points of the face mesh or of iBUG's 68, in pixels; pixel
    /// centres are whole numbers.
    pub landmarks: PathBuf,
    /// What the pictures are.
    pub kind: Domain,
    /// How often a picture of this dataset is drawn, against one of the other datasets.
    #[serde(default = "one")]
    pub weight: f64,
}

fn one() -> f64 {
    1.0
}

/// Where the pictures are and how batches are made of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// Faces to learn from.
    pub train: Vec<DatasetConfig>,
    /// Faces of other people, on which the network is measured now and then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub test: Vec<DatasetConfig>,
    /// Threads that read pictures.
    #[serde(default = "two")]
    pub workers: usize,
    /// Memory for decoded pictures, in megabytes. The others are decoded each time.
    #[serde(default = "default_cache_mb")]
    pub cache_mb: usize,
    /// Caricature.
    #[serde(default)]
    pub exaggeration: Exaggeration,
    /// Where faces lie in their windows.
    #[serde(default)]
    pub placement: Placement,
    /// Ink, paper, light.
    #[serde(default)]
    pub appearance: Appearance,
}

fn two() -> usize {
    2
}

fn default_cache_mb() -> usize {
    1024
}

/// Where faces lie in their windows: the window that inference takes, moved at random.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Placement {
    /// Deviation of the face's turn, in degrees.
    pub turn_degrees: f64,
    /// Deviation of the logarithm of its size.
    pub scale: f64,
    /// Deviation of its place, as a share of the window's side.
    pub shift: f64,
    /// Share of mirrored windows.
    pub flip: f64,
    /// Share of windows that show no face, or only a part of one.
    pub without_face: f64,
}

impl Default for Placement {
    fn default() -> Self {
        Self { turn_degrees: 10.0, scale: 0.12, shift: 0.05, flip: 0.5, without_face: 0.1 }
    }
}

/// How much the terms of the loss count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LossConfig {
    /// Of the negative logarithm of the likelihood of iBUG's 68 points.
    pub points: f64,
    /// Of the mean distance of all points, in pixels of the window.
    pub mesh: f64,
    /// Of the cross entropy of face or none.
    pub flag: f64,
    /// Of the cross entropy of photo or drawing.
    pub kind: f64,
}

impl Default for LossConfig {
    fn default() -> Self {
        Self { points: 1.0, mesh: 0.15, flag: 0.3, kind: 0.2 }
    }
}

/// How the loss is minimised.
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
    pub largest_gradient_norm: f64,
    /// Adam's constants.
    pub adam: AdamConfig,
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self {
            learning_rate: 5e-4,
            schedule: Schedule::default(),
            warm_up_steps: 100,
            largest_gradient_norm: 5.0,
            adam: AdamConfig { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0 },
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

/// What is written when, in steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecordConfig {
    /// A line in the log.
    pub log_every: u64,
    /// A measurement on the held-out faces, if there are any.
    pub evaluate_every: u64,
    /// At most this many held-out faces of each dataset are measured.
    pub num_evaluated: usize,
    /// A checkpoint.
    pub checkpoint_every: u64,
    /// Checkpoints kept, the newest ones; 0 keeps all.
    pub keep_checkpoints: usize,
}

impl Default for RecordConfig {
    fn default() -> Self {
        Self { log_every: 20, evaluate_every: 500, num_evaluated: 60, checkpoint_every: 250, keep_checkpoints: 3 }
    }
}
