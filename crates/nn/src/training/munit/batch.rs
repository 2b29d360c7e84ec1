//! What a step reads: pictures of both domains, and random styles.

use std::path::PathBuf;

use burn::tensor::{Device, Tensor};

use crate::networks::Pair;
use crate::parameter::from_values;
use crate::random::{normals, stream};

/// Pictures of both domains.
#[derive(Clone, Debug)]
pub struct Batch {
    /// `[n, channels, h, w]` in `[-1, 1]`, per domain.
    pub pictures: Pair<Tensor<4>>,
    /// Per sample, whether its two pictures are a pair for the supervised loss: of the same person, or the same view.
    pub same_person: Vec<bool>,
    /// Who is shown, as class numbers of the identity loss's classifier. Empty without such a loss.
    pub labels: Pair<Vec<usize>>,
    /// The pictures' files, for error messages.
    pub files: Vec<PathBuf>,
}

/// The random styles of one step, `[n, style_dim]` per domain.
#[derive(Clone, Debug)]
pub struct StepNoise {
    /// For the discriminators' step in the original's order.
    pub discriminator: Pair<Tensor<2>>,
    /// For the generators' step, and for both in the shared order.
    pub generator: Pair<Tensor<2>>,
}

impl StepNoise {
    /// The styles of step `step`, counted from 0, of a run with `seed`: always the same ones.
    pub fn draw(seed: u64, step: u64, samples: usize, style_dim: usize, device: &Device) -> Self {
        let mut random = stream(seed, "noise", step);
        let mut draw = || {
            let values = normals(&mut random, samples * style_dim);
            from_values(values, device).reshape([samples, style_dim])
        };
        Self {
            discriminator: Pair { drawing: draw(), photo: draw() },
            generator: Pair { drawing: draw(), photo: draw() },
        }
    }
}
