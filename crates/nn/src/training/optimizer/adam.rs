//! Adam.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::ops::{AdamStep, adam_step};
use crate::parameter::{Parameterized, from_values, to_values};
use crate::weights::{Array, NamedArrays};

use super::gradients::NamedGradients;

/// Adam's constants. Defaults are the original's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamConfig {
    /// Decay of the mean of gradients.
    pub beta1: f64,
    /// Decay of the mean of squared gradients.
    pub beta2: f64,
    /// Added to the root of the mean of squares.
    pub epsilon: f64,
    /// This much of each parameter is added to its gradient (L2, not decoupled).
    pub weight_decay: f64,
}

impl Default for AdamConfig {
    fn default() -> Self {
        Self { beta1: 0.0, beta2: 0.9, epsilon: 1e-8, weight_decay: 1e-4 }
    }
}

impl AdamConfig {
    /// Whether its numbers can be used.
    ///
    /// # Errors
    /// A sentence that names the value, what was expected and what was found.
    pub fn validate(&self) -> Result<(), String> {
        for (name, beta) in [("beta1", self.beta1), ("beta2", self.beta2)] {
            if !(0.0..1.0).contains(&beta) {
                return Err(format!("adam.{name} must be at least 0 and below 1, found {beta}"));
            }
        }
        if !(self.epsilon.is_finite() && self.epsilon > 0.0) {
            return Err(format!("adam.epsilon must be a number above 0, found {}", self.epsilon));
        }
        if !(self.weight_decay.is_finite() && self.weight_decay >= 0.0) {
            return Err(format!("adam.weight_decay must be a number of at least 0, found {}", self.weight_decay));
        }
        Ok(())
    }
}

/// Means of a parameter's gradients and of their squares.
#[derive(Clone, Debug)]
struct Moments {
    first: Tensor<1>,
    second: Tensor<1>,
}

/// Adam as PyTorch steps it. Kingma and Ba 2014, <https://arxiv.org/abs/1412.6980>.
#[derive(Clone, Debug)]
pub struct Adam {
    config: AdamConfig,
    steps: u64,
    moments: BTreeMap<String, Moments>,
}

impl Adam {
    /// An optimiser before its first step.
    pub fn new(config: AdamConfig) -> Self {
        Self { config, steps: 0, moments: BTreeMap::new() }
    }

    /// Moves every parameter of `network` that has a gradient.
    pub fn step(&mut self, network: &mut impl Parameterized, mut gradients: NamedGradients, learning_rate: f64) {
        self.steps += 1;
        let AdamConfig { beta1, beta2, epsilon, weight_decay } = self.config;
        let exponent = self.steps as f64;
        let step = AdamStep {
            weight_decay: weight_decay as f32,
            beta1: beta1 as f32,
            one_minus_beta1: (1.0 - beta1) as f32,
            beta2: beta2 as f32,
            one_minus_beta2: (1.0 - beta2) as f32,
            bias_correction2_sqrt: (1.0 - beta2.powf(exponent)).sqrt() as f32,
            epsilon: epsilon as f32,
            step_size: (learning_rate / (1.0 - beta1.powf(exponent))) as f32,
        };
        network.visit_mut("", &mut |name, parameter| {
            let Some(gradient) = gradients.take(name) else { return };
            let value = parameter.flat();
            let Moments { first, second } = self
                .moments
                .remove(name)
                .unwrap_or_else(|| Moments { first: value.zeros_like(), second: value.zeros_like() });
            let (value, [first, second]) = adam_step(value, gradient, [first, second], step);
            parameter.set(value);
            self.moments.insert(name.to_owned(), Moments { first, second });
        });
    }

    /// Steps done.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Both moments of each parameter, for a checkpoint: `<parameter>.first` and `<parameter>.second`.
    pub fn moments(&self) -> NamedArrays {
        let mut arrays = NamedArrays::new();
        for (name, moments) in &self.moments {
            for (suffix, tensor) in [("first", &moments.first), ("second", &moments.second)] {
                let values = to_values(tensor.clone());
                let array = Array { shape: vec![values.len()], values, dtype: "F32" };
                arrays.insert(format!("{name}.{suffix}"), array);
            }
        }
        arrays
    }

    /// Restores what [`moments`](Self::moments) returned after `steps`.
    ///
    /// # Errors
    /// The name of an array that has no partner or does not fit its parameter.
    pub fn restore(
        &mut self,
        steps: u64,
        mut arrays: NamedArrays,
        network: &impl Parameterized,
        device: &Device,
    ) -> Result<(), String> {
        let mut moments = BTreeMap::new();
        for (name, parameter) in network.parameters() {
            let mut take = |suffix: &str| arrays.remove(&format!("{name}.{suffix}"));
            match (take("first"), take("second")) {
                (None, None) => {}
                (Some(first), Some(second))
                    if [&first, &second].iter().all(|array| array.values.len() == parameter.flat().dims()[0]) =>
                {
                    let first = from_values(first.values, device);
                    moments.insert(name, Moments { first, second: from_values(second.values, device) });
                }
                _ => return Err(name),
            }
        }
        if let Some(name) = arrays.into_keys().next() {
            return Err(name);
        }
        self.moments = moments;
        self.steps = steps;
        Ok(())
    }
}
