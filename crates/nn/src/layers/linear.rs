//! Fully connected layers.

use burn::tensor::Tensor;
use portraitist_kernels::ShapeError;

use crate::inference::{PlanBuilder, Slot};
use crate::parameter::{Parameter, Parameterized, join};

use super::{Activation, ActivationKind, Initializer};

/// `y = x W^T + b`.
#[derive(Clone, Debug)]
pub struct Linear {
    weight: Parameter,
    bias: Parameter,
}

impl Linear {
    /// A layer from `features_in` to `features_out`.
    pub fn new(features_in: usize, features_out: usize, init: &mut Initializer) -> Self {
        let (weight, bias) = init.weight_and_bias(&[features_out, features_in]);
        Self { weight, bias }
    }

    /// # Shapes
    /// - x: `[n, in]`
    /// - output: `[n, out]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        x.matmul(self.weight.get::<2>().transpose()) + self.bias.get::<1>().unsqueeze::<2>()
    }

    /// Adds the layer to a plan; it reads all values of a picture.
    ///
    /// # Errors
    /// [`ShapeError`] if it does not fit its input.
    pub fn plan(&self, plan: &mut PlanBuilder, input: Slot) -> Result<Slot, ShapeError> {
        plan.linear(input, &self.weight.to_vec(), &self.bias.to_vec())
    }
}

impl Parameterized for Linear {
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter)) {
        visit(&join(prefix, "weight"), &mut self.weight);
        visit(&join(prefix, "bias"), &mut self.bias);
    }
}

/// Turns a style code into the AdaIN parameters of every layer: three linear layers, an activation after
/// the first two.
#[derive(Clone, Debug)]
pub struct StyleMlp {
    layers: [(Linear, Activation); 3],
}

impl StyleMlp {
    /// A network from `style_dim` to `outputs` through layers of `hidden`.
    pub fn new(
        style_dim: usize,
        hidden: usize,
        outputs: usize,
        activation: ActivationKind,
        init: &mut Initializer,
    ) -> Self {
        let mut layer = |features_in, features_out, kind| {
            let linear = Linear::new(features_in, features_out, init);
            (linear, Activation::new(kind, init.device()))
        };
        Self {
            layers: [
                layer(style_dim, hidden, activation),
                layer(hidden, hidden, activation),
                layer(hidden, outputs, ActivationKind::None),
            ],
        }
    }

    /// # Shapes
    /// - style: `[n, style_dim]`
    /// - output: `[n, outputs]`
    pub fn forward(&self, style: Tensor<2>) -> Tensor<2> {
        self.layers.iter().fold(style, |x, (linear, activation)| activation.forward(linear.forward(x)))
    }
}

impl Parameterized for StyleMlp {
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter)) {
        for (index, (linear, activation)) in self.layers.iter_mut().enumerate() {
            let layer = join(prefix, &format!("model.{index}"));
            activation.visit_mut(&join(&layer, "activation"), visit);
            linear.visit_mut(&join(&layer, "fc"), visit);
        }
    }
}
