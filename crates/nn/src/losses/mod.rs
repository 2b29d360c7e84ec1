//! What the networks are trained on, as named terms.

mod adversarial;
mod perceptual;
mod terms;

pub use crate::ops::mean_absolute_error;
pub use adversarial::AdversarialLoss;
pub use perceptual::PerceptualLoss;
pub use terms::{CriticTerms, GeneratorTerms, LossWeights, NamedValues};
