//! First values of weights, drawn from the run's seed.

use burn::tensor::Device;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use crate::parameter::Parameter;

/// How convolution and linear weights start; their biases start at zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Initialization {
    /// Normal with deviation `sqrt(2 / fan_in)`; He et al. 2015, <https://arxiv.org/abs/1502.01852>.
    #[default]
    Kaiming,
    /// Normal with deviation 0.02.
    Gaussian,
    /// Normal with deviation `sqrt(2) * sqrt(2 / (fan_in + fan_out))`; Glorot and Bengio 2010.
    Xavier,
    /// Rows (or columns) orthonormal, times `sqrt(2)`; Saxe et al. 2013, <https://arxiv.org/abs/1312.6120>.
    Orthogonal,
    /// PyTorch's own: uniform within `1 / sqrt(fan_in)`, the bias too.
    Default,
}

/// Draws the parameters of new layers.
pub struct Initializer {
    scheme: Initialization,
    random: ChaCha8Rng,
    device: Device,
}

impl Initializer {
    /// An initializer whose draws are fixed by `seed`.
    pub fn new(scheme: Initialization, seed: u64, device: &Device) -> Self {
        Self { scheme, random: ChaCha8Rng::seed_from_u64(seed), device: device.clone() }
    }

    /// The device of the parameters.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Weight and bias of a convolution or linear layer: `shape` is `[out, in, ...]`.
    pub fn weight_and_bias(&mut self, shape: &[usize]) -> (Parameter, Parameter) {
        let (out, fan_in) = (shape[0], shape[1..].iter().product::<usize>());
        let fan_out = out * shape[2..].iter().product::<usize>();
        let count = out * fan_in;
        let values = match self.scheme {
            Initialization::Kaiming => self.normal(count, (2.0 / fan_in as f64).sqrt()),
            Initialization::Gaussian => self.normal(count, 0.02),
            Initialization::Xavier => self.normal(count, (4.0 / (fan_in + fan_out) as f64).sqrt()),
            Initialization::Orthogonal => self.orthogonal(out, fan_in),
            Initialization::Default => return self.default_weight_and_bias(shape),
        };
        (Parameter::weight(values, shape, &self.device), Parameter::weight(vec![0.0; out], &[out], &self.device))
    }

    /// Weight and bias as PyTorch starts them. Spectrally normalised layers always start so: the
    /// original's initialisation does not find their weight, which has another name.
    pub fn default_weight_and_bias(&mut self, shape: &[usize]) -> (Parameter, Parameter) {
        let (out, fan_in) = (shape[0], shape[1..].iter().product::<usize>());
        let bound = 1.0 / (fan_in as f32).sqrt();
        let weight = self.uniform(out * fan_in, -bound, bound);
        let bias = self.uniform(out, -bound, bound);
        (Parameter::weight(weight, shape, &self.device), Parameter::weight(bias, &[out], &self.device))
    }

    /// A trained parameter that starts at one value.
    pub fn constant(&self, value: f32, length: usize) -> Parameter {
        Parameter::weight(vec![value; length], &[length], &self.device)
    }

    /// A trained parameter that starts uniform in `[0, 1)`.
    pub fn unit_uniform(&mut self, length: usize) -> Parameter {
        Parameter::weight(self.uniform(length, 0.0, 1.0), &[length], &self.device)
    }

    /// A trained matrix whose columns have unit length, uniform in a cube before that.
    pub fn unit_columns(&mut self, rows: usize, columns: usize) -> Parameter {
        let mut values = self.uniform(rows * columns, -1.0, 1.0);
        for column in 0..columns {
            let entries = || (0..rows).map(|row| row * columns + column);
            let norm = entries().map(|index| values[index] * values[index]).sum::<f32>().sqrt();
            entries().for_each(|index| values[index] /= norm.max(f32::MIN_POSITIVE));
        }
        Parameter::weight(values, &[rows, columns], &self.device)
    }

    /// A random direction of unit length, saved but not trained.
    pub fn unit_vector(&mut self, length: usize) -> Parameter {
        let mut values = self.normal(length, 1.0);
        let norm = values.iter().map(|value| value * value).sum::<f32>().sqrt() + 1e-12;
        values.iter_mut().for_each(|value| *value /= norm);
        Parameter::state(values, &[length], &self.device)
    }

    fn uniform(&mut self, count: usize, low: f32, high: f32) -> Vec<f32> {
        (0..count).map(|_| self.random.random_range(low..high)).collect()
    }

    fn normal(&mut self, count: usize, deviation: f64) -> Vec<f32> {
        (0..count)
            .map(|_| {
                let draw: f64 = StandardNormal.sample(&mut self.random);
                (draw * deviation) as f32
            })
            .collect()
    }

    /// Gram-Schmidt on the shorter side of a Gaussian matrix, twice for accuracy.
    fn orthogonal(&mut self, rows: usize, columns: usize) -> Vec<f32> {
        let (short, long) = (rows.min(columns), rows.max(columns));
        let mut basis: Vec<Vec<f64>> = Vec::with_capacity(short);
        for _ in 0..short {
            let mut vector: Vec<f64> = (0..long).map(|_| StandardNormal.sample(&mut self.random)).collect();
            for _ in 0..2 {
                for earlier in &basis {
                    let along: f64 = vector.iter().zip(earlier).map(|(a, b)| a * b).sum();
                    vector.iter_mut().zip(earlier).for_each(|(a, b)| *a -= along * b);
                }
            }
            let norm = vector.iter().map(|value| value * value).sum::<f64>().sqrt();
            vector.iter_mut().for_each(|value| *value /= norm);
            basis.push(vector);
        }
        let gain = 2f64.sqrt();
        (0..rows * columns)
            .map(|index| {
                let (row, column) = (index / columns, index % columns);
                let value = if rows <= columns { basis[row][column] } else { basis[column][row] };
                (value * gain) as f32
            })
            .collect()
    }
}
