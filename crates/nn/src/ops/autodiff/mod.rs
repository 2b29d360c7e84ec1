//! The gradients of the operations, written by hand. Each computes the gradients that its operands ask for.

mod attention;
mod convolution;
mod depthwise;
mod normalization;
mod pointwise;
mod spectral;

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;

use portraitist_kernels::Pointwise;

use super::extension::{LatestVectors, NetworkOps};
use super::geometry::ConvGeometry;

impl<B: NetworkOps, C: CheckpointStrategy> NetworkOps for Autodiff<B, C> {
    fn padded_conv2d(
        images: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        geometry: ConvGeometry,
    ) -> FloatTensor<Self> {
        convolution::padded::<B, C>(images, weight, bias, geometry)
    }

    fn depthwise_conv2d(
        images: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        stride: usize,
    ) -> FloatTensor<Self> {
        depthwise::convolve::<B, C>(images, weight, bias, stride)
    }

    fn upsampled_conv2d(
        images: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        convolution::upsampled::<B, C>(images, weight, bias)
    }

    fn instance_norm(
        images: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self> {
        normalization::instance::<B, C>([images, scale, shift], relu)
    }

    fn instance_norm_add(
        images: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self> {
        normalization::instance_add::<B, C>([images, scale, shift, residual], relu)
    }

    fn layer_norm_chw(
        images: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self> {
        normalization::layer_chw::<B, C>([images, scale, shift], relu)
    }

    fn self_attention(query: FloatTensor<Self>, key: FloatTensor<Self>, value: FloatTensor<Self>) -> FloatTensor<Self> {
        attention::attend::<B, C>([query, key, value])
    }

    fn scaled_sum(change: FloatTensor<Self>, factor: FloatTensor<Self>, x: FloatTensor<Self>) -> FloatTensor<Self> {
        attention::scaled_sum::<B, C>([change, factor, x])
    }

    fn activate(x: FloatTensor<Self>, function: Pointwise) -> FloatTensor<Self> {
        pointwise::activate::<B, C>(x, function)
    }

    fn channel_prelu(images: FloatTensor<Self>, weight: FloatTensor<Self>) -> FloatTensor<Self> {
        pointwise::prelu::<B, C>(images, weight)
    }

    fn mean_absolute_error(left: FloatTensor<Self>, right: FloatTensor<Self>) -> FloatTensor<Self> {
        pointwise::mean_absolute_error::<B, C>(left, right)
    }

    fn spectral_divide(weight: FloatTensor<Self>, sigma: f32, latest: LatestVectors) -> FloatTensor<Self> {
        spectral::divide::<B, C>(weight, sigma, latest)
    }
}
