//! Channels-last (NHWC) images and convolutions between them: the layout of inference.

pub(crate) mod convolution;
pub(crate) mod feature_map;
pub(crate) mod gemm_weights;
mod rounded;
pub(crate) mod shape;
