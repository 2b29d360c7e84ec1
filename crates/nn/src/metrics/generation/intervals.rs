//! Confidence intervals of measures of two sets.

use rand::Rng;
use rayon::prelude::*;

use crate::metrics::bootstrap::{Interval, percentiles};
use crate::random;

/// How far a measure would move with other pictures: a bootstrap of what each picture adds to it. `real` and `fake` are each
/// picture's influence on the measure, with a mean of 0; a draw takes as many pictures of each set as there are, with replacement,
/// and the measure moves by their mean influence. Drawing influences instead of pictures keeps pictures that are drawn twice from
/// being each other's neighbours.
pub(super) fn bootstrap(value: f64, real: &[f64], fake: &[f64], resamples: u32, seed: u64) -> Interval {
    let draws = (0..resamples).into_par_iter().map(|index| {
        let mut random = random::stream(seed, "bootstrap over pictures", u64::from(index));
        let mut mean = |influences: &[f64]| {
            let sum: f64 = influences.iter().map(|_| influences[random.random_range(0..influences.len())]).sum();
            sum / influences.len().max(1) as f64
        };
        value + mean(real) + mean(fake)
    });
    percentiles(draws.collect())
}

/// What each picture adds to a share or a mean.
pub(super) fn centred(values: &[f64], weight: f64) -> Vec<f64> {
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    values.iter().map(|value| (value - mean) * weight).collect()
}
