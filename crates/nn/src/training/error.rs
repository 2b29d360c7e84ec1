//! What can stop a training.

use std::path::PathBuf;

use crate::losses::IdentityError;
use crate::weights::WeightsError;

use super::NotFinite;

/// A training that could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    /// The run file cannot be used.
    #[error("{}: {reason}", path.display())]
    RunFile {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
    /// The pictures cannot be used.
    #[error("{}: {reason}", path.display())]
    Data {
        /// The folder, list or picture.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A loss is not a number.
    #[error(transparent)]
    NotFinite(#[from] NotFinite),
    /// Weights could not be read or written.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The identity loss cannot be had.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A file of the run could not be written.
    #[error("cannot write {}: {reason}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// There is nothing to go on from.
    #[error("{}: {reason}", path.display())]
    Resume {
        /// The folder of runs, or the run.
        path: PathBuf,
        /// What is missing.
        reason: String,
    },
}
