//! What the networks are trained on, as named terms.

mod adversarial;
mod perceptual;
mod terms;

use burn::tensor::Tensor;

pub use adversarial::AdversarialLoss;
pub use perceptual::PerceptualLoss;
pub use terms::{CriticTerms, GeneratorTerms, LossWeights, NamedValues};

/// Mean of the absolute differences, over everything: `[1]`.
pub fn mean_absolute_error<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> Tensor<1> {
    (a - b).abs().mean()
}
