//! Files that hold weights: the original's PyTorch checkpoints and Portraitist's own safetensors.

mod arrays;
mod error;
mod native;
mod original;
mod pytorch;

pub use arrays::{Array, NamedArrays, assign, collect};
pub use error::WeightsError;
pub use native::{FloatKind, ModelFile, NetworkKind, read_native, write_native};
pub use original::{OriginalConfig, find_config};
pub use pytorch::read_pytorch;

use std::path::Path;

use sha2::{Digest, Sha256};

/// Reads a weights file of either kind, told apart by its first bytes.
///
/// # Errors
/// See [`WeightsError`].
pub fn read_model(path: &Path) -> Result<ModelFile, WeightsError> {
    if native::is_native(path)? { read_native(path) } else { original::read_original(path) }
}

/// The SHA-256 of bytes, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
