//! Intervals of identification figures.

use rayon::prelude::*;
use serde::Serialize;

use super::places::Placed;
use crate::metrics::bootstrap::{Interval, LEVEL, draw_people, percentiles};

/// Intervals of the means over sets. The galleries stay as they are; the people looked up are drawn.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IdentificationIntervals {
    /// How sure: 0.95.
    pub level: f64,
    /// Draws made.
    pub resamples: u32,
    /// People drawn from.
    pub people: usize,
    /// Rank 1.
    pub rank1: Interval,
    /// Rank 10.
    pub rank10: Interval,
}

/// Intervals for ranks; `None` with fewer than two people looked up.
///
/// The same `seed` gives the same intervals, whatever the number of threads.
pub fn intervals(sets: &[Placed], resamples: u32, seed: u64) -> Option<IdentificationIntervals> {
    let mut people: Vec<u32> = sets.iter().flat_map(|set| &set.places).map(|place| place.person).collect();
    people.sort_unstable();
    people.dedup();
    if people.len() < 2 || resamples == 0 {
        return None;
    }
    let column = |person: u32| people.partition_point(|&other| other < person);
    // For each set and person: probes, expected hits at rank 1, at rank 10.
    let tallies = |set: &Placed| {
        let mut tallies = vec![[0.0; 3]; people.len()];
        for place in &set.places {
            let tally = &mut tallies[column(place.person)];
            tally[0] += 1.0;
            tally[1] += place.within(1);
            tally[2] += place.within(10);
        }
        tallies
    };
    let tallies: Vec<Vec<[f64; 3]>> = sets.iter().map(tallies).collect();
    let draw = |index: u32| -> Option<[f64; 2]> {
        let weights = draw_people(seed, index, people.len());
        let share = |set: &Vec<[f64; 3]>| {
            let sum = |figure: usize| -> f64 {
                set.iter().zip(&weights).map(|(tally, &weight)| f64::from(weight) * tally[figure]).sum()
            };
            (sum(0) > 0.0).then(|| [sum(1) / sum(0), sum(2) / sum(0)])
        };
        let shares: Vec<[f64; 2]> = tallies.iter().filter_map(share).collect();
        let mean = |figure: usize| shares.iter().map(|set| set[figure]).sum::<f64>() / shares.len() as f64;
        (!shares.is_empty()).then(|| [mean(0), mean(1)])
    };
    let draws: Vec<[f64; 2]> = (0..resamples).into_par_iter().filter_map(draw).collect();
    let interval = |figure: usize| percentiles(draws.iter().map(|draw| draw[figure]).collect());
    let rank10_says_something = sets.iter().all(|set| set.rank(10).is_some());
    Some(IdentificationIntervals {
        level: LEVEL,
        resamples,
        people: people.len(),
        rank1: interval(0),
        rank10: rank10_says_something.then(|| interval(1)).flatten(),
    })
}
