//! The parameters of networks, by name.
//!
//! Every network lists its parameters under the names that published checkpoints use
//! (`enc_content.model.0.conv.weight`). Reading and saving checkpoints, optimiser steps and the EMA of weights
//! all walk over the same list.

use std::collections::BTreeMap;

#[cfg(feature = "training")]
use burn::tensor::Gradients;
use burn::tensor::{Device, Tensor, TensorData};

/// What a parameter is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Trained by the optimiser.
    Weight,
    /// Kept from step to step and saved, but without a gradient: the singular vectors of spectral normalisation.
    State,
}

/// One named array of a network: its values, flat, and its shape.
#[derive(Clone, Debug)]
pub struct Parameter {
    flat: Tensor<1>,
    shape: Vec<usize>,
    role: Role,
}

impl Parameter {
    /// A trained parameter holding `values` in row-major order.
    ///
    /// # Panics
    /// If the number of values is not the product of `shape`.
    pub fn weight(values: Vec<f32>, shape: &[usize], device: &Device) -> Self {
        Self::new(values, shape, Role::Weight, device)
    }

    /// A parameter that is saved but not trained.
    ///
    /// # Panics
    /// If the number of values is not the product of `shape`.
    pub fn state(values: Vec<f32>, shape: &[usize], device: &Device) -> Self {
        Self::new(values, shape, Role::State, device)
    }

    fn new(values: Vec<f32>, shape: &[usize], role: Role, device: &Device) -> Self {
        assert_eq!(values.len(), shape.iter().product::<usize>(), "values must fill the shape {shape:?}");
        let flat = from_values(values, device);
        Self { flat, shape: shape.to_vec(), role }
    }

    /// The values as a tensor of the parameter's own shape.
    ///
    /// # Panics
    /// If `D` is not the parameter's number of dimensions.
    pub fn get<const D: usize>(&self) -> Tensor<D> {
        let shape: [usize; D] = self.shape.as_slice().try_into().expect("a layer knows the rank of its parameters");
        self.flat.clone().reshape(shape)
    }

    /// The values in row-major order.
    pub fn flat(&self) -> Tensor<1> {
        self.flat.clone()
    }

    /// Replaces the values; the shape stays.
    ///
    /// # Panics
    /// If the number of values differs.
    pub fn set(&mut self, flat: Tensor<1>) {
        assert_eq!(flat.dims(), self.flat.dims(), "a parameter keeps its size");
        self.flat = flat;
    }

    /// Copies the values to the host.
    pub fn to_vec(&self) -> Vec<f32> {
        to_values(self.flat.clone())
    }

    /// Its shape.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Whether the optimiser trains it.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The gradient that a backward pass left for this parameter, flat. It is taken out of `gradients`. None if the
    /// parameter took no part.
    #[cfg(feature = "training")]
    pub fn take_gradient(&self, gradients: &mut Gradients) -> Option<Tensor<1>> {
        self.flat.grad_remove(gradients)
    }

    /// Whether backward passes leave a gradient for it.
    pub fn is_tracked(&self) -> bool {
        self.flat.is_require_grad()
    }

    fn untrack(&mut self) {
        self.flat = self.flat.clone().without_autodiff();
    }

    #[cfg(feature = "training")]
    fn track(&mut self) {
        if self.role == Role::Weight {
            self.flat = self.flat.clone().without_autodiff().autodiff().require_grad();
        }
    }
}

/// A network: something that can list its parameters by name.
pub trait Parameterized: Clone {
    /// Calls `visit` with every parameter under `prefix` and its name, always in the same order.
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter));

    /// Every parameter by name; handles, not copies.
    fn parameters(&self) -> BTreeMap<String, Parameter> {
        let mut found = BTreeMap::new();
        self.clone().visit_mut("", &mut |name, parameter| {
            found.insert(name.to_owned(), parameter.clone());
        });
        found
    }

    /// A view of the network whose weights record gradients. The values are shared, not copied.
    #[cfg(feature = "training")]
    fn tracked(&self) -> Self {
        self.tracked_where(&|_| true)
    }

    /// A view of the network of which only the weights that `trained` names record gradients. Backward passes stop where
    /// no earlier weight needs one.
    #[cfg(feature = "training")]
    fn tracked_where(&self, trained: &dyn Fn(&str) -> bool) -> Self {
        let mut tracked = self.clone();
        tracked.visit_mut("", &mut |name, parameter| {
            if trained(name) {
                parameter.track();
            }
        });
        tracked
    }

    /// A view of the network that records nothing. The values are shared, not copied.
    fn untracked(&self) -> Self {
        let mut untracked = self.clone();
        untracked.visit_mut("", &mut |_, parameter| parameter.untrack());
        untracked
    }

    /// Takes over the untrained state (singular vectors) that `other` reached.
    fn take_state(&mut self, other: &Self) {
        let states = other.parameters();
        self.visit_mut("", &mut |name, parameter| {
            if parameter.role == Role::State {
                parameter.set(states[name].flat());
            }
        });
    }

    /// How many values its parameters have.
    fn num_parameters(&self) -> usize {
        self.parameters().values().map(|parameter| parameter.shape.iter().product::<usize>()).sum()
    }
}

/// Joins two parts of a parameter's name.
pub(crate) fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

/// A flat tensor from values on the host.
pub fn from_values(values: Vec<f32>, device: &Device) -> Tensor<1> {
    let length = values.len();
    Tensor::from_data(TensorData::new(values, [length]), device)
}

/// The values of a tensor in row-major order, copied to the host.
pub fn to_values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().convert::<f32>().try_into_vec().expect("the data was just converted to f32")
}
