//! Measures by nearest neighbours: can the sets be told apart, how real are the generated pictures, how varied.

use serde::Serialize;

use super::error::FeatureError;
use super::products::WideRows;
use super::rows::FeatureRows;

/// Neighbours that make a picture's ball for precision and recall, as in the paper and in torch-fidelity.
const BALL_NEIGHBOURS: usize = 3;
/// Neighbours for density and coverage, as in the paper.
const DENSITY_NEIGHBOURS: usize = 5;

/// Share of pictures whose nearest other picture is of the same set; 0.5 where the sets cannot be told apart.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct OneNearestNeighbour {
    /// Of all pictures.
    pub accuracy: f64,
    /// Of the real ones.
    pub real: f64,
    /// Of the generated ones.
    pub fake: f64,
}

/// What neighbours say, and for each picture what it adds.
#[derive(Clone, Debug)]
pub struct NeighbourMeasures {
    /// Two-sample test, each picture left out once. Lopez-Paz and Oquab 2017, <https://arxiv.org/abs/1610.06545>.
    pub one_nearest_neighbour: OneNearestNeighbour,
    /// For each real picture, 1 if its nearest other picture is real.
    pub real_correct: Vec<f64>,
    /// For each generated picture, 1 if its nearest other picture is generated.
    pub fake_correct: Vec<f64>,
    /// For each generated picture, 1 if it lies in the ball of a real one; the mean is the improved precision. Kynkäänniemi et
    /// al. 2019, <https://arxiv.org/abs/1904.06991>.
    pub precision: Vec<f64>,
    /// For each real picture, 1 if it lies in the ball of a generated one; the mean is the improved recall.
    pub recall: Vec<f64>,
    /// For each generated picture, the number of real balls that it lies in, divided by the neighbours that make them; the mean is
    /// the density. Naeem et al. 2020, <https://arxiv.org/abs/2002.09797>.
    pub density: Vec<f64>,
    /// For each real picture, 1 if a generated one lies in its ball; the mean is the coverage.
    pub coverage: Vec<f64>,
}

/// Squared distances to neighbours in the own set.
#[derive(Clone, Copy, Debug, Default)]
struct OwnSet {
    nearest: f64,
    ball: f64,
    density_ball: f64,
}

/// What the other set says of a picture.
#[derive(Clone, Copy, Debug)]
struct OtherSet {
    nearest: f64,
    is_in_ball: bool,
    density_balls: usize,
}

/// All measures by neighbours, by Euclidean distances in `f64`.
///
/// # Errors
/// [`FeatureError::Dimensions`]; [`FeatureError::TooFew`] for a set without as many neighbours as a ball needs.
pub fn neighbour_measures(real: &FeatureRows, fake: &FeatureRows) -> Result<NeighbourMeasures, FeatureError> {
    if real.dim() != fake.dim() {
        return Err(FeatureError::Dimensions { real: real.dim(), fake: fake.dim() });
    }
    let least = real.len().min(fake.len());
    if least < 2 {
        return Err(FeatureError::TooFew { least: 2, found: least });
    }
    let origin: Vec<f64> = real.row(0).iter().map(|value| f64::from(*value)).collect();
    let [real, fake] = [real, fake].map(|rows| WideRows::new(rows, &origin));
    let [real_own, fake_own] = [&real, &fake].map(|rows| rows.distances(rows, own_set));
    let other_set = |balls: &[OwnSet], line: &[f64]| OtherSet {
        nearest: line.iter().copied().fold(f64::INFINITY, f64::min),
        is_in_ball: line.iter().zip(balls).any(|(distance, own)| *distance <= own.ball),
        density_balls: line.iter().zip(balls).filter(|(distance, own)| **distance < own.density_ball).count(),
    };
    let real_other = real.distances(&fake, |_, line| other_set(&fake_own, line));
    let fake_other = fake.distances(&real, |_, line| other_set(&real_own, line));
    let one = |is_so: bool| f64::from(u8::from(is_so));
    // A picture as near to both sets counts as real, as where real pictures are listed first.
    let pairs = real_own.iter().zip(&real_other);
    let real_correct: Vec<f64> = pairs.map(|(own, other)| one(own.nearest <= other.nearest)).collect();
    let pairs = fake_own.iter().zip(&fake_other);
    let fake_correct: Vec<f64> = pairs.map(|(own, other)| one(own.nearest < other.nearest)).collect();
    let pairs = real_own.iter().zip(&real_other);
    let coverage = pairs.map(|(own, other)| one(other.nearest < own.density_ball)).collect();
    let per_ball = |other: &OtherSet| other.density_balls as f64 / DENSITY_NEIGHBOURS as f64;
    Ok(NeighbourMeasures {
        one_nearest_neighbour: summarise(&real_correct, &fake_correct),
        precision: fake_other.iter().map(|other| one(other.is_in_ball)).collect(),
        recall: real_other.iter().map(|other| one(other.is_in_ball)).collect(),
        density: fake_other.iter().map(per_ball).collect(),
        coverage,
        real_correct,
        fake_correct,
    })
}

fn summarise(real: &[f64], fake: &[f64]) -> OneNearestNeighbour {
    let [real_sum, fake_sum] = [real, fake].map(|values| values.iter().sum::<f64>());
    OneNearestNeighbour {
        accuracy: (real_sum + fake_sum) / (real.len() + fake.len()) as f64,
        real: real_sum / real.len() as f64,
        fake: fake_sum / fake.len() as f64,
    }
}

/// Distances to the nearest other pictures of the same set. Where there are fewer than asked for, the farthest counts.
fn own_set(row: usize, distances: &[f64]) -> OwnSet {
    let mut nearest = [f64::INFINITY; DENSITY_NEIGHBOURS];
    for (_, &distance) in distances.iter().enumerate().filter(|(index, _)| *index != row) {
        if distance < nearest[DENSITY_NEIGHBOURS - 1] {
            let place = nearest.partition_point(|other| *other <= distance);
            nearest[place..].rotate_right(1);
            nearest[place] = distance;
        }
    }
    let found = DENSITY_NEIGHBOURS.min(distances.len() - 1);
    let at = |number: usize| nearest[number.min(found) - 1];
    OwnSet { nearest: at(1), ball: at(BALL_NEIGHBOURS), density_ball: at(DENSITY_NEIGHBOURS) }
}
