//! Activations by name.

use burn::tensor::{Device, Tensor};
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
}

/// Slope of [`ActivationKind::LeakyRelu`] below zero.
const LEAKY_SLOPE: f32 = 0.2;
/// First weight of [`ActivationKind::PRelu`], as in PyTorch.
const INITIAL_PRELU_WEIGHT: f32 = 0.25;
const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;
const SELU_SCALE: f64 = 1.050_700_987_355_480_5;

/// An activation with the parameter that [`ActivationKind::PRelu`] trains.
#[derive(Clone, Debug)]
pub struct Activation {
    kind: ActivationKind,
    weight: Option<Parameter>,
}

impl Activation {
    /// An activation at its start.
    pub fn new(kind: ActivationKind, device: &Device) -> Self {
        let weight =
            (kind == ActivationKind::PRelu).then(|| Parameter::weight(vec![INITIAL_PRELU_WEIGHT], &[1], device));
        Self { kind, weight }
    }

    /// Which one it is.
    pub fn kind(&self) -> ActivationKind {
        self.kind
    }

    /// Applies it to every value.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
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
            (ActivationKind::LeakyRelu | ActivationKind::PRelu, _) => activate(x, Pointwise::LeakyRelu(LEAKY_SLOPE)),
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

/// `x` or `w x`, with one trained weight `w` per channel. He et al. 2015, <https://arxiv.org/abs/1502.01852>.
#[derive(Clone, Debug)]
pub struct PRelu {
    weight: Parameter,
}

impl PRelu {
    /// An activation at its start.
    pub fn new(channels: usize, init: &Initializer) -> Self {
        Self { weight: init.constant(INITIAL_PRELU_WEIGHT, channels) }
    }

    /// # Shapes
    /// - x, output: `[n, channels, h, w]`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        prelu(x, self.weight.flat())
    }

    /// The weight of each channel, copied to the host.
    pub fn weight(&self) -> Vec<f32> {
        self.weight.to_vec()
    }
}

impl Parameterized for PRelu {
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter)) {
        visit(&join(prefix, "weight"), &mut self.weight);
    }
}
