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
    /// Share of the last movement that is kept.
    pub momentum: f64,
    /// This much of each parameter is added to its gradient (L2).
    pub weight_decay: f64,
    /// Look ahead along the movement, after Nesterov.
    pub nesterov: bool,
}

impl Default for SgdConfig {
    fn default() -> Self {
        Self { momentum: 0.9, weight_decay: 5e-4, nesterov: false }
    }
}

/// Gradient descent as PyTorch steps it: `movement = momentum * movement + gradient` without dampening, the first
/// movement being the first gradient.
#[derive(Clone, Debug)]
pub struct Sgd {
    config: SgdConfig,
    movements: BTreeMap<String, Tensor<1>>,
}

impl Sgd {
    /// An optimiser before its first step.
    pub fn new(config: SgdConfig) -> Self {
        Self { config, movements: BTreeMap::new() }
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
                let movement = match self.movements.remove(name) {
                    Some(movement) => movement * momentum + gradient.clone(),
                    None => gradient.clone(),
                };
                self.movements.insert(name.to_owned(), movement.clone());
                if nesterov { gradient + movement * momentum } else { movement }
            };
            parameter.set(value - direction * learning_rate);
        });
    }

    /// The optimiser's own numbers, for a checkpoint: `<parameter>.movement`.
    pub fn movements(&self) -> NamedArrays {
        let array = |(name, tensor): (&String, &Tensor<1>)| {
            let values = to_values(tensor.clone());
            (format!("{name}.{MOVEMENT}"), Array { shape: vec![values.len()], values, dtype: "F32" })
        };
        self.movements.iter().map(array).collect()
    }

    /// Takes up where [`movements`](Self::movements) were taken.
    ///
    /// # Errors
    /// The name of an array that does not fit a parameter.
    pub fn restore(
        &mut self,
        mut arrays: NamedArrays,
        network: &impl Parameterized,
        device: &Device,
    ) -> Result<(), String> {
        let mut movements = BTreeMap::new();
        for (name, parameter) in network.parameters() {
            match arrays.remove(&format!("{name}.{MOVEMENT}")) {
                None => {}
                Some(array) if array.values.len() == parameter.flat().dims()[0] => {
                    movements.insert(name, from_values(array.values, device));
                }
                Some(_) => return Err(name),
            }
        }
        match arrays.into_keys().next() {
            Some(name) => Err(name),
            None => {
                self.movements = movements;
                Ok(())
            }
        }
    }
}

const MOVEMENT: &str = "movement";
