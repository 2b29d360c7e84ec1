//! Training: one machinery for whatever is trained.
//!
//! [`Task`] says what a training is of; the session, its checkpoints, log and reading threads are the same for all.

mod adam;
pub mod checkpoint;
mod error;
mod gradients;
mod loader;
mod log;
pub mod pictures;
pub mod recognizer;
mod records;
mod schedule;
mod session;
mod sgd;
mod task;
mod tensorboard;
pub mod translator;
mod writer;

pub use adam::{Adam, AdamConfig};
pub use error::TrainingError;
pub use gradients::NamedGradients;
pub use log::StepReport;
pub use schedule::Schedule;
pub use session::{Observer, Outcome, Session};
pub use sgd::{Sgd, SgdConfig};
use task::check_run_name;
pub use task::{Intervals, Run, Task};
pub use translator::{
    Batch, CheckReport, DataConfig, Judges, LossConfig, NotFinite, OptimizerConfig, RecordConfig, RunFile, Settings,
    StepNoise, StepOrder, Tape, Trainer,
};
