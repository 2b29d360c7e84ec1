//! Optimisers, the gradients that they read, and how learning rates change.

mod adam;
mod gradients;
mod schedule;
mod sgd;

pub use adam::{Adam, AdamConfig};
pub use gradients::NamedGradients;
pub use schedule::Schedule;
pub use sgd::{Sgd, SgdConfig};
