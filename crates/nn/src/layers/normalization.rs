//! Normalisation of activations.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::ops::{self, NORM_EPSILON, Pointwise};
use crate::parameter::{Parameter, Parameterized, join};

use super::Initializer;

/// The normalisations that a configuration can name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum NormalizationKind {
    /// No normalisation.
    #[default]
    #[serde(rename = "none")]
    None,
    /// Spectral normalisation of the convolution's weight instead of its output.
    #[serde(rename = "sn")]
    Spectral,
    /// Each channel of each picture to mean 0 and variance 1.
    #[serde(rename = "in")]
    Instance,
    /// The same over the batch, with trained scale and shift.
    #[serde(rename = "bn")]
    Batch,
    /// Each picture as a whole, with trained scale and shift per channel.
    #[serde(rename = "ln")]
    Layer,
    /// Instance normalisation whose scale and shift come from the style.
    #[serde(rename = "adain")]
    Adaptive,
}

/// Scale and shift of one AdaIN layer, computed from the style code.
///
/// # Shapes
/// - shift, scale: `[n, c]`
#[derive(Clone, Debug)]
pub struct AdainParameters {
    /// Added after scaling.
    pub shift: Tensor<2>,
    /// Multiplied with the normalised values (there is no "1 +").
    pub scale: Tensor<2>,
}

/// A normalisation with its parameters.
#[derive(Clone, Debug)]
pub enum Normalization {
    /// Identity.
    None,
    /// See [`NormalizationKind::Instance`].
    Instance,
    /// Huang and Belongie 2017, <https://arxiv.org/abs/1703.06868>.
    Adaptive,
    /// Mean and **unbiased** deviation over channels and pixels, `(x - mean) / (std + 1e-5)`.
    Layer {
        /// Scale per channel.
        gamma: Parameter,
        /// Shift per channel.
        beta: Parameter,
    },
    /// Ioffe and Szegedy 2015. It always uses the batch's own statistics: only discriminators have it, and
    /// they only run in training.
    Batch {
        /// Scale per channel.
        weight: Parameter,
        /// Shift per channel.
        bias: Parameter,
    },
}

impl Normalization {
    /// A normalisation at its start. [`NormalizationKind::Spectral`] leaves the output alone.
    pub fn new(kind: NormalizationKind, channels: usize, init: &mut Initializer) -> Self {
        match kind {
            NormalizationKind::None | NormalizationKind::Spectral => Self::None,
            NormalizationKind::Instance => Self::Instance,
            NormalizationKind::Adaptive => Self::Adaptive,
            NormalizationKind::Layer => {
                Self::Layer { gamma: init.unit_uniform(channels), beta: init.constant(0.0, channels) }
            }
            NormalizationKind::Batch => {
                Self::Batch { weight: init.constant(1.0, channels), bias: init.constant(0.0, channels) }
            }
        }
    }

    /// Normalises `[n, c, h, w]` and applies `epilogue`. [`Normalization::Adaptive`] requires `adain`; the others ignore it.
    ///
    /// # Panics
    /// If an adaptive layer gets no AdaIN parameters.
    pub fn forward(&self, x: Tensor<4>, adain: Option<&AdainParameters>, epilogue: Epilogue) -> Tensor<4> {
        let Epilogue { relu, residual } = epilogue;
        match self {
            Self::None => separate_epilogue(x, relu, residual),
            Self::Instance => instance_norm(x, Epilogue { relu, residual }),
            Self::Adaptive => {
                let AdainParameters { shift, scale } =
                    adain.expect("the decoder gives each adaptive layer its AdaIN parameters").clone();
                ops::instance_norm(x, [scale, shift], relu, residual)
            }
            Self::Layer { gamma, beta } => {
                let normalised = ops::layer_norm_chw(x, [gamma.flat(), beta.flat()], relu);
                separate_epilogue(normalised, false, residual)
            }
            Self::Batch { weight, bias } => {
                let normalised = batch_norm(x) * per_channel(weight) + per_channel(bias);
                separate_epilogue(normalised, relu, residual)
            }
        }
    }
}

/// What follows a normalisation. Most normalisations do it in the same pass.
#[derive(Clone, Debug, Default)]
pub struct Epilogue {
    /// Negative values become 0.
    pub relu: bool,
    /// Added at the very end: `[n, c, h, w]`.
    pub residual: Option<Tensor<4>>,
}

/// The epilogue as operations of its own.
fn separate_epilogue(x: Tensor<4>, relu: bool, residual: Option<Tensor<4>>) -> Tensor<4> {
    let x = if relu { ops::activate(x, Pointwise::Relu) } else { x };
    match residual {
        Some(residual) => x + residual,
        None => x,
    }
}

impl Parameterized for Normalization {
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter)) {
        match self {
            Self::None | Self::Instance | Self::Adaptive => {}
            Self::Layer { gamma, beta } => {
                visit(&join(prefix, "gamma"), gamma);
                visit(&join(prefix, "beta"), beta);
            }
            Self::Batch { weight, bias } => {
                visit(&join(prefix, "weight"), weight);
                visit(&join(prefix, "bias"), bias);
            }
        }
    }
}

fn per_channel(parameter: &Parameter) -> Tensor<4> {
    let channels = parameter.shape()[0];
    parameter.flat().reshape([1, channels, 1, 1])
}

/// Each channel of each picture to mean 0 and variance 1.
pub fn instance_norm(x: Tensor<4>, epilogue: Epilogue) -> Tensor<4> {
    let [n, c, ..] = x.dims();
    let (scale, shift) = (Tensor::ones([n, c], &x.device()), Tensor::zeros([n, c], &x.device()));
    ops::instance_norm(x, [scale, shift], epilogue.relu, epilogue.residual)
}

fn batch_norm(x: Tensor<4>) -> Tensor<4> {
    let [n, c, h, w] = x.dims();
    let rows: Tensor<2> = x.swap_dims(0, 1).reshape([c, n * h * w]);
    let centred = rows.clone() - rows.mean_dim(1);
    let variance = centred.clone().powi_scalar(2).mean_dim(1);
    let normalised = centred / (variance + NORM_EPSILON).sqrt();
    normalised.reshape([c, n, h, w]).swap_dims(0, 1)
}
