//! Training a translator.

mod adam;
mod schedule;
mod trainer;

pub use adam::{Adam, AdamConfig};
pub use schedule::Schedule;
pub use trainer::{Batch, NotFinite, Settings, StepNoise, Trainer};
