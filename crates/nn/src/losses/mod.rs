//! What the networks are trained on, as named terms.

mod adversarial;
mod identity;
mod margin;
mod perceptual;
mod terms;

pub use crate::ops::mean_absolute_error;
pub use adversarial::AdversarialLoss;
pub use identity::{IdentityConfig, IdentityError, IdentityForm, IdentityLoss, IdentityTerm};
pub use margin::{Margin, MarginHead, MarginLoss, SphereMargin, TargetAngle};
pub use perceptual::PerceptualLoss;
pub use terms::{DiscriminatorTerms, GeneratorTerms, LossWeights, NamedValues};
