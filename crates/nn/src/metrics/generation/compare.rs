//! Everything that is measured of two sets of features.

use rand::seq::SliceRandom;
use serde::Serialize;

use super::error::FeatureError;
use super::extrapolation::{Extrapolation, extrapolate};
use super::frechet::{FrechetDistance, frechet_distance, frechet_distance_of_rows};
use super::intervals::{bootstrap, centred};
use super::kernel_distance::{KernelDistance, SubsetSettings, SubsetSummary, kernel_distance};
use super::moments::{Moments, Statistics};
use super::neighbours::{NeighbourMeasures, OneNearestNeighbour, neighbour_measures};
use super::rows::FeatureRows;
use crate::metrics::bootstrap::{Interval, RESAMPLES};
use crate::random;

/// Below so many pictures the Fréchet distance says more about their number than about the pictures.
const FEW_PICTURES: usize = 2048;
/// Parts of the smallest sets of an extrapolation: fifteen distances in all for few pictures, three for many.
const MOST_PARTS: [usize; 2] = [5, 2];

/// What is computed, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComparisonSettings {
    /// Draws of each bootstrap; 0 for no intervals, and no extrapolation.
    pub resamples: u32,
    /// Subsets of the kernel distance.
    pub subsets: SubsetSettings,
    /// Pictures of each set that are compared pair by pair; more are drawn from at random.
    pub most_pairwise: usize,
    /// Fixes what is drawn at random.
    pub seed: u64,
}

impl Default for ComparisonSettings {
    fn default() -> Self {
        Self { resamples: RESAMPLES, subsets: SubsetSettings::default(), most_pairwise: 10_000, seed: 0 }
    }
}

/// A measure and where it may lie with other pictures of the same kind.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The measure.
    pub value: f64,
    /// Its interval; `None` where there are no rows to draw from.
    pub interval: Interval,
}

/// What two sets of features are to each other. Measures that need rows are `None` for statistics.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The squared Fréchet distance. The interval is about the distance of infinitely many pictures.
    pub frechet: Estimate,
    /// The distance of infinitely many pictures.
    pub extrapolation: Option<Extrapolation>,
    /// The unbiased kernel distance.
    pub kernel: Option<Estimate>,
    /// The kernel distance over random subsets.
    pub kernel_subsets: Option<SubsetSummary>,
    /// 1-nearest-neighbour accuracy.
    pub one_nearest_neighbour: Option<OneNearestNeighbour>,
    /// Interval of its accuracy over all pictures.
    pub one_nearest_neighbour_interval: Interval,
    /// Improved precision.
    pub precision: Option<Estimate>,
    /// Improved recall.
    pub recall: Option<Estimate>,
    /// Density.
    pub density: Option<Estimate>,
    /// Coverage.
    pub coverage: Option<Estimate>,
    /// Real pictures; `None` in statistics that do not say.
    pub num_real: Option<u64>,
    /// Generated pictures.
    pub num_fake: Option<u64>,
    /// Features of a picture.
    pub feature_dim: usize,
    /// What a reader should know.
    pub warnings: Vec<String>,
}

/// Compares statistics, for which there is only the Fréchet distance.
///
/// # Errors
/// As [`frechet_distance`].
pub fn compare_statistics(real: &Statistics, fake: &Statistics) -> Result<Comparison, FeatureError> {
    let value = frechet_distance(real, fake)?;
    let counts = [real.count, fake.count];
    let least = counts.into_iter().flatten().min();
    Ok(Comparison {
        frechet: Estimate { value, interval: None },
        extrapolation: None,
        kernel: None,
        kernel_subsets: None,
        one_nearest_neighbour: None,
        one_nearest_neighbour_interval: None,
        precision: None,
        recall: None,
        density: None,
        coverage: None,
        num_real: counts[0],
        num_fake: counts[1],
        feature_dim: real.dim(),
        warnings: least.and_then(|least| few_pictures(least as usize, None)).into_iter().collect(),
    })
}

