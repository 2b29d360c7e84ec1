//! The Fréchet distance of infinitely many pictures.

use rand::seq::SliceRandom;
use serde::Serialize;

use super::error::FeatureError;
use super::frechet::distance_of_sets;
use super::rows::FeatureRows;
use crate::random;

/// Fewer pictures in a part say nothing.
const LEAST_PICTURES: usize = 2;

/// The Fréchet distance is too large for few pictures, by an amount that falls as one over their number. A line through the
/// distances of ever smaller sets leads to the distance of infinitely many.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Extrapolation {
    /// The distance at infinitely many pictures. It may be below zero where the sets are alike.
    pub fid: f64,
    /// Pictures of the smaller set, and the mean distance of sets so large.
    pub points: Vec<(usize, f64)>,
}

/// Extrapolates as Chong and Forsyth 2020, <https://arxiv.org/abs/1911.07023>, with the distances of all pictures, of both
/// halves, of the three thirds, and so on up to `most_parts`, drawn at random. Parts of both sets shrink together. Every size sees each picture
/// once, so that chance hardly moves the line. `full` is the distance of all pictures.
///
/// # Errors
/// As [`super::frechet_distance`].
pub fn extrapolate(
    real: &FeatureRows,
    fake: &FeatureRows,
    full: f64,
    most_parts: usize,
    seed: u64,
) -> Result<Extrapolation, FeatureError> {
    let least = real.len().min(fake.len());
    let mut points = vec![(least, full)];
    let [real_order, fake_order] = [real, fake].map(|rows| order(rows.len(), seed));
    for parts in 2..=most_parts {
        if least / parts < LEAST_PICTURES {
            break;
        }
        let part = |rows: &FeatureRows, order: &[usize], index: usize| {
            let size = rows.len() / parts;
            rows.select(&order[index * size..][..size])
        };
        let mut sum = 0.0;
        for index in 0..parts {
            sum += distance_of_sets(&part(real, &real_order, index), &part(fake, &fake_order, index))?;
        }
        points.push((least / parts, sum / parts as f64));
    }
    Ok(Extrapolation { fid: intercept(&points), points })
}

fn order(len: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..len).collect();
    order.shuffle(&mut random::stream(seed, "parts of an extrapolation", len as u64));
    order
}

/// Where the line of least squares over `1 / size` meets 0.
fn intercept(points: &[(usize, f64)]) -> f64 {
    let count = points.len() as f64;
    let inverse = |(size, _): &(usize, f64)| 1.0 / *size as f64;
    let mean = |of: &dyn Fn(&(usize, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (mean_inverse, mean_distance) = (mean(&inverse), mean(&|(_, distance)| *distance));
    let spread: f64 = points.iter().map(|point| (inverse(point) - mean_inverse).powi(2)).sum();
    if spread == 0.0 {
        return mean_distance;
    }
    let slope: f64 = points.iter().map(|point| (inverse(point) - mean_inverse) * (point.1 - mean_distance)).sum();
    mean_distance - slope / spread * mean_inverse
}
