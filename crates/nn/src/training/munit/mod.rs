//! Training of MUNIT translators.

mod augmentation;
mod batch;
mod evaluation;
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
pub use evaluation::{EvaluationConfig, EvaluationNetwork};
pub use run::RunFile;
pub use settings::{DataConfig, LossConfig, OptimizerConfig, RecordConfig, Settings, StepOrder};
pub use start::StartConfig;
pub use tape::Tape;
pub use task::{CheckReport, Fixtures};
pub use trainer::{AuxiliaryNetworks, Trainer};
