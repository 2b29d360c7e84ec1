//! Intervals of verification figures.
//!
//! A person who is drawn w times weighs w in their own pairs, and w · v in the pairs with a person who is drawn v times; drawn
//! copies of one person are not compared with each other. Thresholds stay as chosen on all people. A fold that a draw leaves
//! without pairs of one kind does not count in it. Where few people are compared, percentiles are biased for the verification
//! rate at small false accept rates; [`VerificationIntervals::outside`] finds such figures.

use rayon::prelude::*;
use serde::Serialize;

use super::curve::{FALSE_ACCEPT_RATES, Rates, equal_error_rate};
use super::report::VerificationReport;
use super::scores::{Fold, ScoredFolds, ScoredPair};
use crate::metrics::bootstrap::{Interval, LEVEL, draw_people, percentiles};
use crate::metrics::summary::Summary;

/// Intervals of the means over folds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VerificationIntervals {
    /// How sure: 0.95.
    pub level: f64,
    /// Draws made.
    pub resamples: u32,
    /// Draws in which some fold kept pairs of both kinds.
    pub used: u32,
    /// People drawn from.
    pub people: usize,
    /// Accuracy at the thresholds chosen.
    pub accuracy: Interval,
    /// Verification rate at a false accept rate of 0.1 %.
    pub vr_far_0_001: Interval,
    /// Verification rate at a false accept rate of 1 %.
    pub vr_far_0_01: Interval,
    /// Area under the receiver operating characteristic.
    pub auc: Interval,
    /// Equal error rate.
    pub eer: Interval,
}

impl VerificationIntervals {
    /// Figures that lie outside their own interval: draws with repeated people have fewer different impostors, which lifts
    /// verification rates at small false accept rates.
    pub fn outside(&self, report: &VerificationReport) -> Vec<&'static str> {
        let figures = [
            ("accuracy", self.accuracy, report.accuracy),
            ("vr_far_0_001", self.vr_far_0_001, report.vr_far_0_001),
            ("vr_far_0_01", self.vr_far_0_01, report.vr_far_0_01),
            ("auc", self.auc, report.auc),
            ("eer", self.eer, report.eer),
        ];
        let is_outside = |interval: Interval, summary: Summary| match (interval, summary.mean) {
            // Rounding may separate bounds and figure where all draws agree.
            (Some([low, high]), Some(mean)) => mean < low - 1e-9 || high + 1e-9 < mean,
            _ => false,
        };
        let outside = figures.into_iter().filter(|(_, interval, summary)| is_outside(*interval, *summary));
        outside.map(|(name, ..)| name).collect()
    }
}

/// Number of figures that a draw gives: accuracy, both verification rates, area, equal error rate.
const FIGURES: usize = 5;

/// Intervals for the figures of `report`, which belongs to `scored`; `None` if the people are not known or fewer than two.
///
/// The same `seed` gives the same intervals, whatever the number of threads.
pub fn intervals(
    scored: &ScoredFolds,
    report: &VerificationReport,
    resamples: u32,
    seed: u64,
) -> Option<VerificationIntervals> {
    let present = tested_people(scored);
    if scored.people().is_empty() || present.len() < 2 || resamples == 0 {
        return None;
    }
    let folds: Vec<Ranking> =
        scored.tested().iter().zip(&report.folds).map(|(fold, report)| Ranking::new(fold, report.threshold)).collect();
    let draw = |index: u32| {
        let mut weights = vec![0; scored.people().len()];
        let drawn = draw_people(seed, index, present.len());
        present.iter().zip(drawn).for_each(|(&person, weight)| weights[person as usize] = weight);
        let figures: Vec<[f64; FIGURES]> = folds.iter().filter_map(|fold| fold.figures(&weights)).collect();
        let mean = |figure: usize| figures.iter().map(|fold| fold[figure]).sum::<f64>() / figures.len() as f64;
        (!figures.is_empty()).then(|| std::array::from_fn(mean))
    };
    let draws: Vec<[f64; FIGURES]> = (0..resamples).into_par_iter().filter_map(draw).collect();
    let interval = |figure: usize| percentiles(draws.iter().map(|draw| draw[figure]).collect());
    Some(VerificationIntervals {
        level: LEVEL,
        resamples,
        used: draws.len() as u32,
        people: present.len(),
        accuracy: report.accuracy.mean.and_then(|_| interval(0)),
        vr_far_0_001: interval(1),
        vr_far_0_01: interval(2),
        auc: interval(3),
        eer: interval(4),
    })
}

/// Places of the people who appear in folds that are reported on.
fn tested_people(scored: &ScoredFolds) -> Vec<u32> {
    let mut present = vec![false; scored.people().len()];
    let pairs = scored.tested().iter().flat_map(|fold| fold.same.iter().chain(&fold.different));
    for person in pairs.flat_map(|pair| pair.people) {
        if let Some(present) = present.get_mut(person as usize) {
            *present = true;
        }
    }
    (0..).zip(present).filter(|(_, present)| *present).map(|(person, _)| person).collect()
}

