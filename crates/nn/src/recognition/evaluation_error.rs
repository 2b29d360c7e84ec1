//! What can stand in the way of evaluating a recogniser.

use std::path::PathBuf;

use super::RecognizerError;
use crate::metrics::MetricsError;

/// An evaluation that cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluationError {
    /// The dataset, its protocols or a picture.
    #[error(transparent)]
    Face(#[from] portraitist_face::Error),
    /// The recogniser.
    #[error(transparent)]
    Recognizer(#[from] RecognizerError),
    /// The scores.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// The protocol names pictures that the dataset has not.
    #[error("{}: the {protocol} protocol names {first}, which the dataset does not have ({missing} of {named} pictures are missing)", dataset.display())]
    Missing {
        /// The dataset.
        dataset: PathBuf,
        /// Which protocol.
        protocol: &'static str,
        /// The first picture missing.
        first: String,
        /// How many are missing.
        missing: usize,
        /// How many the protocol names.
        named: usize,
    },
    /// A protocol that compares nothing.
    #[error("{}: the {protocol} protocol: expected {expected}, found {found}", dataset.display())]
    Protocol {
        /// The dataset.
        dataset: PathBuf,
        /// Which protocol.
        protocol: &'static str,
        /// What is needed.
        expected: &'static str,
        /// What there is.
        found: String,
    },
    /// An embedding that cannot be compared.
    #[error("{picture}: expected an embedding of finite numbers, found {found}; the weights are unusable")]
    Feature {
        /// The picture.
        picture: String,
        /// What is wrong.
        found: String,
    },
}
