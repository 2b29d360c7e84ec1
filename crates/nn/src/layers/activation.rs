//! Activations by name.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::ops::{Pointwise, activate, prelu};
use crate::parameter::{Parameter, Parameterized, join};

use super::Initializer;

/// The activations that a configuration can name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ActivationKind {
    /// Identity.
    None,
    /// `max(0, x)`.
    #[default]
    Relu,
    /// `x` or `0.2 x`.
    #[serde(rename = "lrelu")]
    LeakyRelu,
    /// `x` or `w x` with one trained `w` per layer, 0.25 at first.
    PRelu,
    /// Klambauer et al. 2017, <https://arxiv.org/abs/1706.02515>.
    Selu,
    /// Hyperbolic tangent.
    Tanh,
    /// `x` or `w x` with one trained `w` per channel, 0.25 at first. He et al. 2015, <https://arxiv.org/abs/1502.01852>.
    /// SphereFace has it; configurations cannot name it.
    #[serde(skip)]
    ChannelPRelu,
}

/// Slope of [`ActivationKind::LeakyRelu`] below zero.
const LEAKY_SLOPE: f32 = 0.2;
/// First weight of both kinds of PReLU, as in PyTorch.
const INITIAL_PRELU_WEIGHT: f32 = 0.25;
const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;
const SELU_SCALE: f64 = 1.050_700_987_355_480_5;

/// An activation with the weight that a PReLU trains.
#[derive(Clone, Debug)]
pub struct Activation {
    kind: ActivationKind,
    weight: Option<Parameter>,
}

impl Activation {
    /// An activation of `channels` at its start.
    pub fn new(kind: ActivationKind, channels: usize, init: &Initializer) -> Self {
        let weight = match kind {
            ActivationKind::PRelu => Some(init.constant(INITIAL_PRELU_WEIGHT, 1)),
            ActivationKind::ChannelPRelu => Some(init.constant(INITIAL_PRELU_WEIGHT, channels)),
            _ => None,
        };
        Self { kind, weight }
    }

    /// Which one it is.
    pub fn kind(&self) -> ActivationKind {
        self.kind
    }

    /// The weight of a PReLU, copied to the host; nothing for the others.
    pub fn weight(&self) -> Vec<f32> {
        self.weight.as_ref().map_or_else(Vec::new, Parameter::to_vec)
    }

    /// # Shapes
    /// - x, output: `[n, channels, h, w]`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        match (self.kind, &self.weight) {
            (ActivationKind::ChannelPRelu, Some(weight)) => prelu(x, weight.flat()),
            _ => self.pointwise(x),
        }
    }

    /// # Shapes
    /// - x, output: `[n, channels]`
    pub fn forward_rows(&self, x: Tensor<2>) -> Tensor<2> {
        if self.kind == ActivationKind::ChannelPRelu {
            let [n, channels] = x.dims();
            return self.forward(x.reshape([n, channels, 1, 1])).reshape([n, channels]);
        }
        self.pointwise(x)
    }

    /// The activations that treat every value alike.
    fn pointwise<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        match (self.kind, &self.weight) {
            (ActivationKind::None, _) => x,
            (ActivationKind::Relu, _) => relu(x),
            (ActivationKind::Tanh, _) => activate(x, Pointwise::Tanh),
            (ActivationKind::PRelu, Some(weight)) => {
                let weight: Tensor<D> = weight.flat().reshape([1; D]);
                relu(x.clone()) - relu(-x) * weight
            }
            (ActivationKind::Selu, _) => {
                let negative = (-relu(-x.clone())).exp() - 1.0;
                (relu(x) + negative * SELU_ALPHA) * SELU_SCALE
            }
            (ActivationKind::LeakyRelu, _) => activate(x, Pointwise::LeakyRelu(LEAKY_SLOPE)),
            (ActivationKind::PRelu | ActivationKind::ChannelPRelu, _) => {
                unreachable!("a PReLU is made with its weight, and that of channels is handled before")
            }
        }
    }
}

fn relu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    activate(x, Pointwise::Relu)
}

impl Parameterized for Activation {
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter)) {
        if let Some(weight) = &mut self.weight {
            visit(&join(prefix, "weight"), weight);
        }
    }
}
