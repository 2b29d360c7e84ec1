//! The shapes of tensors as the kernels take them.

use burn::backend::TensorMetadata;
use burn_flex::FlexTensor;
use portraitist_kernels as kernels;

use crate::ops::geometry::{ConvGeometry, NORM_EPSILON};

/// A convolution of images `[n, c, h, w]`.
pub(super) fn convolution(images: [usize; 4], channels_out: usize, geometry: ConvGeometry) -> kernels::Conv2d {
    let [batch, in_channels, in_height, in_width] = images;
    kernels::Conv2d {
        batch,
        in_channels,
        in_height,
        in_width,
        out_channels: channels_out,
        kernel: [geometry.kernel; 2],
        stride: geometry.stride,
        padding: geometry.padding,
        mode: geometry.mode,
    }
}

/// Upsampling and the convolution behind it.
pub(super) fn upsampled(images: [usize; 4], channels_out: usize) -> kernels::UpsampledConv2d {
    let [batch, in_channels, in_height, in_width] = images;
    kernels::UpsampledConv2d { batch, in_channels, in_height, in_width, out_channels: channels_out }
}

/// Self-attention of a query `[n, channels, positions]` and a value.
pub(super) fn attention(query: &FlexTensor, value: &FlexTensor) -> kernels::Attention {
    let [batch, key_channels, positions] = query.shape().dims();
    kernels::Attention { batch, positions, key_channels, value_channels: value.shape()[1] }
}

/// A normalisation of images `[n, c, h, w]`.
pub(super) fn normalization(images: &FlexTensor, relu: bool) -> kernels::Normalization {
    let [batch, channels, height, width] = images.shape().dims();
    let activation = if relu { kernels::Activation::Relu } else { kernels::Activation::None };
    kernels::Normalization { batch, channels, plane: height * width, epsilon: NORM_EPSILON, activation }
}

/// PReLU of images `[n, c, h, w]`.
pub(super) fn prelu(images: &FlexTensor) -> kernels::Prelu {
    let [batch, channels, height, width] = images.shape().dims();
    kernels::Prelu { batch, channels, plane: height * width }
}

/// A depthwise convolution of images `[n, c, h, w]`.
pub(super) fn depthwise([batch, channels, height, width]: [usize; 4], stride: usize) -> kernels::Depthwise {
    kernels::Depthwise { batch, channels, height, width, stride }
}
