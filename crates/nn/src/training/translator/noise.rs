//! The random styles of a step.

use burn::tensor::Device;

use crate::networks::Pair;
use crate::parameter::from_values;
use crate::random::{normals, stream};

use super::StepNoise;

impl StepNoise {
    /// The styles of step `step`, counted from 0, of a run with `seed`: always the same ones.
    pub fn draw(seed: u64, step: u64, samples: usize, style_dim: usize, device: &Device) -> Self {
        let mut random = stream(seed, "noise", step);
        let mut draw = || {
            let values = normals(&mut random, samples * style_dim);
            from_values(values, device).reshape([samples, style_dim])
        };
        Self { critic: Pair { drawing: draw(), photo: draw() }, generator: Pair { drawing: draw(), photo: draw() } }
    }
}
