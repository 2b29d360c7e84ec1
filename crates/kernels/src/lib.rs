//! Convolution, normalisation, self-attention, their gradients and the optimiser's step on plain `f32` slices, on the CPU.
//!
//! Slices are contiguous: images `[n, c, h, w]`, weights `[o, i, kh, kw]`.
//!
//! For training:
//! - [`Conv2d`] describes a convolution with its padding. [`forward`], [`input_gradient`], [`weight_gradient()`] and
//!   [`bias_gradient`] compute it. [`UpsampledConv2d`] joins a convolution with the upsampling before it,
//!   [`Depthwise`] has a kernel for each channel.
//! - [`instance_norm`] and [`layer_norm`] normalise, together with the activation and the residual that follow.
//!   [`power_step`] approaches a spectral norm.
//! - [`attention_forward`] is self-attention. [`activation`], [`Prelu`] and [`mean_absolute_error`] take values one by one.
//! - [`adam_step`] changes parameters.
//!
//! For inference with constant weights: [`PreparedConvolution`], [`PreparedUpsampling`], [`PreparedFewOutputs`],
//! [`Pool`], [`shortcut_sum`] and [`FeatureMapNormalization`] are layers between channels-last [`FeatureMap`]s. For networks so small that threads pay off
//! only between images: [`DenseConvolution`], [`DepthwiseConvolution`], [`shortcut`] and [`add_upsampled`], between maps of
//! a [`DenseShape`].
//!
//! [`CachingAllocator`] is an allocator for programs that do all this.
//!
//! For large 3x3 convolutions with stride 1 the forward pass and both gradients use Winograd's F(4x4, 3x3):
//! errors around 1e-5 of the largest output, where the direct convolution has 1e-6. The environment variable
//! `PORTRAITIST_WINOGRAD=off`, read once, prevents it; `always` takes it wherever it is possible.
//!
//! The work is split over rayon's threads in a way that depends on shapes alone, so results are bit-identical for any
//! number of threads. They differ in rounding between instruction sets, see [`isa()`].
//!
//! Each thread keeps a few scratch buffers between calls.

#![expect(unsafe_code, reason = "vector instructions, threads that write disjoint parts of one slice, an allocator")]

mod adam;
mod algorithm;
mod attention;
mod bf16;
mod channels_last;
mod convolution;
mod error;
mod inference;
mod memory;
mod normalization;
mod partition;
mod pointwise;
mod simd;
#[cfg(test)]
mod tests;
mod upsampling;
mod winograd;

pub use adam::{AdamStep, adam_step};
pub use algorithm::Precision;
pub use attention::forward::{Attention, attention_forward, attention_forward_to};
pub use attention::gradient::attention_gradient;
pub use bf16::unit::Bf16Unit;
pub use channels_last::feature_map::FeatureMap;
pub use channels_last::shape::FeatureMapShape;
pub use convolution::depthwise::Depthwise;
pub use convolution::forward::forward;
pub use convolution::input_gradient::input_gradient;
pub use convolution::padding::Padding;
pub use convolution::shape::Conv2d;
pub use convolution::weight_gradient::{bias_gradient, weight_gradient};
pub use error::ShapeError;
pub use inference::convolution::{OutputActivation, PreparedConvolution};
pub use inference::dense::convolution::DenseConvolution;
pub use inference::dense::depthwise::DepthwiseConvolution;
pub use inference::dense::shape::DenseShape;
pub use inference::dense::shortcut::{add_upsampled, shortcut};
pub use inference::few_outputs::PreparedFewOutputs;
pub use inference::pooling::{Pool, PoolKind, global_mean};
pub use inference::shortcut_sum::shortcut_sum;
pub use inference::upsampling::PreparedUpsampling;
pub use memory::allocator::CachingAllocator;
#[cfg(feature = "mimalloc")]
pub use memory::mimalloc::{keep_no_free_pages, return_freed_memory};
pub use normalization::feature_map::{FeatureMapNormalization, NormalizationScope};
pub use normalization::instance::{instance_norm, instance_norm_gradient, instance_statistics};
pub use normalization::layer::{layer_norm, layer_norm_gradient, layer_statistics};
pub use normalization::shape::{Activation, AffineGradient, Normalization, Statistics};
pub use normalization::spectral::power_step;
pub use pointwise::absolute_error::{mean_absolute_error, mean_absolute_error_gradient};
pub use pointwise::activation::{Pointwise, activation, activation_gradient};
pub use pointwise::prelu::Prelu;
pub use pointwise::scaled_sum::{scaled_sum, scaled_sum_gradient};
pub use simd::dispatch::{bf16_unit, isa};
pub use simd::isa::Isa;
pub use upsampling::shape::UpsampledConv2d;
