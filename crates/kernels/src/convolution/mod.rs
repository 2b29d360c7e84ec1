//! Convolution with its padding: forward and gradients, images `[n, c, h, w]`.
//!
//! `forward.rs`, `input_gradient.rs` and `weight_gradient.rs` are the entries. The first two describe a `correlation.rs`,
//! which `direct.rs` or Winograd's algorithm computes.

pub(crate) mod axis;
pub(crate) mod correlation;
pub(crate) mod depthwise;
mod direct;
mod fold;
pub(crate) mod forward;
pub(crate) mod input_gradient;
mod packed_weights;
pub(crate) mod padding;
pub(crate) mod shape;
mod vectors;
pub(crate) mod weight_gradient;
