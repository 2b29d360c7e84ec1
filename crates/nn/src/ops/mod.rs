//! Tensor operations that `burn` does not have, or not fast enough.
//!
//! [`NetworkOps`] gives each a default made of ordinary operations, which runs on any device; the
//! CPU backend (`flex`) overrides them with the kernels of `portraitist-kernels`, and the gradients
//! are written by hand in `autodiff`.

mod autodiff;
mod extension;
mod flex;

use burn::backend::Dispatch;
use burn::tensor::Tensor;

pub use extension::{ConvGeometry, LatestVectors, NetworkOps, Padding};

/// A convolution with its padding: what `pad` and then `conv2d` would give, without the padded copy.
///
/// # Shapes
/// - images: `[n, in, h, w]`
/// - weight: `[out, in, k, k]`
/// - bias: `[out]`
/// - output: `[n, out, (h + 2 padding - k) / stride + 1, ...]`
pub fn conv2d(images: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>, geometry: ConvGeometry) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::padded_conv2d(
        images.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        geometry,
    ))
}

/// A weight divided by its spectral norm `sigma`, with the gradient of the reference: sigma is
/// differentiated with the singular vectors that `latest` holds **when the backward pass runs**,
/// because the reference overwrites them in place behind the gradient record.
///
/// # Shapes
/// - weight: `[out, rest]`; output the same
pub fn spectral_divide(weight: Tensor<2>, sigma: f32, latest: LatestVectors) -> Tensor<2> {
    Tensor::from_dispatch(Dispatch::spectral_divide(weight.into_dispatch(), sigma, latest))
}
