//! The layers that the networks are made of.

mod activation;
mod attention;
mod block;
mod convolution;
mod initializer;
mod linear;
mod normalization;
mod pooling;

pub use activation::{Activation, ActivationKind, PRelu};
pub use attention::SelfAttention;
pub use block::{ConvBlock, ConvBlockConfig, ResidualBlock};
pub use convolution::{Conv2d, Convolution, CurrentWeights, SpectralConv2d};
pub use initializer::{Initialization, Initializer};
pub use linear::{Linear, StyleMlp};
pub use normalization::{AdaptiveParameters, Normalization, NormalizationKind, Then, instance_norm};
pub use pooling::halved;
