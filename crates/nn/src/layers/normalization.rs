//! Normalisation of activations.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::parameter::{Parameter, Parameterized, join};

use super::Initializer;

/// Added to variances (and by layer norm to the deviation) before dividing.
const EPSILON: f64 = 1e-5;

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
    /// Instance normalisation whose scale and shift the style gives.
    #[serde(rename = "adain")]
    Adaptive,
}

/// Scale and shift that a style gives to one layer.
///
/// # Shapes
/// - shift, scale: `[n, c, 1, 1]`
#[derive(Clone, Debug)]
pub struct AdaptiveParameters {
    /// Added after scaling.
    pub shift: Tensor<4>,
    /// Multiplied with the normalised values (there is no "1 +").
    pub scale: Tensor<4>,
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
    /// Ioffe and Szegedy 2015. It always uses the batch's own statistics: only critics have it, and
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

    /// Normalises `[n, c, h, w]`; `style` is required by [`Normalization::Adaptive`] and unused elsewhere.
    ///
    /// # Panics
    /// If an adaptive layer gets no style.
    pub fn forward(&self, x: Tensor<4>, style: Option<&AdaptiveParameters>) -> Tensor<4> {
        match self {
            Self::None => x,
            Self::Instance => instance_norm(x),
            Self::Adaptive => {
                let style = style.expect("the decoder gives each adaptive layer its style");
                instance_norm(x) * style.scale.clone() + style.shift.clone()
            }
            Self::Layer { gamma, beta } => layer_norm(x) * per_channel(gamma) + per_channel(beta),
            Self::Batch { weight, bias } => batch_norm(x) * per_channel(weight) + per_channel(bias),
        }
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

/// Each channel of each picture to mean 0 and variance 1: biased variance, epsilon 1e-5 inside the root.
pub fn instance_norm(x: Tensor<4>) -> Tensor<4> {
    let [n, c, h, w] = x.dims();
    normalise_rows(x.reshape([n * c, h * w])).reshape([n, c, h, w])
}

fn batch_norm(x: Tensor<4>) -> Tensor<4> {
    let [n, c, h, w] = x.dims();
    let rows = x.swap_dims(0, 1).reshape([c, n * h * w]);
    normalise_rows(rows).reshape([c, n, h, w]).swap_dims(0, 1)
}

fn normalise_rows(rows: Tensor<2>) -> Tensor<2> {
    let centred = rows.clone() - rows.mean_dim(1);
    let variance = centred.clone().powi_scalar(2).mean_dim(1);
    centred / (variance + EPSILON).sqrt()
}

fn layer_norm(x: Tensor<4>) -> Tensor<4> {
    let [n, c, h, w] = x.dims();
    let count = c * h * w;
    let rows = x.reshape([n, count]);
    let centred = rows.clone() - rows.mean_dim(1);
    let variance = centred.clone().powi_scalar(2).sum_dim(1) / (count as f64 - 1.0);
    (centred / (variance.sqrt() + EPSILON)).reshape([n, c, h, w])
}
