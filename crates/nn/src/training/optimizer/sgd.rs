//! Stochastic gradient descent with momentum.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::parameter::{Parameterized, from_values, to_values};
use crate::weights::{Array, NamedArrays};

use super::gradients::NamedGradients;

/// The descent's constants. Defaults are the original's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SgdConfig {
    /// Share of the momentum buffer that is kept.
    pub momentum: f64,
    /// This much of each parameter is added to its gradient (L2).
    pub weight_decay: f64,
    /// Nesterov's form of momentum.
    pub nesterov: bool,
}

impl Default for SgdConfig {
    fn default() -> Self {
        Self { momentum: 0.9, weight_decay: 5e-4, nesterov: false }
    }
}

/// Gradient descent as PyTorch steps it: `buffer = momentum * buffer + gradient`, without dampening. The buffer starts as
/// the first gradient.
#[derive(Clone, Debug)]
pub struct Sgd {
    config: SgdConfig,
    buffers: BTreeMap<String, Tensor<1>>,
}

impl Sgd {
    /// An optimiser before its first step.
    pub fn new(config: SgdConfig) -> Self {
        Self { config, buffers: BTreeMap::new() }
    }

    /// Moves every parameter of `network` that has a gradient.
    pub fn step(&mut self, network: &mut impl Parameterized, mut gradients: NamedGradients, learning_rate: f64) {
        let SgdConfig { momentum, weight_decay, nesterov } = self.config;
        network.visit_mut("", &mut |name, parameter| {
            let Some(gradient) = gradients.take(name) else { return };
            let value = parameter.flat();
            let gradient = if weight_decay == 0.0 { gradient } else { gradient + value.clone() * weight_decay };
            let direction = if momentum == 0.0 {
                gradient
            } else {
                let buffer = match self.buffers.remove(name) {
                    Some(buffer) => buffer * momentum + gradient.clone(),
                    None => gradient.clone(),
                };
                self.buffers.insert(name.to_owned(), buffer.clone());
                if nesterov { gradient + buffer * momentum } else { buffer }
            };
            parameter.set(value - direction * learning_rate);
        });
    }

    /// The momentum buffer of each parameter, for a checkpoint: `<parameter>.movement`.
    pub fn buffers(&self) -> NamedArrays {
        let array = |(name, tensor): (&String, &Tensor<1>)| {
            let values = to_values(tensor.clone());
            (format!("{name}.{BUFFER}"), Array { shape: vec![values.len()], values, dtype: "F32" })
        };
        self.buffers.iter().map(array).collect()
    }

    /// Restores what [`buffers`](Self::buffers) returned.
    ///
    /// # Errors
    /// The name of an array that does not fit a parameter.
    pub fn restore(
        &mut self,
        mut arrays: NamedArrays,
        network: &impl Parameterized,
        device: &Device,
    ) -> Result<(), String> {
        let mut buffers = BTreeMap::new();
        for (name, parameter) in network.parameters() {
            match arrays.remove(&format!("{name}.{BUFFER}")) {
                None => {}
                Some(array) if array.values.len() == parameter.flat().dims()[0] => {
                    buffers.insert(name, from_values(array.values, device));
                }
                Some(_) => return Err(name),
            }
        }
        match arrays.into_keys().next() {
            Some(name) => Err(name),
            None => {
                self.buffers = buffers;
                Ok(())
            }
        }
    }
}

/// The name of a buffer in a checkpoint.
const BUFFER: &str = "movement";
