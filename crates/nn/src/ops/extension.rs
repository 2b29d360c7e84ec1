//! The operations as `burn` sees them, with bodies that run on any backend.

use std::sync::{Arc, Mutex, PoisonError};

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, TensorMetadata, backend_extension};
use burn::tensor::TensorData;
use portraitist_kernels::{AdamStep, Pointwise};

use super::fallback;
use super::geometry::ConvGeometry;

/// The left and right singular vectors of the latest power iteration of a spectrally normalised weight. All clones of
/// its layer share them; backward passes read them.
#[derive(Clone, Debug, Default)]
pub struct LatestVectors(Arc<Mutex<Option<(TensorData, TensorData)>>>);

impl LatestVectors {
    /// Remembers the vectors of the latest forward call.
    pub fn set(&self, left: TensorData, right: TensorData) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((left, right));
    }

    /// The vectors of the latest forward call.
    #[cfg(feature = "training")]
    pub(super) fn get(&self) -> (TensorData, TensorData) {
        let newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        newest.clone().expect("spectral_divide is only called after a power iteration")
    }
}

/// See the functions of the same names in [`crate::ops`]; what is said here is for those who implement it.
#[backend_extension(Flex, Cube: cfg(any(feature = "cuda", feature = "wgpu")), Autodiff: cfg(feature = "training"))]
pub trait NetworkOps: Backend {
    /// A convolution with its padding.
    fn padded_conv2d(
        images: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        geometry: ConvGeometry,
    ) -> FloatTensor<Self> {
        fallback::padded_conv2d::<Self>(images, weight, bias, geometry)
    }

    /// The gradient of [`NetworkOps::padded_conv2d`] with respect to its images, whose height and
    /// width are `size`.
    fn padded_conv2d_input_gradient(
        weight: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
        size: [usize; 2],
        geometry: ConvGeometry,
    ) -> FloatTensor<Self> {
        fallback::padded_conv2d_input_gradient::<Self>(weight, output_gradient, size, geometry)
    }

    /// The gradient of [`NetworkOps::padded_conv2d`] with respect to its weight.
    fn padded_conv2d_weight_gradient(
        images: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
        geometry: ConvGeometry,
    ) -> FloatTensor<Self> {
        fallback::padded_conv2d_weight_gradient::<Self>(images, output_gradient, geometry)
    }

    /// All gradients of [`NetworkOps::padded_conv2d`]: with respect to images, weight and bias.
    fn padded_conv2d_gradients(
        images: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
        geometry: ConvGeometry,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let [_, _, height, width] = images.shape().dims();
        (
            Self::padded_conv2d_input_gradient(weight, output_gradient.clone(), [height, width], geometry),
            Self::padded_conv2d_weight_gradient(images, output_gradient.clone(), geometry),
            Self::channel_sums(output_gradient),
        )
    }

    /// Sums over pictures and pixels, `[n, c, h, w]` to `[c]`: the gradient of a convolution's bias.
    fn channel_sums(images: FloatTensor<Self>) -> FloatTensor<Self> {
        fallback::channel_sums::<Self>(images)
    }

    /// A 3x3 convolution of each channel by itself, with zeros around as TensorFlow's `SAME` has them.
    fn depthwise_conv2d(
        images: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        stride: usize,
    ) -> FloatTensor<Self> {
        fallback::depthwise_conv2d::<Self>(images, weight, bias, stride)
    }

    /// The gradient of [`NetworkOps::depthwise_conv2d`] with respect to its images, whose height and width are `size`.
    fn depthwise_conv2d_input_gradient(
        weight: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
        size: [usize; 2],
        stride: usize,
    ) -> FloatTensor<Self> {
        fallback::depthwise_conv2d_input_gradient::<Self>(weight, output_gradient, size, stride)
    }

    /// The gradient of [`NetworkOps::depthwise_conv2d`] with respect to its weight.
    fn depthwise_conv2d_weight_gradient(
        images: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
        stride: usize,
    ) -> FloatTensor<Self> {
        fallback::depthwise_conv2d_weight_gradient::<Self>(images, output_gradient, stride)
    }

    /// Nearest upsampling by two, then a 5x5 convolution with reflect padding.
    fn upsampled_conv2d(
        images: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        fallback::upsampled_conv2d::<Self>(images, weight, bias)
    }

    /// The gradient of [`NetworkOps::upsampled_conv2d`] with respect to its images.
    fn upsampled_conv2d_input_gradient(
        weight: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        fallback::upsampled_conv2d_input_gradient::<Self>(weight, output_gradient)
    }

    /// The gradient of [`NetworkOps::upsampled_conv2d`] with respect to its weight.
    fn upsampled_conv2d_weight_gradient(
        images: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        fallback::upsampled_conv2d_weight_gradient::<Self>(images, output_gradient)
    }

    /// All gradients of [`NetworkOps::upsampled_conv2d`]: with respect to images, weight and bias.
    fn upsampled_conv2d_gradients(
        images: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        (
            Self::upsampled_conv2d_input_gradient(weight, output_gradient.clone()),
            Self::upsampled_conv2d_weight_gradient(images, output_gradient.clone()),
            Self::channel_sums(output_gradient),
        )
    }

