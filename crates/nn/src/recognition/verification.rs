//! The verification protocols: which pairs are compared, and their scores.

use std::collections::HashSet;

use portraitist_face::Domain;
use portraitist_face::dataset::Dataset;
use portraitist_face::protocol::verification::{
    Pair, Part, restricted_view1, restricted_view2, sample_pairs, unrestricted_view1, unrestricted_view2,
};
use portraitist_face::protocol::{PersonCount, PictureName};
use rayon::prelude::*;

use super::features::{Features, Similarity};
use super::index::PictureIndex;
use super::repeats::repeated;
use super::{EvaluationError, View};
use crate::metrics::MetricsError;
use crate::metrics::verification::{Fold, MAX_PAIRS, ScoredFolds, ScoredPair};

/// Which pairs of an unrestricted fold are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Between {
    /// All pictures with all others.
    #[default]
    All,
    /// Drawings with photos.
    DrawingPhoto,
    /// Photos with photos.
    PhotoPhoto,
    /// Drawings with drawings.
    DrawingDrawing,
}

impl Between {
    /// As the command line has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::DrawingPhoto => "drawing-photo",
            Self::PhotoPhoto => "photo-photo",
            Self::DrawingDrawing => "drawing-drawing",
        }
    }

    fn holds(self, one: Domain, other: Domain) -> bool {
        match self {
            Self::All => true,
            Self::DrawingPhoto => one != other,
            Self::PhotoPhoto => one == Domain::Photo && other == Domain::Photo,
            Self::DrawingDrawing => one == Domain::Drawing && other == Domain::Drawing,
        }
    }
}

/// What a verification protocol compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairs {
    /// The listed pairs.
    Restricted,
    /// All pairs of each fold's people.
    Unrestricted(Between),
    /// Pairs drawn from each fold's people as the original draws them: `fold_length` of the same person and as many of different
    /// people, from numpy's `RandomState(seed)`. The original draws for view 2; view 1 is drawn as if its halves were folds.
    Drawn {
        /// Pairs of each kind in a fold.
        fold_length: usize,
        /// Seed of the draws.
        seed: u32,
    },
}

impl Pairs {
    /// The protocol's name.
    pub fn protocol(self) -> &'static str {
        match self {
            Self::Restricted => "restricted",
            Self::Unrestricted(_) | Self::Drawn { .. } => "unrestricted",
        }
    }
}

/// One fold's pairs, as positions in the index.
enum FoldPairs {
    Listed(Vec<(u32, u32, bool)>),
    All(Vec<u32>),
}

/// A verification that is ready to be scored.
pub struct VerificationTask<'a> {
    index: PictureIndex<'a>,
    folds: Vec<FoldPairs>,
    pairs: Pairs,
    view: View,
}

impl<'a> VerificationTask<'a> {
    /// Reads the protocol and finds its pictures. With `skip_missing`, pictures that the dataset has not got are left out, with
    /// their pairs.
    ///
    /// # Errors
    /// [`EvaluationError`] for a dataset without protocols, protocols that cannot be understood, pictures missing, fewer than two
    /// people, and more pairs than are taken into memory.
    pub fn new(dataset: &'a Dataset, pairs: Pairs, view: View, skip_missing: bool) -> Result<Self, EvaluationError> {
        let protocols = dataset.require_protocols()?;
        let mut index = PictureIndex::new(dataset, pairs.protocol());
        let people = || match view {
            View::Development => {
                [Part::Train, Part::Test].into_iter().map(|part| unrestricted_view1(protocols, part)).collect()
            }
            View::Test => unrestricted_view2(protocols),
        };
        let folds = match pairs {
            Pairs::Restricted => {
                let folds: Vec<Vec<Pair>> = match view {
                    View::Development => [Part::Train, Part::Test]
                        .into_iter()
                        .map(|part| restricted_view1(protocols, part))
                        .collect::<Result<_, _>>()?,
                    View::Test => restricted_view2(protocols)?,
                };
                folds.iter().map(|fold| listed(&mut index, fold)).collect()
            }
            Pairs::Drawn { fold_length, seed } => {
                let people: Vec<Vec<PersonCount>> = people()?;
                let folds = sample_pairs(&people, fold_length, seed)?;
                folds.iter().map(|fold| listed(&mut index, fold)).collect()
            }
            Pairs::Unrestricted(_) => people()?.iter().map(|fold| all(&mut index, fold)).collect(),
        };
        let task = Self { index, folds, pairs, view };
        if !skip_missing {
            task.index.require_all()?;
        }
        task.check()?;
        Ok(task)
    }

    fn check(&self) -> Result<(), EvaluationError> {
        let people = self.index.people().len();
        if people < 2 {
            return Err(self.index.wrong("two or more people", people.to_string()));
        }
        let count = |fold: &FoldPairs| match fold {
            FoldPairs::Listed(pairs) => pairs.len(),
            FoldPairs::All(pictures) => pictures.len() * pictures.len().saturating_sub(1) / 2,
        };
        if self.folds.iter().map(count).sum::<usize>() > MAX_PAIRS {
            return Err(MetricsError::TooMany { what: "pairs", limit: MAX_PAIRS }.into());
        }
        Ok(())
    }

