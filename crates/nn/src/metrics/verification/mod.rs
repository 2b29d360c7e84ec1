//! Verification over folds: do two pictures show the same person?
//!
//! - [`ScoredFolds`]: pairs with their scores, in folds; [`read_scores`] and [`write_scores`] for the text files that hold them
//! - [`Curve`]: what one fold's scores say: verification rates, area under the curve, equal error rate
//! - [`best_thresholds`]: for each fold, the threshold that is best on the other folds
//! - [`evaluate()`]: all of it over all folds, with means and deviations
//! - [`original_2018`]: the same as the original computes it, its rules and oddities included
//! - [`intervals()`]: how far the figures would move with other people

mod curve;
mod evaluate;
mod intervals;
pub mod original_2018;
mod read;
mod report;
mod scores;
mod threshold;
mod write;

pub use curve::{Curve, FALSE_ACCEPT_RATES, Rates};
pub use evaluate::{evaluate, evaluate_as_original};
pub use intervals::{VerificationIntervals, intervals};
pub use read::read_scores;
pub use report::{FoldReport, MeanRates, Mode, VerificationReport};
pub use scores::{Fold, MAX_FOLDS, MAX_PAIRS, ScoredFolds, ScoredPair};
pub use threshold::best_thresholds;
pub use write::write_scores;
