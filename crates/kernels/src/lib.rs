//! Convolution, normalisation and their gradients on plain `f32` slices, on the CPU.
//!
//! Convolution comes with its padding; normalisation with its activation and the addition of a residual.
//!
//! Slices are contiguous: images `[n, c, h, w]`, weights `[o, i, kh, kw]`. [`Conv2d`] describes a convolution together
//! with its padding; [`forward`], [`input_gradient`], [`weight_gradient`] and [`bias_gradient`] compute it. [`instance_norm`] and [`layer_norm`]
//! normalise.
//!
//! The work is split over rayon's threads in a way that depends on shapes alone, so results are bit-identical for any
//! number of threads. They differ in rounding between instruction sets, see [`isa`].
//!
//! Each thread keeps a few scratch buffers between calls.

#![expect(
    unsafe_code,
    reason = "vector instructions, and threads that write disjoint parts of one slice"
)]

mod axis;
mod convolve;
mod correlate;
mod isa;
mod microkernel;
mod normalize;
mod pack;
mod plane;
mod scratch;
mod shape;
#[cfg(test)]
mod tests;
mod vector;
mod weight_gradient;
mod winograd;

pub use convolve::{bias_gradient, forward, input_gradient, weight_gradient};
pub use isa::{Isa, isa};
pub use normalize::{
    Activation, AffineGradient, Normalization, Statistics, instance_norm, instance_norm_gradient,
    layer_norm, layer_norm_gradient,
};
pub use shape::{Conv2d, Padding, ShapeError};
