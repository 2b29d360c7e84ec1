//! Training a recogniser.

mod augmentation;
mod batches;
mod evaluation;
mod people;
mod run;
mod task;
mod trainer;

pub use augmentation::Augmentation;
pub use batches::{HostBatch, Sampling};
pub use people::{DatasetConfig, People, Portrait, Purpose};
pub use run::{DataConfig, FineTune, Freeze, OptimizerConfig, RecordConfig, RunFile};
pub use task::CheckReport;
pub use trainer::{Batch, Settings, Trainer};
