//! Confidence intervals by a bootstrap over identities: how far the figures would move with other people.
//!
//! Pairs that share a person are not independent, so people are drawn, not pairs: as many as there are, with replacement.
//! Intervals are plain percentiles of the figures over all draws.

use rand::Rng;

use crate::random;

/// The share of draws that an interval holds.
pub const LEVEL: f64 = 0.95;
/// Draws that are made unless asked otherwise.
pub const RESAMPLES: u32 = 1000;

/// `[low, high]`, or nothing where it cannot be had.
pub type Interval = Option<[f64; 2]>;

/// How often each person is drawn.
pub(super) fn draw_people(seed: u64, index: u32, people: usize) -> Vec<u32> {
    let mut random = random::stream(seed, "bootstrap over identities", u64::from(index));
    let mut weights = vec![0; people];
    for _ in 0..people {
        weights[random.random_range(0..people)] += 1;
    }
    weights
}

/// The central interval of some values that holds the share [`LEVEL`] of them: percentiles, linearly interpolated.
pub(super) fn percentiles(mut values: Vec<f64>) -> Interval {
    values.sort_unstable_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    let at = |share: f64| {
        let place = share * last as f64;
        let (low, high) = (place.floor() as usize, place.ceil() as usize);
        values[low] + (place - place.floor()) * (values[high] - values[low])
    };
    Some([at((1.0 - LEVEL) / 2.0), at((1.0 + LEVEL) / 2.0)])
}
