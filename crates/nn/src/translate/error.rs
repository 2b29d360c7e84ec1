//! What can be wrong with a model, or with what it is asked to translate.

use std::path::PathBuf;

use crate::run_folder::NoCheckpoint;
use crate::weights::WeightsError;

/// A model that could not be found or used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// Nothing of that name.
    #[error(
        "no model at {name:?}: expected a run folder, a checkpoint folder, a weights file, or one of the built-in models: {built_in}"
    )]
    NotFound {
        /// What was asked for.
        name: String,
        /// What there is.
        built_in: String,
    },
    /// A run without a whole checkpoint.
    #[error(transparent)]
    NoCheckpoint(#[from] NoCheckpoint),
    /// The file holds other networks.
    #[error("{}: holds a {found} network, not a translator; translation needs gen_*.pt or generator.safetensors", path.display())]
    NotTranslator {
        /// The file.
        path: PathBuf,
        /// What it holds.
        found: &'static str,
    },
    /// The file could not be used.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// A style code of the wrong length.
    #[error("the style has {found} dimensions, the model expects {expected}")]
    StyleLength {
        /// The model's style dimensions.
        expected: usize,
        /// What was given.
        found: usize,
    },
    /// The networks gave NaN or an infinity.
    #[error(
        "the model's numbers for this picture are not finite; its weights or the style (largest value {largest_style}) lead out of the range of 32-bit numbers: try another style or model"
    )]
    NotFinite {
        /// The style's value of the largest amount.
        largest_style: f32,
    },
    /// The picture could not be prepared, or the result could not be converted.
    #[error(transparent)]
    Picture(#[from] portraitist_face::Error),
}