/// A fold's pairs from the highest score to the lowest, reduced to what a draw needs.
struct Ranking {
    /// Place in `couples`; the highest bit marks the last of equal scores.
    entries: Vec<u32>,
    /// Everyone who is compared with anyone: both places among the people, and the number of their pairs.
    couples: Vec<([u32; 2], u32)>,
    /// Number of entries that are accepted at the threshold.
    accepted: Option<usize>,
}

const LAST_OF_EQUALS: u32 = 1 << 31;

impl Ranking {
    fn new(fold: &Fold, threshold: Option<f64>) -> Self {
        let mut pairs: Vec<&ScoredPair> = fold.same.iter().chain(&fold.different).collect();
        pairs.sort_by(|one, other| other.score.total_cmp(&one.score));
        let ordered = |[one, other]: [u32; 2]| [one.min(other), one.max(other)];
        let mut couples: Vec<[u32; 2]> = pairs.iter().map(|pair| ordered(pair.people)).collect();
        couples.sort_unstable();
        couples.dedup();
        let mut couples: Vec<([u32; 2], u32)> = couples.into_iter().map(|couple| (couple, 0)).collect();
        let mut entries = Vec::with_capacity(pairs.len());
        for (index, pair) in pairs.iter().enumerate() {
            let place = couples.partition_point(|(couple, _)| *couple < ordered(pair.people));
            couples[place].1 += 1;
            let last = pairs.get(index + 1).is_none_or(|next| next.score < pair.score);
            entries.push(place as u32 | if last { LAST_OF_EQUALS } else { 0 }); // MAX_PAIRS is far below 2^31
        }
        let accepted = threshold.map(|threshold| pairs.partition_point(|pair| pair.score >= threshold));
        Self { entries, couples, accepted }
    }

    /// The figures with people weighted; `None` if no pairs of one kind are left.
    fn figures(&self, weights: &[u32]) -> Option<[f64; FIGURES]> {
        let weight = |[one, other]: [u32; 2]| {
            let first = u64::from(weights[one as usize]);
            if one == other { [first, 0] } else { [0, first * u64::from(weights[other as usize])] }
        };
        let table: Vec<[u64; 2]> = self.couples.iter().map(|(couple, _)| weight(*couple)).collect();
        let mut total = [0; 2];
        for ([same, different], (_, count)) in table.iter().zip(&self.couples) {
            total[0] += same * u64::from(*count);
            total[1] += different * u64::from(*count);
        }
        if total.contains(&0) {
            return None;
        }
        let share = |count: u64, kind: usize| count as f64 / total[kind] as f64;
        let (mut counts, mut before, mut area) = ([0; 2], [0; 2], 0.0);
        let mut rates = [0.0; FALSE_ACCEPT_RATES.len()];
        let mut crossing = None;
        let mut at_threshold = [0; 2];
        for (index, &entry) in self.entries.iter().enumerate() {
            if self.accepted == Some(index) {
                at_threshold = counts;
            }
            let [same, different] = table[(entry & !LAST_OF_EQUALS) as usize];
            counts = [counts[0] + same, counts[1] + different];
            if entry & LAST_OF_EQUALS == 0 || counts == before {
                continue;
            }
            let now = Rates { vr: share(counts[0], 0), far: share(counts[1], 1) };
            let then = Rates { vr: share(before[0], 0), far: share(before[1], 1) };
            area += (now.far - then.far) * (now.vr + then.vr) / 2.0;
            for (rate, max_far) in rates.iter_mut().zip(FALSE_ACCEPT_RATES) {
                if now.far <= max_far {
                    *rate = now.vr;
                }
            }
            if crossing.is_none() && 1.0 - now.vr <= now.far {
                crossing = Some(equal_error_rate([then, now].into_iter()));
            }
            before = counts;
        }
        if self.accepted == Some(self.entries.len()) {
            at_threshold = counts;
        }
        let right = at_threshold[0] + (total[1] - at_threshold[1]);
        let accuracy = right as f64 / (total[0] + total[1]) as f64;
        Some([accuracy, rates[0], rates[1], area, crossing.unwrap_or(1.0)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_drawn_once_gives_the_figures_themselves() {
        // Nothing is drawn: each person weighs one.
        let pair = |score: u32, one: u32, other: u32| ScoredPair { score: f64::from(score % 17), people: [one, other] };
        let mut fold = Fold::default();
        for index in 0..60_u32 {
            let score = index * index % 59;
            fold.push(true, pair(score + 4, index % 5, index % 5));
            fold.push(false, pair(score, index % 5, (index + 1 + index % 3) % 5));
        }
        let people = (0..5).map(|person| person.to_string()).collect();
        let scored = ScoredFolds::new(vec![fold.clone(), fold], people).unwrap_or_else(|error| panic!("{error}"));
        let report = super::super::evaluate(&scored);
        let expected = &report.folds[0];
        let found = Ranking::new(&scored.folds()[0], expected.threshold).figures(&[1; 5]);
        let expected = [
            expected.accuracy,
            Some(expected.vr_far_0_001),
            Some(expected.vr_far_0_01),
            Some(expected.auc),
            Some(expected.eer),
        ];
        for (found, expected) in found.unwrap_or_default().into_iter().zip(expected.map(Option::unwrap_or_default)) {
            assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
        }
    }
}
