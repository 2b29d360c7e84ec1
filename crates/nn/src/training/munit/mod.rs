//! Training of MUNIT translators.

mod augmentation;
mod batch;
mod original;
mod pictures;
mod run;
mod samples;
mod segments;
mod settings;
mod sources;
mod start;
mod tape;
mod task;
mod trainer;

pub use augmentation::{AugmentationLevel, Transformation};
pub use batch::{Batch, StepNoise};
pub use run::RunFile;
pub use settings::{DataConfig, LossConfig, OptimizerConfig, RecordConfig, Settings, StepOrder};
pub use start::StartConfig;
pub use tape::Tape;
pub use task::CheckReport;
pub use trainer::{AuxiliaryNetworks, Trainer};
