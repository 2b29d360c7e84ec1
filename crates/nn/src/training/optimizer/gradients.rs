//! Gradients of a network's parameters.

use std::collections::BTreeMap;

use burn::tensor::{Gradients, Tensor};

use crate::parameter::{Parameter, Parameterized, to_values};

/// Gradients by the name of their parameter, flat.
#[derive(Clone, Debug, Default)]
pub struct NamedGradients(BTreeMap<String, Tensor<1>>);

impl NamedGradients {
    /// The gradients of a backward pass for the tracked view of a network.
    pub fn of(tracked: &impl Parameterized, mut gradients: Gradients) -> Self {
        let mut named = Self::default();
        named.add(&tracked.parameters(), &mut gradients);
        named
    }

    /// Adds the gradients of a backward pass for `parameters`, and takes them out of `gradients`.
    pub fn add(&mut self, parameters: &BTreeMap<String, Parameter>, gradients: &mut Gradients) {
        for (name, parameter) in parameters {
            if let Some(gradient) = parameter.take_gradient(gradients) {
                let sum = match self.0.remove(name) {
                    Some(others) => others + gradient,
                    None => gradient,
                };
                self.0.insert(name.clone(), sum);
            }
        }
    }

    /// The gradient of one parameter, if it has one.
    pub fn get(&self, name: &str) -> Option<&Tensor<1>> {
        self.0.get(name)
    }

    /// Takes the gradient of one parameter out.
    pub fn take(&mut self, name: &str) -> Option<Tensor<1>> {
        self.0.remove(name)
    }

    /// The Euclidean norm of one parameter's gradient, if it has one.
    pub fn norm_of(&self, name: &str) -> Option<f64> {
        self.0.get(name).map(|gradient| squared_norm(gradient).sqrt())
    }

    /// The Euclidean norm of all gradients together.
    pub fn norm(&self) -> f64 {
        self.0.values().map(squared_norm).sum::<f64>().sqrt()
    }

    /// Multiplies every gradient.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        Self(self.0.into_iter().map(|(name, gradient)| (name, gradient * factor)).collect())
    }
}

fn squared_norm(gradient: &Tensor<1>) -> f64 {
    f64::from(to_values(gradient.clone().powi_scalar(2).sum())[0])
}
