//! Why a network cannot be built from a model file.

use portraitist_kernels::ShapeError;

use crate::weights::WeightsError;

/// Why a network cannot be built from a model file.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// Its arrays do not fit.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// Its layers do not fit each other.
    #[error(transparent)]
    Shape(#[from] ShapeError),
}
