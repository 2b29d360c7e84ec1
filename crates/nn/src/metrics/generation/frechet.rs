//! The Fréchet distance between two sets of features.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef};

use super::error::FeatureError;
use super::factor::{Factor, parallelism};
use super::moments::{Moments, Statistics};
use super::rows::FeatureRows;

/// The distance, and how much each picture moves it.
#[derive(Clone, Debug)]
pub struct FrechetDistance {
    /// The squared distance; rounding never makes it negative.
    pub distance: f64,
    /// For each real picture, its derivative of the distance (the influence function); the mean is 0.
    pub real: Vec<f64>,
    /// For each generated picture.
    pub fake: Vec<f64>,
}

/// The squared Fréchet distance (2-Wasserstein distance) of the normal distributions with these means and covariances:
/// `|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2))`. Heusel et al. 2017, <https://arxiv.org/abs/1706.08500>; over the features
/// of the FID Inception network it is the FID.
///
/// The trace of the square root is the sum of the singular values of the product of the covariances' own roots, so that
/// covariances of fewer pictures than features need no addition to their diagonals.
///
/// # Errors
/// [`FeatureError::Dimensions`], [`FeatureError::StatisticsNotFinite`], [`FeatureError::NotConverged`].
pub fn frechet_distance(real: &Statistics, fake: &Statistics) -> Result<f64, FeatureError> {
    check(real, fake)?;
    let [real_factor, fake_factor] = [Factor::of_covariance(real)?, Factor::of_covariance(fake)?];
    let trace = real_factor.trace_of_root(&fake_factor)?;
    Ok(distance(real, fake, trace))
}

fn check(real: &Statistics, fake: &Statistics) -> Result<(), FeatureError> {
    if real.dim() != fake.dim() {
        return Err(FeatureError::Dimensions { real: real.dim(), fake: fake.dim() });
    }
    real.check_finite()?;
    fake.check_finite()
}

fn distance(real: &Statistics, fake: &Statistics, trace_of_root: f64) -> f64 {
    let means: f64 = real.mean.iter().zip(&fake.mean).map(|(one, other)| (one - other).powi(2)).sum();
    (means + trace(real) + trace(fake) - 2.0 * trace_of_root).max(0.0)
}

fn trace(statistics: &Statistics) -> f64 {
    statistics.covariance.iter().step_by(statistics.dim() + 1).sum()
}

/// The distance of two sets of rows; of sets no larger than their features without their covariances, which is much less work: for
/// the many small sets of an extrapolation, and while a network is trained.
///
/// # Errors
/// As [`frechet_distance`]; [`FeatureError::TooFew`] for a set of fewer than two rows.
pub fn distance_of_sets(real: &FeatureRows, fake: &FeatureRows) -> Result<f64, FeatureError> {
    if real.len().max(fake.len()) > real.dim() {
        return frechet_distance(&Moments::of(real).statistics()?, &Moments::of(fake).statistics()?);
    }
    let [one, other] = [SmallSet::of(real)?, SmallSet::of(fake)?];
    let means: f64 = one.mean.iter().zip(&other.mean).map(|(one, other)| (one - other).powi(2)).sum();
    let trace = one.factor.trace_of_root(&other.factor)?;
    Ok((means + one.trace + other.trace - 2.0 * trace).max(0.0))
}

struct SmallSet {
    mean: Vec<f64>,
    trace: f64,
    factor: Factor,
}

impl SmallSet {
    fn of(rows: &FeatureRows) -> Result<Self, FeatureError> {
        if rows.len() < 2 {
            return Err(FeatureError::TooFew { least: 2, found: rows.len() });
        }
        let mut mean = vec![0.0; rows.dim()];
        for row in rows.values().chunks_exact(rows.dim()) {
            mean.iter_mut().zip(row).for_each(|(sum, value)| *sum += f64::from(*value));
        }
        mean.iter_mut().for_each(|sum| *sum /= rows.len() as f64);
        let factor = Factor::of_rows(rows, &mean);
        let trace = factor.root.squared_norm_l2();
        Ok(Self { mean, trace, factor })
    }
}

/// As [`frechet_distance`], with the influence of each picture, from which intervals follow.
///
/// # Errors
/// As [`frechet_distance`]; [`FeatureError::TooFew`] for a set of fewer than two rows.
pub fn frechet_distance_of_rows(real: &FeatureRows, fake: &FeatureRows) -> Result<FrechetDistance, FeatureError> {
    if real.dim() != fake.dim() {
        return Err(FeatureError::Dimensions { real: real.dim(), fake: fake.dim() });
    }
    let [one, other] = [Moments::of(real).statistics()?, Moments::of(fake).statistics()?];
    check(&one, &other)?;
    let factors = [Factor::of_covariance(&one)?, Factor::of_covariance(&other)?];
    let product = factors[0].product(&factors[1]);
    if product.nrows() == 0 || product.ncols() == 0 {
        let none = |rows: &FeatureRows| vec![0.0; rows.len()];
        return Ok(FrechetDistance { distance: distance(&one, &other, 0.0), real: none(real), fake: none(fake) });
    }
    let decomposed = product.thin_svd().map_err(|_| FeatureError::NotConverged { size: one.dim() })?;
    let values: Vec<f64> = decomposed.S().column_vector().iter().copied().collect();
    let distance = distance(&one, &other, values.iter().sum());
    let map = |vectors: MatRef<'_, f64>, factor: &Factor| {
        let scaled = Mat::from_fn(values.len(), vectors.nrows(), |row, column| {
            vectors[(column, row)] * values[row].max(0.0).sqrt()
        });
        let mut map = Mat::zeros(values.len(), factor.inverse.ncols());
        matmul(&mut map, Accum::Replace, &scaled, &factor.inverse, 1.0, parallelism());
        map
    };
    let (one_map, other_map) = (map(decomposed.U(), &factors[0]), map(decomposed.V(), &factors[1]));
    let real = influences(real, &one.mean, &other.mean, &one_map);
    let fake = influences(fake, &other.mean, &one.mean, &other_map);
    Ok(FrechetDistance { distance, real, fake })
}

/// Rows whose influence is computed at once.
const ROWS_AT_ONCE: usize = 512;

/// The derivative of the distance by the weight of each row: `|c|^2 - |T c|^2 + 2 (m - m') c`, less its mean, where `c` is the
/// centred row and `TᵀT` the optimal transport map between the two normal distributions.
fn influences(rows: &FeatureRows, mean: &[f64], other_mean: &[f64], map: &Mat<f64>) -> Vec<f64> {
    let dim = rows.dim();
    let mut influences = Vec::with_capacity(rows.len());
    for block in rows.values().chunks(ROWS_AT_ONCE * dim) {
        let count = block.len() / dim;
        let centred = Mat::from_fn(dim, count, |feature, row| f64::from(block[row * dim + feature]) - mean[feature]);
        let mut mapped = Mat::zeros(map.nrows(), count);
        matmul(&mut mapped, Accum::Replace, map, &centred, 1.0, parallelism());
        for row in 0..count {
            let shift: f64 =
                (0..dim).map(|feature| (mean[feature] - other_mean[feature]) * centred[(feature, row)]).sum();
            influences.push(centred.col(row).squared_norm_l2() - mapped.col(row).squared_norm_l2() + 2.0 * shift);
        }
    }
    let mean = influences.iter().sum::<f64>() / influences.len().max(1) as f64;
    influences.iter_mut().for_each(|influence| *influence -= mean);
    influences
}
