//! Using a trained translator.

mod error;
mod frozen;
mod model;
mod style;

pub use error::ModelError;
pub use frozen::FrozenTranslator;
pub use model::{Model, Translated};
pub use style::slerp;
