//! Upsampling by two followed by a 5x5 convolution: forward and gradients, images `[n, c, h, w]`.

pub(crate) mod convolution;
pub(crate) mod edges;
pub(crate) mod phases;
pub(crate) mod shape;
