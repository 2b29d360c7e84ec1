//! Whether arrays fit the network that a configuration describes.

use std::path::Path;

use burn::tensor::Device;

use crate::config::FaceNetwork;
use crate::layers::Initialization;
use crate::networks::EmbeddingNetwork;
use crate::networks::mediapipe::{BlazeFace, FaceMesh, Iris, NetworkError, Range};
use crate::networks::munit::{Discriminators, Translator};
use crate::recognition::{Classifier, RecognizerDescription};

use super::arrays::{NamedArrays, assign};
use super::error::WeightsError;
use super::native::{ModelConfig, ModelFile};

/// Whether a model file's arrays fit the network that its configuration describes.
///
/// # Errors
/// [`WeightsError::Mismatch`] and the others of [`assign`].
pub fn assign_check(model: &ModelFile, path: &Path) -> Result<(), WeightsError> {
    let device = Device::flex();
    let scheme = Initialization::Default;
    match &model.config {
        ModelConfig::Translator(config) => {
            assign(&mut Translator::new(config, scheme, 0, &device), model.arrays.clone(), path)
        }
        ModelConfig::Discriminator(config) => {
            assign(&mut Discriminators::new(config, 0, &device), model.arrays.clone(), path)
        }
        ModelConfig::Recognizer(RecognizerDescription { network, .. }) if network.classes == 0 => {
            assign(&mut EmbeddingNetwork::new(network, scheme, 0, &device), model.arrays.clone(), path)
        }
        ModelConfig::Recognizer(RecognizerDescription { network, margin, .. }) => {
            assign(&mut Classifier::new(network, *margin, scheme, 0, &device), model.arrays.clone(), path)
        }
        ModelConfig::FaceNetwork(config) => check_face_network(config.network, model.arrays.clone(), path),
        ModelConfig::Optimizer => Ok(()),
    }
}

/// Builds a face network to see whether its arrays fit.
fn check_face_network(network: FaceNetwork, arrays: NamedArrays, path: &Path) -> Result<(), WeightsError> {
    let built = match network {
        FaceNetwork::BlazeFaceShort => BlazeFace::new(Range::Short, arrays, path).map(drop),
        FaceNetwork::BlazeFaceFull => BlazeFace::new(Range::Full, arrays, path).map(drop),
        FaceNetwork::FaceMesh => FaceMesh::new(arrays, path).map(drop),
        FaceNetwork::DrawnMesh => FaceMesh::for_drawings(arrays, path).map(drop),
        FaceNetwork::Iris => Iris::new(arrays, path).map(drop),
    };
    built.map_err(|error| match error {
        NetworkError::Weights(error) => error,
        NetworkError::Shape(error) => WeightsError::Config { path: path.to_path_buf(), reason: error.to_string() },
    })
}
