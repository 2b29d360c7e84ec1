//! Scores of pairs in folds.

use serde::Serialize;

use crate::metrics::error::MetricsError;

/// Most pairs that are taken into memory.
pub const MAX_PAIRS: usize = 50_000_000;
/// Most folds; the protocols have ten.
pub const MAX_FOLDS: usize = 1000;

/// A compared pair: how alike its pictures are, and whom they show.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ScoredPair {
    /// Higher means more alike; any finite range.
    pub score: f64,
    /// Places in [`ScoredFolds::people`]; 0 where people are not known.
    pub people: [u32; 2],
}

/// The pairs of one fold by kind; their order means nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fold {
    /// Pairs that show the same person.
    pub same: Vec<ScoredPair>,
    /// Pairs that show different people.
    pub different: Vec<ScoredPair>,
}

impl Fold {
    /// Adds a pair.
    pub fn push(&mut self, same: bool, pair: ScoredPair) {
        if same { self.same.push(pair) } else { self.different.push(pair) }
    }

    /// Number of pairs of both kinds.
    pub fn len(&self) -> usize {
        self.same.len() + self.different.len()
    }

    /// Whether there are no pairs.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Scores of one kind.
    pub fn scores(pairs: &[ScoredPair]) -> Vec<f64> {
        pairs.iter().map(|pair| pair.score).collect()
    }
}

/// Folds that metrics can be computed from: every score is finite and every fold has pairs of both kinds.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoredFolds {
    folds: Vec<Fold>,
    people: Vec<String>,
    first_tested: usize,
}

impl ScoredFolds {
    /// Checks and keeps the folds. `people` are the names that the pairs point to; none if they are not known.
    ///
    /// # Errors
    /// [`MetricsError`] for no folds, more than [`MAX_FOLDS`] or [`MAX_PAIRS`], a fold without pairs of one kind, and scores that
    /// are not finite.
    pub fn new(folds: Vec<Fold>, people: Vec<String>) -> Result<Self, MetricsError> {
        if folds.is_empty() {
            return Err(MetricsError::TooFew { expected: "scored pairs", found: "none".to_owned() });
        }
        if folds.len() > MAX_FOLDS {
            return Err(MetricsError::TooMany { what: "folds", limit: MAX_FOLDS });
        }
        if folds.iter().map(Fold::len).sum::<usize>() > MAX_PAIRS {
            return Err(MetricsError::TooMany { what: "pairs", limit: MAX_PAIRS });
        }
        for (index, fold) in folds.iter().enumerate() {
            if fold.same.is_empty() || fold.different.is_empty() {
                let (same, different) = (fold.same.len(), fold.different.len());
                return Err(MetricsError::OneSided { fold: index + 1, same, different });
            }
            let wrong = fold.same.iter().chain(&fold.different).find(|pair| !pair.score.is_finite());
            if let Some(pair) = wrong {
                let place = format!("fold {}", index + 1);
                return Err(MetricsError::NotFinite { place, found: pair.score });
            }
        }
        Ok(Self { folds, people, first_tested: 0 })
    }

    /// Reports on the folds from `first` on only (at most the last); those before it serve to choose thresholds.
    #[must_use]
    pub fn tested_from(mut self, first: usize) -> Self {
        self.first_tested = first.min(self.folds.len() - 1);
        self
    }

    /// Place of the first fold that is reported on.
    pub fn first_tested(&self) -> usize {
        self.first_tested
    }

    /// The folds that are reported on.
    pub fn tested(&self) -> &[Fold] {
        &self.folds[self.first_tested..]
    }

    /// The folds.
    pub fn folds(&self) -> &[Fold] {
        &self.folds
    }

    /// Names that the pairs point to; empty where people are not known.
    pub fn people(&self) -> &[String] {
        &self.people
    }
}