    /// The pictures to embed.
    pub fn index(&self) -> &PictureIndex<'a> {
        &self.index
    }

    /// What the protocol names more than once, in sentences: each counts as often. Pairs that are drawn repeat as the original's do.
    pub fn repeats(&self) -> Vec<String> {
        let of_fold = |fold: &FoldPairs| match fold {
            FoldPairs::Listed(pairs) => {
                let unordered = |&(one, other, _): &(u32, u32, bool)| (one.min(other), one.max(other));
                pairs.len() - pairs.iter().map(unordered).collect::<HashSet<_>>().len()
            }
            FoldPairs::All(pictures) => pictures.len() - pictures.iter().collect::<HashSet<_>>().len(),
        };
        let count: usize = self.folds.iter().map(of_fold).sum();
        let what = match self.pairs {
            Pairs::Drawn { .. } => return Vec::new(),
            Pairs::Restricted => "pairs",
            Pairs::Unrestricted(_) => "pictures",
        };
        repeated(count, what).into_iter().collect()
    }

    /// People whose pairs are reported on: in view 1 those of the second half.
    pub fn tested_people(&self) -> Vec<&str> {
        self.people_of(&self.folds[self.first_tested()..])
    }

    /// People on whom only thresholds are chosen: in view 1 those of the first half.
    pub fn threshold_people(&self) -> Vec<&str> {
        self.people_of(&self.folds[..self.first_tested()])
    }

    fn first_tested(&self) -> usize {
        match self.view {
            View::Development => self.folds.len().saturating_sub(1),
            View::Test => 0,
        }
    }

    fn people_of(&self, folds: &[FoldPairs]) -> Vec<&str> {
        let mut seen = vec![false; self.index.people().len()];
        let mut see = |position: u32| seen[self.person(position) as usize] = true;
        for fold in folds {
            match fold {
                FoldPairs::Listed(pairs) => {
                    pairs.iter().for_each(|&(one, other, _)| [one, other].into_iter().for_each(&mut see))
                }
                FoldPairs::All(pictures) => pictures.iter().copied().for_each(&mut see),
            }
        }
        self.index.people().iter().zip(seen).filter(|(_, seen)| *seen).map(|(name, _)| name.as_str()).collect()
    }

    fn person(&self, position: u32) -> u32 {
        self.index.entries()[position as usize].person
    }

    /// Scores every pair; `features` has a row for each entry of the index.
    ///
    /// # Errors
    /// [`MetricsError`] for a fold without pairs of one kind.
    pub fn score(&self, features: &Features, similarity: Similarity) -> Result<ScoredFolds, EvaluationError> {
        let between = match self.pairs {
            Pairs::Unrestricted(between) => between,
            Pairs::Restricted | Pairs::Drawn { .. } => Between::All,
        };
        let pair = |one: u32, other: u32| ScoredPair {
            score: f64::from(features.similarity(one as usize, other as usize, similarity)),
            people: [self.person(one), self.person(other)],
        };
        let score = |fold: &FoldPairs| {
            let mut scored = Fold::default();
            match fold {
                FoldPairs::Listed(pairs) => {
                    pairs.iter().for_each(|&(one, other, same)| scored.push(same, pair(one, other)));
                }
                FoldPairs::All(pictures) => {
                    let row = |(index, &one): (usize, &u32)| -> Vec<ScoredPair> {
                        let holds = |other: &u32| between.holds(self.index.domain(one), self.index.domain(*other));
                        let others = pictures[index + 1..].iter().copied().filter(holds);
                        others.map(|other| pair(one, other)).collect()
                    };
                    let rows: Vec<Vec<ScoredPair>> = pictures.par_iter().enumerate().map(row).collect();
                    for scored_pair in rows.into_iter().flatten() {
                        let [one, other] = scored_pair.people;
                        scored.push(one == other, scored_pair);
                    }
                }
            }
            scored
        };
        let folds = self.folds.iter().map(score).collect();
        let scored = ScoredFolds::new(folds, self.index.people().to_vec())?;
        Ok(scored.tested_from(self.first_tested()))
    }
}

fn listed(index: &mut PictureIndex<'_>, pairs: &[Pair]) -> FoldPairs {
    let positions = |pair: &Pair| {
        // Both are looked up, so that everything missing is counted.
        let (first, second) = (index.insert(&pair.first), index.insert(&pair.second));
        Some((first?, second?, pair.same))
    };
    FoldPairs::Listed(pairs.iter().filter_map(positions).collect())
}

/// Every picture of some people, drawings first, as they are numbered.
fn all(index: &mut PictureIndex<'_>, people: &[PersonCount]) -> FoldPairs {
    let mut pictures = Vec::new();
    for person in people {
        for (domain, count) in [(Domain::Drawing, person.drawings), (Domain::Photo, person.photos)] {
            for number in 1..=count {
                pictures.extend(index.insert(&PictureName::numbered(&person.person, domain, number)));
            }
        }
    }
    FoldPairs::All(pictures)
}
