//! Files that hold weights: the original's PyTorch checkpoints and Portraitist's own safetensors.

mod arrays;
mod error;
mod native;
mod original;
mod pytorch;
mod sphereface;

pub use arrays::{Array, NamedArrays, assign, collect};
pub use error::WeightsError;
pub use native::{FloatKind, ModelConfig, ModelFile, read_native, write_native};
pub use original::{OriginalConfig, OriginalRecognizer, find_config};
pub use pytorch::read_pytorch;

use std::path::Path;

use burn::tensor::Device;
use sha2::{Digest, Sha256};

use crate::layers::Initialization;
use crate::networks::SphereFace;
use crate::networks::munit::{Discriminators, Translator};
use crate::recognition::{Classifier, RecognizerDescription};

/// Reads a weights file of either kind, told apart by its first bytes.
///
/// # Errors
/// See [`WeightsError`].
pub fn read_model(path: &Path) -> Result<ModelFile, WeightsError> {
    if native::is_native(path)? {
        return read_native(path);
    }
    let arrays = read_pytorch(path)?;
    if sphereface::is_one(&arrays) { sphereface::model(arrays, path) } else { original::model(arrays, path) }
}

/// [`read_model`], and the file's SHA-256 in hexadecimal.
///
/// # Errors
/// See [`WeightsError`].
pub fn read_hashed_model(path: &Path) -> Result<(ModelFile, String), WeightsError> {
    let unread = |source| WeightsError::Read { path: path.to_path_buf(), source };
    if native::is_native(path)? {
        let bytes = std::fs::read(path).map_err(unread)?;
        return Ok((native::parse_native(&bytes, path)?, sha256(&bytes)));
    }
    Ok((read_model(path)?, sha256_of_file(path).map_err(unread)?))
}

/// The arrays of a PyTorch checkpoint or of any safetensors file, without asking what network they are.
///
/// # Errors
/// See [`WeightsError`].
pub fn read_arrays(path: &Path) -> Result<NamedArrays, WeightsError> {
    if native::is_native(path)? { native::read_safetensors(path) } else { read_pytorch(path) }
}

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

/// The SHA-256 of bytes, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// The SHA-256 of a file, in hexadecimal; the file is read piece by piece.
///
/// # Errors
/// If it cannot be read.
pub fn sha256_of_file(path: &Path) -> std::io::Result<String> {
    let mut hash = Sha256::new();
    std::io::copy(&mut std::fs::File::open(path)?, &mut hash)?;
    Ok(hexadecimal(&hash.finalize()))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
