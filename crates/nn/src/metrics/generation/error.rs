//! What can be wrong with features.

use std::path::PathBuf;

/// Features from which no honest number can be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FeatureError {
    /// The file could not be read.
    #[error("{}: cannot read the features: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not what its reader expects.
    #[error("{}: expected {expected}, found {found}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What a good file holds.
        expected: &'static str,
        /// What this one holds.
        found: String,
    },
    /// The file could not be written.
    #[error("cannot write {}: {reason}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// NaN or infinity among the features.
    #[error(
        "row {row} has the feature {found} at place {column}: expected finite numbers; the weights or the pictures are unusable"
    )]
    NotFinite {
        /// Row, from 0.
        row: usize,
        /// Place in the row, from 0.
        column: usize,
        /// What is there.
        found: f64,
    },
    /// Statistics hold NaN or infinity.
    #[error("expected finite statistics, found {found} in the {part}")]
    StatisticsNotFinite {
        /// Mean or covariance.
        part: &'static str,
        /// What is there.
        found: f64,
    },
    /// Sets of different networks.
    #[error("expected features of the same length, found {real} numbers in the first set and {fake} in the second")]
    Dimensions {
        /// Of the real pictures.
        real: usize,
        /// Of the generated ones.
        fake: usize,
    },
    /// Not enough pictures.
    #[error("expected at least {least} pictures in each set, found {found}")]
    TooFew {
        /// How many it takes.
        least: usize,
        /// How many there are.
        found: usize,
    },
    /// Statistics that do not say over how many pictures they are.
    #[error("{}: expected the number of pictures (an array named num) beside mu and sigma, found none; statistics can be merged only with it", path.display())]
    NoCount {
        /// The file.
        path: PathBuf,
    },
    /// The decomposition of a matrix did not converge.
    #[error("the decomposition of a {size}x{size} covariance did not converge")]
    NotConverged {
        /// Rows and columns.
        size: usize,
    },
}
