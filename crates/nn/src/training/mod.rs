//! Training a translator.

mod adam;
pub mod checkpoint;
mod error;
mod loader;
mod log;
mod noise;
pub mod pictures;
mod records;
mod run;
mod samples;
mod schedule;
mod session;
mod tensorboard;
mod trainer;
mod writer;

pub use adam::{Adam, AdamConfig};
pub use error::TrainingError;
pub use log::StepReport;
pub use run::{DataConfig, LossConfig, OptimizerConfig, RecordConfig, RunFile};
pub use schedule::Schedule;
pub use session::{CheckReport, Observer, Outcome, Session};
pub use trainer::{Batch, NotFinite, Settings, StepNoise, StepOrder, Trainer};
