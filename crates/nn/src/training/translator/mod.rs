//! Training a translator.

mod noise;
pub(crate) mod pictures;
mod run;
mod samples;
mod sources;
mod tape;
mod task;
mod trainer;
mod uses;

pub use run::{DataConfig, LossConfig, OptimizerConfig, RecordConfig, RunFile};
pub use tape::Tape;
pub use task::{CheckReport, translation_weights};
pub use trainer::{Batch, Judges, NotFinite, Settings, StepNoise, StepOrder, Trainer};

use super::{Adam, AdamConfig, Schedule};
