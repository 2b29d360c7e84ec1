//! Why faces cannot be looked for.

use portraitist_kernels::ShapeError;

use crate::networks::mediapipe::NetworkError;
use crate::weights::WeightsError;

/// Why faces cannot be looked for.
#[derive(Debug, thiserror::Error)]
pub enum DetectionError {
    /// A model file cannot be read.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// A model file does not fit its network.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A network was given an image of another size.
    #[error(transparent)]
    Shape(#[from] ShapeError),
}
