//! Tensor operations that `burn` does not have, or not fast enough.
//!
//! [`NetworkOps`] gives each a default made of [`fallback`] operations, which runs on any device; the
//! CPU backend (`flex`) overrides them with the kernels of `portraitist-kernels`, and the gradients
//! are written by hand in `autodiff`.

#[cfg(feature = "training")]
mod autodiff;
#[cfg(any(feature = "cuda", feature = "wgpu"))]
mod cube;
mod extension;
pub mod fallback;
mod flex;
mod geometry;

use burn::backend::Dispatch;
use burn::tensor::Tensor;

pub use extension::{LatestVectors, NetworkOps};
pub use geometry::{ConvGeometry, NORM_EPSILON};
pub use portraitist_kernels::{AdamStep, Padding, Pointwise};

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

/// A convolution of each channel by itself. Zeros surround the images so that outputs are as many as inputs divided by the stride,
/// rounded up; with stride 2 and an even size they lie behind the images only, as TensorFlow's `SAME` has it.
///
/// # Shapes
/// - images: `[n, c, h, w]`
/// - weight: `[c, 1, 3, 3]`
/// - bias: `[c]`
/// - output: `[n, c, ceil(h / stride), ceil(w / stride)]`
pub fn depthwise_conv2d(images: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>, stride: usize) -> Tensor<4> {
    let (images, weight, bias) = (images.into_dispatch(), weight.into_dispatch(), bias.into_dispatch());
    Tensor::from_dispatch(Dispatch::depthwise_conv2d(images, weight, bias, stride))
}

/// Nearest upsampling by two, then a 5x5 convolution with reflect padding 2: what the two would give one after the
/// other, at less than half the multiplications.
///
/// # Shapes
/// - images: `[n, in, h, w]`, `h` and `w` at least 2
/// - weight: `[out, in, 5, 5]`
/// - bias: `[out]`
/// - output: `[n, out, 2 h, 2 w]`
pub fn upsampled_conv2d(images: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::upsampled_conv2d(
        images.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
    ))
}

/// Instance normalisation: each channel of each picture to mean 0 and variance 1 (biased, epsilon inside the root), times `scale`, plus
/// `shift`, cut at 0 with `relu`; then `residual` is added.
///
/// # Shapes
/// - images, residual, output: `[n, c, h, w]`
/// - scale, shift: `[n, c]`
pub fn instance_norm(
    images: Tensor<4>,
    [scale, shift]: [Tensor<2>; 2],
    relu: bool,
    residual: Option<Tensor<4>>,
) -> Tensor<4> {
    let (images, scale, shift) = (images.into_dispatch(), scale.into_dispatch(), shift.into_dispatch());
    Tensor::from_dispatch(match residual {
        None => Dispatch::instance_norm(images, scale, shift, relu),
        Some(residual) => Dispatch::instance_norm_add(images, scale, shift, residual.into_dispatch(), relu),
    })
}

/// Layer normalisation over channels and pixels: each picture as a whole to mean 0 and deviation 1 (unbiased, epsilon added to the deviation), times `scale`, plus
/// `shift`, cut at 0 with `relu`.
///
/// # Shapes
/// - images, output: `[n, c, h, w]`
/// - scale, shift: `[c]`
pub fn layer_norm_chw(images: Tensor<4>, [scale, shift]: [Tensor<1>; 2], relu: bool) -> Tensor<4> {
    let (images, scale, shift) = (images.into_dispatch(), scale.into_dispatch(), shift.into_dispatch());
    Tensor::from_dispatch(Dispatch::layer_norm_chw(images, scale, shift, relu))
}

/// Every position's average of the values, by the softmax of its query's inner products with all keys, which are not
/// scaled. On the CPU memory grows with the positions, elsewhere with their square.
///
/// # Shapes
/// - query, key: `[n, channels, positions]`
/// - value, output: `[n, value channels, positions]`
pub fn self_attention(query: Tensor<3>, key: Tensor<3>, value: Tensor<3>) -> Tensor<3> {
    Tensor::from_dispatch(Dispatch::self_attention(query.into_dispatch(), key.into_dispatch(), value.into_dispatch()))
}

/// `change * factor + x`.
///
/// # Shapes
/// - change, x, output: the same
/// - factor: `[1]`
pub fn scaled_sum<const D: usize>(change: Tensor<D>, factor: Tensor<1>, x: Tensor<D>) -> Tensor<D> {
    let (change, factor, x) = (change.into_dispatch(), factor.into_dispatch(), x.into_dispatch());
    Tensor::from_dispatch(Dispatch::scaled_sum(change, factor, x))
}

/// An activation of every value; its gradient is found from the output. At 0 the derivative of ReLU is 0, that of leaky ReLU its slope.
pub fn activate<const D: usize>(x: Tensor<D>, function: Pointwise) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::activate(x.into_dispatch(), function))
}

/// PReLU: `x` above 0, else `x` times the weight of its channel. At 0 the weight is the derivative.
///
/// # Shapes
/// - images, output: `[n, c, h, w]`
/// - weight: `[c]`
pub fn prelu(images: Tensor<4>, weight: Tensor<1>) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::channel_prelu(images.into_dispatch(), weight.into_dispatch()))
}

/// The mean of the absolute differences, over everything; no gradient where there is no difference.
///
/// # Shapes
/// - left, right: the same
/// - output: `[1]`
pub fn mean_absolute_error<const D: usize>(left: Tensor<D>, right: Tensor<D>) -> Tensor<1> {
    Tensor::from_dispatch(Dispatch::mean_absolute_error(left.into_dispatch(), right.into_dispatch()))
}

/// One step of Adam, as PyTorch takes it: the new parameter, first moment and second moment.
///
/// # Shapes
/// All of one length.
pub fn adam_step(
    parameter: Tensor<1>,
    gradient: Tensor<1>,
    [first, second]: [Tensor<1>; 2],
    step: AdamStep,
) -> (Tensor<1>, [Tensor<1>; 2]) {
    let (parameter, first, second) = Dispatch::adam_step(
        parameter.into_dispatch(),
        gradient.into_dispatch(),
        first.into_dispatch(),
        second.into_dispatch(),
        step,
    );
    (Tensor::from_dispatch(parameter), [first, second].map(Tensor::from_dispatch))
}

/// One step of power iteration: `v = n(W^T u)`, `u = n(W v)`, `sigma = u . W v`, with `n(z) = z / (|z| + 1e-12)`.
///
/// # Shapes
/// - weight: `[out, rest]`; u: `[out]`
/// - output: u `[out]`, v `[rest]`, sigma `[1]`
pub fn power_step(weight: Tensor<2>, u: Tensor<1>) -> ([Tensor<1>; 2], Tensor<1>) {
    let (u, v, sigma) = Dispatch::power_step(weight.into_dispatch(), u.into_dispatch());
    ([u, v].map(Tensor::from_dispatch), Tensor::from_dispatch(sigma))
}

/// A weight divided by its spectral norm `sigma`, with the reference's gradient: sigma is differentiated with the
/// singular vectors that `latest` holds **when the backward pass runs**, because the reference overwrites them in place
/// without autograd noticing.
///
/// # Shapes
/// - weight: `[out, rest]`; output the same
pub fn spectral_divide(weight: Tensor<2>, sigma: f32, latest: LatestVectors) -> Tensor<2> {
    Tensor::from_dispatch(Dispatch::spectral_divide(weight.into_dispatch(), sigma, latest))
}
