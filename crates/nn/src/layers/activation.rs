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
/// First slope of [`ActivationKind::PRelu`], as in PyTorch.
const INITIAL_PRELU_SLOPE: f32 = 0.25;
const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;
const SELU_SCALE: f64 = 1.050_700_987_355_480_5;

/// An activation with the parameter that [`ActivationKind::PRelu`] trains.
#[derive(Clone, Debug)]
pub struct Activation {
    kind: ActivationKind,
    slope: Option<Parameter>,
}

impl Activation {
    /// An activation at its start.
    pub fn new(kind: ActivationKind, device: &Device) -> Self {
        let slope = (kind == ActivationKind::PRelu).then(|| Parameter::weight(vec![INITIAL_PRELU_SLOPE], &[1], device));
        Self { kind, slope }
    }

    /// Which one it is.
    pub fn kind(&self) -> ActivationKind {
        self.kind
    }

    /// Applies it to every value.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        match (self.kind, &self.slope) {
            (ActivationKind::None, _) => x,
            (ActivationKind::Relu, _) => relu(x),
            (ActivationKind::Tanh, _) => activate(x, Pointwise::Tanh),
            (ActivationKind::PRelu, Some(slope)) => {
                let slope: Tensor<D> = slope.flat().reshape([1; D]);
                relu(x.clone()) - relu(-x) * slope
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
        if let Some(slope) = &mut self.slope {
            visit(&join(prefix, "weight"), slope);
        }
    }
}

/// `x` or `slope x`, with a trained slope for each channel. He et al. 2015, <https://arxiv.org/abs/1502.01852>.
#[derive(Clone, Debug)]
pub struct PRelu {
    slopes: Parameter,
}

impl PRelu {
    /// An activation at its start.
    pub fn new(channels: usize, init: &Initializer) -> Self {
        Self { slopes: init.constant(INITIAL_PRELU_SLOPE, channels) }
    }

    /// # Shapes
    /// - x, output: `[n, channels, h, w]`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        prelu(x, self.slopes.flat())
    }

    /// The slopes, in the program's own memory.
    pub fn slopes(&self) -> Vec<f32> {
        self.slopes.to_vec()
    }
}

impl Parameterized for PRelu {
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter)) {
        visit(&join(prefix, "weight"), &mut self.slopes);
    }
}
