//! Run files for landmarks.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::training::run::{Intervals, Run, check_run_name};

use super::settings::{DataConfig, LossConfig, OptimizerConfig, Placement, RecordConfig};

/// A run file. Unknown keys are errors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunFile {
    /// Names the run's folder.
    pub name: String,
    /// Fixes the order of pictures and how they are changed.
    #[serde(default)]
    pub seed: u64,
    /// Steps in all.
    pub steps: u64,
    /// Windows in a step.
    #[serde(default = "default_batch_size")]
    pub batch_size: usize,
    /// Model file to start from, a mesh for photos or for drawings; the built-in mesh for photos where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<PathBuf>,
    /// Where the faces are.
    pub data: DataConfig,
    /// What is minimised.
    #[serde(default)]
    pub loss: LossConfig,
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

fn default_batch_size() -> usize {
    32
}

impl RunFile {
    fn check_data(&self) -> Result<(), String> {
        if self.data.train.is_empty() {
            return Err("data.train names no dataset".to_owned());
        }
        let datasets = self.data.train.iter().chain(&self.data.test);
        if let Some(dataset) = datasets.into_iter().find(|set| !(set.weight.is_finite() && set.weight > 0.0)) {
            return Err(format!("data: weight must be a number above 0, found {}", dataset.weight));
        }
        if !(1..=64).contains(&self.data.workers) {
            return Err(format!("data.workers must be between 1 and 64, found {}", self.data.workers));
        }
        if self.data.cache_mb > 1 << 20 {
            return Err(format!("data.cache_mb must be at most {}, found {}", 1 << 20, self.data.cache_mb));
        }
        let Placement { turn_degrees, scale, shift, flip, without_face } = self.data.placement;
        let values = [
            ("turn_degrees", turn_degrees, 60.0),
            ("scale", scale, 0.5),
            ("shift", shift, 0.5),
            ("flip", flip, 1.0),
            ("without_face", without_face, 0.9),
        ];
        if let Some((name, value, most)) = values.into_iter().find(|(_, value, most)| !(0.0..=*most).contains(value)) {
            return Err(format!("data.placement.{name} must be between 0 and {most}, found {value}"));
        }
        self.data.exaggeration.validate()?;
        self.data.appearance.validate()
    }

    fn check_optimizer(&self) -> Result<(), String> {
        let LossConfig { points, mesh, flag, kind } = self.loss;
        let OptimizerConfig { learning_rate, largest_gradient_norm, .. } = self.optimizer;
        let values = [
            ("loss.points", points),
            ("loss.mesh", mesh),
            ("loss.flag", flag),
            ("loss.kind", kind),
            ("optimizer.learning_rate", learning_rate),
        ];
        if let Some((name, value)) = values.into_iter().find(|(_, value)| !(value.is_finite() && *value >= 0.0)) {
            return Err(format!("{name} must be a number of at least 0, found {value}"));
        }
        if !(largest_gradient_norm.is_finite() && largest_gradient_norm > 0.0) {
            return Err(format!(
                "optimizer.largest_gradient_norm must be a number above 0, found {largest_gradient_norm}"
            ));
        }
        let optimizer = self.optimizer.adam.validate().and_then(|()| self.optimizer.schedule.validate());
        optimizer.map_err(|reason| format!("optimizer.{reason}"))
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
        let datasets = self.data.train.iter_mut().chain(&mut self.data.test);
        let paths = datasets.flat_map(|dataset| {
            [
                ("a path of data's pictures", &mut dataset.pictures),
                ("a path of data's landmarks", &mut dataset.landmarks),
            ]
        });
        paths.chain(self.start.as_mut().map(|start| ("start", start))).collect()
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
        if !(1..=4096).contains(&self.batch_size) {
            return Err(format!("batch_size must be between 1 and 4096, found {}", self.batch_size));
        }
        let RecordConfig { log_every, evaluate_every, num_evaluated, checkpoint_every, .. } = self.record;
        if [log_every, evaluate_every, checkpoint_every].contains(&0) || num_evaluated == 0 {
            return Err(
                "record.log_every, evaluate_every, num_evaluated and checkpoint_every must be at least 1".to_owned()
            );
        }
        self.check_data()?;
        self.check_optimizer()
    }
}
