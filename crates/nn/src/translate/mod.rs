//! Using a trained translator.

mod error;
mod frozen;
mod model;
mod plan;
mod style;

pub use error::ModelError;
pub use frozen::FrozenTranslator;
pub use model::{Model, Translated};
pub use plan::TranslationPlan;
pub use style::slerp;