/// Compares rows by every measure.
///
/// # Errors
/// [`FeatureError::Dimensions`]; [`FeatureError::TooFew`] for a set of fewer than two rows; [`FeatureError::NotConverged`].
pub fn compare(
    real: &FeatureRows,
    fake: &FeatureRows,
    settings: ComparisonSettings,
) -> Result<Comparison, FeatureError> {
    if real.dim() != fake.dim() {
        return Err(FeatureError::Dimensions { real: real.dim(), fake: fake.dim() });
    }
    let least = real.len().min(fake.len());
    if least < 2 {
        return Err(FeatureError::TooFew { least: 2, found: least });
    }
    let mut comparison = compare_moments(real, fake, settings)?;
    let most = settings.most_pairwise.max(2);
    let drawn = [real, fake].map(|rows| (rows.len() > most).then(|| draw(rows, most, settings.seed)));
    if drawn.iter().any(Option::is_some) {
        comparison.warnings.push(format!(
            "KID and measures by neighbours are of {most} pictures of each set, drawn at random; more with --pairwise N"
        ));
    }
    let [real, fake] = [drawn[0].as_ref().unwrap_or(real), drawn[1].as_ref().unwrap_or(fake)];
    add_kernel(&mut comparison, &kernel_distance(real, fake, settings.subsets)?, settings);
    add_neighbours(&mut comparison, &neighbour_measures(real, fake)?, settings);
    Ok(comparison)
}

fn draw(rows: &FeatureRows, count: usize, seed: u64) -> FeatureRows {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.shuffle(&mut random::stream(seed, "pictures compared pair by pair", rows.len() as u64));
    order.truncate(count);
    order.sort_unstable();
    rows.select(&order)
}

/// What follows from means and covariances.
fn compare_moments(
    real: &FeatureRows,
    fake: &FeatureRows,
    settings: ComparisonSettings,
) -> Result<Comparison, FeatureError> {
    let least = real.len().min(fake.len());
    if settings.resamples == 0 {
        return compare_statistics(&Moments::of(real).statistics()?, &Moments::of(fake).statistics()?);
    }
    let FrechetDistance { distance, real: real_influence, fake: fake_influence } =
        frechet_distance_of_rows(real, fake)?;
    let parts = if least < FEW_PICTURES { MOST_PARTS[0] } else { MOST_PARTS[1] };
    let extrapolation = extrapolate(real, fake, distance, parts, settings.seed)?;
    let interval = bootstrap(extrapolation.fid, &real_influence, &fake_influence, settings.resamples, settings.seed);
    Ok(Comparison {
        frechet: Estimate { value: distance, interval },
        warnings: few_pictures(least, Some(extrapolation.fid)).into_iter().collect(),
        extrapolation: Some(extrapolation),
        kernel: None,
        kernel_subsets: None,
        one_nearest_neighbour: None,
        one_nearest_neighbour_interval: None,
        precision: None,
        recall: None,
        density: None,
        coverage: None,
        num_real: Some(real.len() as u64),
        num_fake: Some(fake.len() as u64),
        feature_dim: real.dim(),
    })
}

fn few_pictures(least: usize, extrapolated: Option<f64>) -> Option<String> {
    let instead = extrapolated
        .map_or_else(String::new, |fid| format!("; of infinitely many pictures it would be about {fid:.4}"));
    (least < FEW_PICTURES).then(|| {
        format!(
            "{least} pictures are fewer than {FEW_PICTURES}: the Fréchet distance is too large, and comparable only with \
             distances of as many pictures{instead}"
        )
    })
}

fn add_kernel(comparison: &mut Comparison, kernel: &KernelDistance, settings: ComparisonSettings) {
    let interval = interval(kernel.unbiased, &kernel.real, &kernel.fake, settings);
    comparison.kernel = Some(Estimate { value: kernel.unbiased, interval });
    comparison.kernel_subsets = kernel.subsets;
}

fn add_neighbours(comparison: &mut Comparison, measures: &NeighbourMeasures, settings: ComparisonSettings) {
    let NeighbourMeasures { one_nearest_neighbour, real_correct, fake_correct, .. } = measures;
    let all = (real_correct.len() + fake_correct.len()) as f64;
    let [real, fake] = [real_correct, fake_correct].map(|correct| centred(correct, correct.len() as f64 / all));
    comparison.one_nearest_neighbour_interval = interval(one_nearest_neighbour.accuracy, &real, &fake, settings);
    comparison.one_nearest_neighbour = Some(*one_nearest_neighbour);
    let share = |values: &[f64]| {
        let value = values.iter().sum::<f64>() / values.len() as f64;
        Some(Estimate { value, interval: interval(value, &centred(values, 1.0), &[], settings) })
    };
    comparison.precision = share(&measures.precision);
    comparison.recall = share(&measures.recall);
    comparison.density = share(&measures.density);
    comparison.coverage = share(&measures.coverage);
}

fn interval(value: f64, real: &[f64], fake: &[f64], settings: ComparisonSettings) -> Interval {
    if settings.resamples == 0 { None } else { bootstrap(value, real, fake, settings.resamples, settings.seed) }
}