    /// Instance normalisation, scale and shift `[n, c]`, ReLU.
    fn instance_norm(
        images: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self> {
        fallback::instance_norm::<Self>(images, scale, shift, relu)
    }

    /// [`NetworkOps::instance_norm`], plus a residual.
    fn instance_norm_add(
        images: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self> {
        fallback::instance_norm_add::<Self>(images, scale, shift, residual, relu)
    }

    /// The gradients of [`NetworkOps::instance_norm`] with respect to images, scale and shift.
    fn instance_norm_gradient(
        images: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
        relu: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        fallback::instance_norm_gradient::<Self>(images, scale, shift, output_gradient, relu)
    }

    /// Layer normalisation over channels and pixels, scale and shift `[c]`, ReLU.
    fn layer_norm_chw(
        images: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self> {
        fallback::layer_norm_chw::<Self>(images, scale, shift, relu)
    }

    /// The gradients of [`NetworkOps::layer_norm_chw`] with respect to images, scale and shift.
    fn layer_norm_chw_gradient(
        images: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
        relu: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        fallback::layer_norm_chw_gradient::<Self>(images, scale, shift, output_gradient, relu)
    }

    /// The values averaged by the softmax of each query's inner products with the keys.
    fn self_attention(query: FloatTensor<Self>, key: FloatTensor<Self>, value: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::self_attention_with_sums(query, key, value).0
    }

    /// [`NetworkOps::self_attention`], and the logarithms of the sums of exponentials: `[n, positions]`.
    fn self_attention_with_sums(
        query: FloatTensor<Self>,
        key: FloatTensor<Self>,
        value: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        fallback::self_attention_with_sums::<Self>(query, key, value)
    }

    /// The gradients of [`NetworkOps::self_attention`] with respect to query, key and value, from what
    /// [`NetworkOps::self_attention_with_sums`] gave.
    fn self_attention_gradient(
        query: FloatTensor<Self>,
        key: FloatTensor<Self>,
        value: FloatTensor<Self>,
        output: FloatTensor<Self>,
        log_sum_exp: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        fallback::self_attention_gradient::<Self>([query, key, value], output, log_sum_exp, output_gradient)
    }

    /// `change * factor + x`, with a factor `[1]`.
    fn scaled_sum(change: FloatTensor<Self>, factor: FloatTensor<Self>, x: FloatTensor<Self>) -> FloatTensor<Self> {
        fallback::scaled_sum::<Self>(change, factor, x)
    }

    /// The gradients of [`NetworkOps::scaled_sum`] with respect to change and factor.
    fn scaled_sum_gradient(
        change: FloatTensor<Self>,
        factor: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        fallback::scaled_sum_gradient::<Self>(change, factor, output_gradient)
    }

    /// An activation of every value.
    fn activate(x: FloatTensor<Self>, function: Pointwise) -> FloatTensor<Self> {
        fallback::activate::<Self>(x, function)
    }

    /// The gradient of [`NetworkOps::activate`] with respect to its input, from its output.
    fn activate_gradient(
        output: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
        function: Pointwise,
    ) -> FloatTensor<Self> {
        fallback::activate_gradient::<Self>(output, output_gradient, function)
    }

    /// PReLU with a weight per channel: `[n, c, h, w]` and `[c]`. Not named `prelu`: the tensor library has one of that name.
    fn channel_prelu(images: FloatTensor<Self>, weight: FloatTensor<Self>) -> FloatTensor<Self> {
        fallback::prelu::<Self>(images, weight)
    }

    /// The gradients of [`NetworkOps::channel_prelu`] with respect to images and weight.
    fn channel_prelu_gradient(
        images: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        fallback::prelu_gradient::<Self>(images, weight, output_gradient)
    }

    /// The mean of absolute differences: `[1]`.
    fn mean_absolute_error(left: FloatTensor<Self>, right: FloatTensor<Self>) -> FloatTensor<Self> {
        fallback::mean_absolute_error::<Self>(left, right)
    }

    /// The gradient of [`NetworkOps::mean_absolute_error`] with respect to `left`.
    fn mean_absolute_error_gradient(
        left: FloatTensor<Self>,
        right: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        fallback::mean_absolute_error_gradient::<Self>(left, right, output_gradient)
    }

    /// One step of Adam: the new parameter and the new moments. All flat.
    fn adam_step(
        parameter: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        step: AdamStep,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        fallback::adam_step::<Self>(parameter, gradient, first, second, step)
    }

    /// One step of power iteration: u, v, and the norm `[1]`.
    fn power_step(
        weight: FloatTensor<Self>,
        u: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        fallback::power_step::<Self>(weight, u)
    }

    /// A weight divided by its spectral norm.
    fn spectral_divide(weight: FloatTensor<Self>, sigma: f32, latest: LatestVectors) -> FloatTensor<Self> {
        let _ = latest; // read by the gradient only
        Self::float_div_scalar(weight, sigma.into())
    }
}
