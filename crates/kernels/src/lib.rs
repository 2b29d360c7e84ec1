//! Convolution, normalisation, their gradients and the optimiser's step on plain `f32` slices, on the CPU.
//!
//! Convolution comes with its padding; normalisation with its activation and the addition of a residual.
//!
//! Slices are contiguous: images `[n, c, h, w]`, weights `[o, i, kh, kw]`. [`Conv2d`] describes a convolution together
//! with its padding; [`forward`], [`input_gradient`], [`weight_gradient()`] and [`bias_gradient`] compute it.
//! [`PreparedConvolution`], [`PreparedUpsampling`], [`PreparedFewOutputs`] and [`FeatureMapNormalization`] are layers between
//! [`FeatureMap`]s with weights that stay. [`UpsampledConv2d`] joins a convolution with the enlargement before it. [`instance_norm`] and [`layer_norm`] normalise.
//! [`attention_forward`] lets all positions look at each other, [`activation`], [`Prelu`]
//! and [`mean_absolute_error`] take values one by one, [`adam_step`] trains, [`power_step`] follows a spectral norm. [`CachingAllocator`] is an allocator for programs
//! that do all this.
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
mod allocator;
mod attention;
mod attention_blocks;
mod attention_gradient;
mod axis;
mod convolve;
mod correlate;
mod cover;
mod fold;
mod isa;
mod microkernel;
mod normalize;
mod pack;
mod plane;
mod pointwise;
mod power;
mod prelu;
mod prepared;
mod scratch;
mod shape;
mod softmax;
#[cfg(test)]
mod tests;
mod transpose;
mod turned;
mod upsample;
mod vector;
mod weight_gradient;
mod winograd;
mod winograd_transforms;
mod winograd_weight_gradient;

pub use adam::{AdamStep, adam_step};
pub use allocator::CachingAllocator;
pub use attention::{Attention, attention_forward};
pub use attention_gradient::attention_gradient;
pub use convolve::{bias_gradient, forward, input_gradient, weight_gradient};
pub use isa::{Isa, isa};
pub use normalize::{
    Activation, AffineGradient, Normalization, Statistics, instance_norm, instance_norm_gradient, instance_statistics,
    layer_norm, layer_norm_gradient, layer_statistics,
};
pub use pointwise::{
    Pointwise, activation, activation_gradient, mean_absolute_error, mean_absolute_error_gradient, scaled_sum,
    scaled_sum_gradient,
};
pub use power::power_step;
pub use prelu::Prelu;
pub use prepared::{
    FeatureMap, FeatureMapNormalization, FeatureMapShape, NormalizationScope, OutputActivation, Precision,
    PreparedConvolution, PreparedFewOutputs, PreparedUpsampling,
};
pub use shape::{Conv2d, Padding, ShapeError};
pub use upsample::UpsampledConv2d;
