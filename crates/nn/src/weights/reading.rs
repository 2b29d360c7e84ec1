//! Weights files of any kind.

use std::path::Path;

use super::arrays::NamedArrays;
use super::error::WeightsError;
use super::hash::{sha256, sha256_of_file};
use super::native::{ModelFile, is_native, parse_native, read_native, read_safetensors};
use super::pytorch::read_pytorch;
use super::{original, sphereface};

/// Reads a weights file of any kind. Its first bytes say which kind it is.
///
/// # Errors
/// See [`WeightsError`].
pub fn read_model(path: &Path) -> Result<ModelFile, WeightsError> {
    if is_native(path)? {
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
    if is_native(path)? {
        let bytes = std::fs::read(path).map_err(unread)?;
        return Ok((parse_native(&bytes, path)?, sha256(&bytes)));
    }
    Ok((read_model(path)?, sha256_of_file(path).map_err(unread)?))
}

/// The arrays of a PyTorch checkpoint or of any safetensors file, of any network.
///
/// # Errors
/// See [`WeightsError`].
pub fn read_arrays(path: &Path) -> Result<NamedArrays, WeightsError> {
    if is_native(path)? { read_safetensors(path) } else { read_pytorch(path) }
}
