//! What can stop a training.

use std::path::PathBuf;

use crate::evaluation::EvaluationError;
use crate::losses::IdentityError;
use crate::weights::WeightsError;

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
    /// The identity loss cannot be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// What a run is measured by cannot be had.
    #[error(transparent)]
    Evaluation(#[from] EvaluationError),
    /// A file of the run could not be written.
    #[error("cannot write {}: {reason}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The run was trained on other pictures.
    #[error(
        "{}: the pictures are not those that the run was trained on ({changes}); put them back, start a new run, or go on with what there is by --allow-changed-data",
        path.display()
    )]
    ChangedData {
        /// The run.
        path: PathBuf,
        /// How many there were and are, and which changed.
        changes: String,
    },
    /// The run cannot be resumed.
    #[error("{}: {reason}", path.display())]
    Resume {
        /// The folder of runs, or the run.
        path: PathBuf,
        /// What is missing.
        reason: String,
    },
}

/// A loss that is not a number. The weights have not been changed by it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("step {step}: {term} is {value}; the weights were left as they were. Pictures of the batch: {}", list(files))]
pub struct NotFinite {
    /// The step, counted from 1.
    pub step: u64,
    /// The name of the loss.
    pub term: String,
    /// NaN or an infinity.
    pub value: f32,
    /// The pictures of the batch.
    pub files: Vec<PathBuf>,
}

fn list(files: &[PathBuf]) -> String {
    files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ")
}
