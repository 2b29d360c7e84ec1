//! The layers that the networks are made of.

mod activation;
mod attention;
mod block;
mod convolution;
mod folded;
mod initializer;
mod linear;
mod normalization;
mod padding;
mod pooling;

pub use activation::{Activation, ActivationKind};
pub use attention::{AttentionWeights, SelfAttention};
pub use block::{ConvBlock, ConvBlockConfig, ResidualBlock};
pub use convolution::{Conv2d, Convolution, ConvolutionWeights, SpectralConv2d};
pub use folded::{BatchNormalized, FoldedConvolution, KernelGeometry};
pub use initializer::{Initialization, Initializer};
pub use linear::Linear;
pub use normalization::{AdainParameters, Epilogue, Normalization, NormalizationKind, instance_norm};
pub use padding::PaddingKind;
pub use pooling::{AVERAGE_POOL, MAX_POOL, pool};
