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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn influences_are_weighted_differences_from_the_mean() {
        assert_eq!(centred(&[1.0, 2.0, 6.0], 2.0), [-4.0, -2.0, 6.0]);
        assert!(centred(&[], 2.0).is_empty());
    }

    /// One picture that adds much: the measure may rise far, and hardly fall, whichever set it is in.
    #[test]
    fn intervals_lean_to_where_influences_do() {
        let skewed: Vec<f64> = (0..20).map(|index| if index == 0 { 19.0 } else { -1.0 }).collect();
        let even = vec![0.0; 5];
        for (real, fake) in [(&skewed, &even), (&even, &skewed)] {
            let [low, high] = bootstrap(3.0, real, fake, 2000, 7).expect("an interval");
            assert!(low >= 2.0 && high >= 5.0, "{low} to {high}");
        }
    }
}
