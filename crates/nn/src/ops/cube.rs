//! The operations on GPUs: the fallbacks, until kernels of their own pay.

use super::extension::NetworkOps;

// All CubeCL runtimes share one backend type.
#[cfg(feature = "wgpu")]
impl NetworkOps for burn::backend::Wgpu {}
#[cfg(all(feature = "cuda", not(feature = "wgpu")))]
impl NetworkOps for burn::backend::Cuda {}
