//! Means and how sure they are.

use std::collections::BTreeMap;

use rand::Rng;
use rayon::prelude::*;
use serde::Serialize;

use crate::metrics::bootstrap::{Interval, percentiles};
use crate::random;

/// A mean over inputs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MeanEstimate {
    /// The mean.
    pub value: f64,
    /// The central 95 % of the means over inputs that are drawn again, with replacement; nothing for fewer than two inputs.
    pub interval: Interval,
    /// Inputs.
    pub count: usize,
}

/// The mean of one value an input. Where an input has several (pairs of its outputs), its own mean counts once: they are not
/// independent. `None` without values, or if one of them is not finite.
pub fn mean_estimate(values: &[f64], resamples: u32, seed: u64) -> Option<MeanEstimate> {
    let everyone: Vec<usize> = (0..values.len()).collect();
    mean_estimate_of_people(values, &everyone, resamples, seed)
}

/// As [`mean_estimate`], of inputs that show `people`, one number each: a draw takes people with all their inputs.
pub fn mean_estimate_of_people(values: &[f64], people: &[usize], resamples: u32, seed: u64) -> Option<MeanEstimate> {
    let count = values.len().min(people.len());
    if count == 0 || values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let mut by_person: BTreeMap<usize, [f64; 2]> = BTreeMap::new();
    for (value, person) in values.iter().zip(people) {
        let [sum, inputs] = by_person.entry(*person).or_default();
        (*sum, *inputs) = (*sum + value, *inputs + 1.0);
    }
    let sums: Vec<[f64; 2]> = by_person.into_values().collect();
    let (value, interval) = ratio_of_sums(&sums, resamples, seed);
    Some(MeanEstimate { value, interval, count })
}

/// The sum of the first numbers over that of the second ones, and its interval: a draw takes pairs again, with replacement. No
/// interval for fewer than two pairs.
pub(super) fn ratio_of_sums(pairs: &[[f64; 2]], resamples: u32, seed: u64) -> (f64, Interval) {
    let ratio = |pairs: &mut dyn Iterator<Item = [f64; 2]>| {
        let [sum, weight] = pairs.fold([0.0; 2], |[sum, weight], [more, other]| [sum + more, weight + other]);
        sum / weight
    };
    let draw = |index: u32| {
        let mut random = random::stream(seed, "bootstrap over inputs", u64::from(index));
        ratio(&mut (0..pairs.len()).map(|_| pairs[random.random_range(0..pairs.len())]))
    };
    let draws = if pairs.len() < 2 { 0 } else { resamples };
    (ratio(&mut pairs.iter().copied()), percentiles((0..draws).into_par_iter().map(draw).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{normals, stream};

    #[test]
    fn intervals_hold_the_true_mean_about_as_often_as_they_say() {
        // 1,000 sets of 60 values around 3: 95 % within three deviations of the count of hits, and a little less for so few values.
        let hits = (0..1000).filter(|set| {
            let values: Vec<f64> =
                normals(&mut stream(*set, "values", 0), 60).iter().map(|value| 3.0 + f64::from(*value)).collect();
            let [low, high] = mean_estimate(&values, 400, *set).and_then(|found| found.interval).expect("an interval");
            (low..=high).contains(&3.0)
        });
        let share = hits.count() as f64 / 1000.0;
        assert!((0.92..=0.97).contains(&share), "{share}");
    }

    #[test]
    fn inputs_of_one_person_stay_together() {
        // Two people with ten equal values each are as sure as two values.
        let values: Vec<f64> = (0..20).map(|index| if index < 10 { 1.0 } else { 3.0 }).collect();
        let people: Vec<usize> = (0..20).map(|index| index / 10).collect();
        let found = mean_estimate_of_people(&values, &people, 500, 0).expect("an estimate");
        assert_eq!((found.value, found.interval, found.count), (2.0, Some([1.0, 3.0]), 20));
        let alone = mean_estimate(&values, 500, 0).and_then(|found| found.interval).expect("an interval");
        assert!(alone[0] > 1.3 && alone[1] < 2.7, "{alone:?}");
    }

    #[test]
    fn nothing_is_estimated_of_nothing() {
        assert_eq!(mean_estimate(&[], 10, 0), None);
        assert_eq!(mean_estimate(&[1.0, f64::NAN], 10, 0), None);
        assert_eq!(mean_estimate(&[2.0], 10, 0), Some(MeanEstimate { value: 2.0, interval: None, count: 1 }));
        assert_eq!(mean_estimate(&[2.0, 4.0], 0, 0).map(|found| (found.value, found.interval)), Some((3.0, None)));
    }
}
