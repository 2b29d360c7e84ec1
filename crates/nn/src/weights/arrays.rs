//! Arrays by name, between files and networks.

use std::collections::BTreeMap;
use std::path::Path;

use crate::parameter::{Parameterized, from_values};

use super::error::WeightsError;

/// Values and their shape, in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Sizes, outermost first.
    pub shape: Vec<usize>,
    /// The values.
    pub values: Vec<f32>,
    /// How the file held them: `F32`, `F16`, …
    pub dtype: &'static str,
}

/// Arrays by the name of the parameter that they are.
pub type NamedArrays = BTreeMap<String, Array>;

/// Copies a network's parameters out, by name.
pub fn collect(network: &impl Parameterized) -> NamedArrays {
    let array = |(name, parameter): (String, crate::parameter::Parameter)| {
        let shape = parameter.shape().to_vec();
        (name, Array { shape, values: parameter.to_vec(), dtype: "F32" })
    };
    network.parameters().into_iter().map(array).collect()
}

/// Puts arrays into a network. They must fit exactly.
///
/// # Errors
/// [`WeightsError::Mismatch`] names every array that is missing, unused or of another shape, and the
/// network is left as it was; [`WeightsError::NotFinite`] names the first with NaN or infinity.
pub fn assign(network: &mut impl Parameterized, mut arrays: NamedArrays, path: &Path) -> Result<(), WeightsError> {
    let parameters = network.parameters();
    let mut missing = Vec::new();
    let mut misshaped = Vec::new();
    for (name, parameter) in &parameters {
        match arrays.get(name) {
            None => missing.push(name.clone()),
            Some(array) if array.shape != parameter.shape() => {
                misshaped.push(format!("{name} (expected {:?}, found {:?})", parameter.shape(), array.shape));
            }
            Some(_) => {}
        }
    }
    let unused: Vec<String> = arrays.keys().filter(|name| !parameters.contains_key(*name)).cloned().collect();
    let path = path.to_path_buf();
    if !(missing.is_empty() && unused.is_empty() && misshaped.is_empty()) {
        return Err(WeightsError::Mismatch { path, missing, unused, misshaped });
    }
    if let Some((name, _)) = arrays.iter().find(|(_, array)| !array.values.iter().all(|value| value.is_finite())) {
        return Err(WeightsError::NotFinite { path, name: name.clone() });
    }
    network.visit_mut("", &mut |name, parameter| {
        let device = parameter.flat().device();
        if let Some(array) = arrays.remove(name) {
            parameter.set(from_values(array.values, &device));
        }
    });
    Ok(())
}
