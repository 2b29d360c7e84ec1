//! How good a recogniser is: pure mathematics over scores and ranks; no tensors, no pictures.
//!
//! - [`scores`]: pairs with their scores, in folds, and the text files that hold them
//! - [`curve`]: what one fold's scores say: verification rates, area under the curve, equal error rate
//! - [`threshold`]: the threshold that is best on the other folds
//! - [`verification`]: all of it over all folds, with means and deviations
//! - [`seed_2018`]: the same as the original computes it, its rules and oddities included
//! - [`identification`]: at which place of a gallery a person is found
//! - [`bootstrap`]: how far the figures would move with other people

pub mod bootstrap;
pub mod curve;
mod error;
pub mod identification;
mod reading;
pub mod scores;
pub mod seed_2018;
pub mod summary;
pub mod threshold;
pub mod verification;
mod writing;

pub use error::MetricsError;
pub use reading::read_scores;
pub use scores::{Fold, ScoredFolds, ScoredPair};
pub use summary::Summary;
pub use writing::write_scores;
