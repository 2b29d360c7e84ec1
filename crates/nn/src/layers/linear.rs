//! Fully connected layers.

use burn::tensor::Tensor;

use crate::parameter::{Parameter, Parameterized, join};

use super::Initializer;

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

    /// Features of each input row.
    pub fn features_in(&self) -> usize {
        self.weight.shape()[1]
    }

    /// Features of each output row.
    pub fn features_out(&self) -> usize {
        self.weight.shape()[0]
    }

    /// Copies weight `[out, in]` and bias `[out]` to the host.
    pub fn current_weights(&self) -> (Vec<f32>, Vec<f32>) {
        (self.weight.to_vec(), self.bias.to_vec())
    }
}

impl Parameterized for Linear {
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter)) {
        visit(&join(prefix, "weight"), &mut self.weight);
        visit(&join(prefix, "bias"), &mut self.bias);
    }
}
