//! Layers with constant weights: packed or transformed once, with bias, activation and residual in the pass that writes
//! the outputs. They read and write [`FeatureMap`](crate::FeatureMap)s.
//!
//! Which algorithm computes a convolution, and in which order it adds, depends on its shape alone. The result of an image
//! depends neither on the images beside it nor on the number of threads.

pub(crate) mod convolution;
pub(crate) mod dense;
pub(crate) mod few_outputs;
pub(crate) mod pooling;
pub(crate) mod upsampling;
