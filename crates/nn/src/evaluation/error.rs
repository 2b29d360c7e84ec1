//! Why pictures cannot be turned into features.

use std::path::PathBuf;

use portraitist_kernels::ShapeError;

use crate::inference::NoPlan;
use crate::metrics::generation::FeatureError;
use crate::networks::mediapipe::NetworkError;
use crate::recognition::RecognizerError;
use crate::weights::WeightsError;

use super::published::PublishedWeights;

/// A feature network that could not be had or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluationError {
    /// The weights are not there.
    #[error(
        "no weights for this mode: expected {}, found nothing there; the file is published at {} (SHA-256 {}) and is not part of this program",
        path.display(), published.url, published.sha256
    )]
    NoWeights {
        /// Where they were looked for.
        path: PathBuf,
        /// The file.
        published: PublishedWeights,
    },
    /// The weights cannot be used.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// A recogniser cannot be used.
    #[error(transparent)]
    Recognizer(#[from] RecognizerError),
    /// A network that is built in cannot be used.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The network has no plan.
    #[error(transparent)]
    Plan(#[from] NoPlan),
    /// Pictures of another size than the network's.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// Features that are no numbers.
    #[error(transparent)]
    Features(#[from] FeatureError),
    /// A picture cannot be resized or encoded.
    #[error(transparent)]
    Picture(#[from] portraitist_face::Error),
}
