//! What the networks are trained on, as named terms.
//!
//! Without the feature `training` only [`MarginHead`] is left. It is part of a recogniser's file.

#[cfg(feature = "training")]
mod adversarial;
#[cfg(feature = "training")]
mod gradient_penalty;
#[cfg(feature = "training")]
mod identity;
mod margin;
#[cfg(feature = "training")]
mod perceptual;
#[cfg(feature = "training")]
mod terms;

#[cfg(feature = "training")]
pub use crate::ops::mean_absolute_error;
#[cfg(feature = "training")]
pub use adversarial::AdversarialLoss;
#[cfg(feature = "training")]
pub use gradient_penalty::GradientPenalty;
#[cfg(feature = "training")]
pub use identity::{IdentityConfig, IdentityError, IdentityForm, IdentityLoss, IdentityTerm};
pub use margin::{Margin, MarginHead, MarginLoss, SphereMargin, TargetAngle};
#[cfg(feature = "training")]
pub use perceptual::PerceptualLoss;
#[cfg(feature = "training")]
pub use terms::{DiscriminatorTerms, GeneratorTerms, LossWeights, NamedValues};
