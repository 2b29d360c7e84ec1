//! The figures of identification over all sets.

use serde::Serialize;

use super::places::Placed;
use crate::metrics::summary::Summary;

/// The figures of one gallery with its probes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SetReport {
    /// Share of the probes whose person comes first.
    pub rank1: Option<f64>,
    /// Share of the probes whose person is among the first ten; `None` where the gallery has no more than ten people.
    pub rank10: Option<f64>,
    /// People in the gallery.
    pub num_people: usize,
    /// Pictures looked up.
    pub num_probes: usize,
}

/// The figures of all sets.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IdentificationReport {
    /// Share of the probes whose person comes first.
    pub rank1: Summary,
    /// Share of the probes whose person is among the first ten.
    pub rank10: Summary,
    /// Cumulative match characteristic: the mean share of probes whose person is among the first 1, 2, … people; as long as the
    /// smallest gallery, which ends at 1.
    pub cmc: Vec<f64>,
    /// Its deviation over sets; empty for a single set.
    pub cmc_std: Vec<f64>,
    /// Set by set.
    pub sets: Vec<SetReport>,
    /// What stands in the way of a figure, or of believing it.
    pub warnings: Vec<String>,
}
/// The figures of all sets; there must be one at least.
pub fn evaluate(sets: &[Placed]) -> IdentificationReport {
    let report = |set: &Placed| SetReport {
        rank1: set.rank(1),
        rank10: set.rank(10),
        num_people: set.num_people,
        num_probes: set.places.len(),
    };
    let longest = sets.iter().map(|set| set.num_people).min().unwrap_or(0);
    let cmc: Vec<Summary> =
        (1..=longest).map(|rank| Summary::of(sets.iter().map(|set| Some(set.within(rank))))).collect();
    let sets: Vec<SetReport> = sets.iter().map(report).collect();
    let mut warnings = Vec::new();
    if sets.iter().any(|set| set.rank10.is_none()) {
        warnings.push(format!(
            "the smallest gallery has {longest} people: everybody is among the first ten, so rank 10 says nothing"
        ));
    }
    if sets.len() == 1 {
        warnings.push("there is one set: no deviation".to_owned());
    }
    IdentificationReport {
        rank1: Summary::of(sets.iter().map(|set| set.rank1)),
        rank10: Summary::of(sets.iter().map(|set| set.rank10)),
        cmc: cmc.iter().filter_map(|summary| summary.mean).collect(),
        cmc_std: cmc.iter().filter_map(|summary| summary.std).collect(),
        sets,
        warnings,
    }
}
