//! What can be wrong with scores.

use std::path::PathBuf;

/// Scores or ranks from which no honest number can be made. Folds are counted from 1.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetricsError {
    /// The file could not be read.
    #[error("{}: cannot read the scores: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file could not be written.
    #[error("{}: cannot write the scores: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line of a scores file is not what it should be.
    #[error("{}, line {line}: expected {expected}, found `{found}`", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// What the line should be.
        expected: String,
        /// Its text.
        found: String,
    },
    /// The lengths of the folds and the number of pairs differ.
    #[error("{}: expected {expected} pairs, the sum of the folds' lengths, found {found}", path.display())]
    FoldLengths {
        /// The file.
        path: PathBuf,
        /// Sum of the lengths.
        expected: u64,
        /// Pairs in the file.
        found: u64,
    },
    /// More than is taken into memory.
    #[error("expected at most {limit} {what}, found more")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many are taken.
        limit: usize,
    },
    /// There is nothing to measure.
    #[error("expected {expected}, found {found}")]
    TooFew {
        /// What is needed.
        expected: &'static str,
        /// What there is.
        found: String,
    },
    /// A fold has only pairs of one kind, so that nothing can be told apart.
    #[error(
        "fold {fold}: expected pairs of the same person and of different people, found {same} of the same and {different} of \
         different people"
    )]
    OneSided {
        /// Fold, from 1.
        fold: usize,
        /// Its pairs of the same person.
        same: usize,
        /// Its pairs of different people.
        different: usize,
    },
    /// A score is NaN or infinite.
    #[error("{place}: expected finite scores, found {found}")]
    NotFinite {
        /// Where: the fold, or probe and gallery picture.
        place: String,
        /// The score.
        found: f64,
    },
    /// A probe shows somebody who is not in the gallery.
    #[error("probe {probe}: expected a person of the gallery, found somebody else")]
    NotInGallery {
        /// The probe, from 1.
        probe: usize,
    },
}
