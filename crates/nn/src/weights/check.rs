//! Whether arrays fit the network that a configuration describes.

use std::path::Path;

use burn::tensor::Device;

use crate::layers::Initialization;
use crate::networks::SphereFace;
use crate::networks::munit::{Discriminators, Translator};
use crate::recognition::{Classifier, RecognizerDescription};

use super::arrays::assign;
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
            assign(&mut SphereFace::new(network, scheme, 0, &device), model.arrays.clone(), path)
        }
        ModelConfig::Recognizer(RecognizerDescription { network, margin, .. }) => {
            assign(&mut Classifier::new(network, *margin, scheme, 0, &device), model.arrays.clone(), path)
        }
        ModelConfig::Optimizer => Ok(()),
    }
}
