//! Training a recogniser.

mod augmentation;
mod batches;
mod evaluation;
mod imprint;
mod people;
mod run;
mod settings;
mod task;
mod trainer;

pub use augmentation::Augmentation;
pub use batches::HostBatch;
pub use people::{DatasetConfig, People, Portrait, Purpose};
pub use run::RunFile;
pub use settings::{DataConfig, FineTune, Freeze, OptimizerConfig, RecordConfig, Sampling, Settings};
pub use task::CheckReport;
pub use trainer::{Batch, Trainer};
