//! Files that hold weights: the original's PyTorch checkpoints and Portraitist's own safetensors.

mod arrays;
mod check;
mod error;
mod hash;
mod native;
mod original;
mod pytorch;
mod reading;
mod sphereface;

pub use arrays::{Array, NamedArrays, assign, collect};
pub use check::assign_check;
pub use error::WeightsError;
pub use hash::{sha256, sha256_of_file};
pub use native::{FloatKind, ModelConfig, ModelFile, read_native, to_bytes, write_native};
pub use original::{OriginalConfig, OriginalRecognizer, find_config};
pub use pytorch::read_pytorch;
pub use reading::{read_arrays, read_hashed_model, read_model};
