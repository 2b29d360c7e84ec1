//! Training.
//!
//! A [`Task`] is what is trained. [`Session`], checkpoints, log and loading threads are the same for every task.
//! Translators are trained in [`munit`], recognisers in [`recognizer`], the network
//! for the points of drawn faces in [`landmarks`].

mod checkpoint;
mod checkpoint_files;
mod error;
mod folder;
pub mod landmarks;
mod loader;
mod log;
pub mod munit;
mod odd_pictures;
mod optimizer;
pub mod pictures;
pub mod recognizer;
mod records;
mod resuming;
mod run;
mod session;
mod task;
mod tensorboard;
mod writer;

pub use checkpoint_files::CheckpointFiles;
pub use error::{NotFinite, TrainingError};
pub use log::StepReport;
pub use odd_pictures::OddPictures;
pub use optimizer::{Adam, AdamConfig, NamedGradients, Schedule, Sgd, SgdConfig};
pub use records::Best;
pub use resuming::fingerprint::SourcePicture;
pub use resuming::verification::{Difference, Verification, replay};
pub use run::{Intervals, Run};
pub use session::{ChangedData, Observer, Outcome, Session};
pub use task::Task;
