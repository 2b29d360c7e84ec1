//! The kernel distance (KID).

use portraitist_face::mersenne::MersenneTwister;
use serde::Serialize;

use super::error::FeatureError;
use super::products::WideRows;
use super::rows::FeatureRows;

/// Subsets as torch-fidelity draws them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubsetSettings {
    /// How many; 0 for none.
    pub count: usize,
    /// Pictures of each; where a set has fewer, all of them.
    pub size: usize,
    /// Seed of numpy's `RandomState`.
    pub seed: u32,
}

impl Default for SubsetSettings {
    /// torch-fidelity's: 100 of 1,000.
    fn default() -> Self {
        Self { count: 100, size: 1000, seed: 2020 }
    }
}

/// The squared maximum mean discrepancy with the kernel `(x·y / dim + 1)^3`.
#[derive(Clone, Debug, PartialEq)]
pub struct KernelDistance {
    /// Unbiased, over all pictures. It may be below zero.
    pub unbiased: f64,
    /// Biased: with each picture's kernel with itself.
    pub biased: f64,
    /// Mean and deviation (of the population) over random subsets; `None` without subsets.
    pub subsets: Option<SubsetSummary>,
    /// How much each real picture moves `unbiased`; the mean is 0.
    pub real: Vec<f64>,
    /// How much each generated picture moves it.
    pub fake: Vec<f64>,
}

/// Mean and deviation over random subsets.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SubsetSummary {
    /// The mean.
    pub mean: f64,
    /// The population's standard deviation.
    pub std: f64,
    /// Subsets.
    pub count: usize,
    /// Pictures of each.
    pub size: usize,
}

/// Sums of the kernel over one row's pairs.
#[derive(Clone, Copy, Debug, Default)]
struct RowSums {
    all: f64,
    own: f64,
}

/// The kernel distance. Bińkowski et al. 2018, <https://arxiv.org/abs/1801.01401>; over the features of the FID Inception
/// network it is the KID.
///
/// # Errors
/// [`FeatureError::Dimensions`]; [`FeatureError::TooFew`] for a set of fewer than two rows.
pub fn kernel_distance(
    real: &FeatureRows,
    fake: &FeatureRows,
    subsets: SubsetSettings,
) -> Result<KernelDistance, FeatureError> {
    if real.dim() != fake.dim() {
        return Err(FeatureError::Dimensions { real: real.dim(), fake: fake.dim() });
    }
    let least = real.len().min(fake.len());
    if least < 2 {
        return Err(FeatureError::TooFew { least: 2, found: least });
    }
    let origin = vec![0.0; real.dim()];
    let [wide_real, wide_fake] = [real, fake].map(|rows| WideRows::new(rows, &origin));
    let estimate = Estimate::of(&wide_real, &wide_fake, real.dim());
    let (real_influence, fake_influence) = estimate.influences();
    Ok(KernelDistance {
        unbiased: estimate.unbiased(),
        biased: estimate.biased(),
        subsets: (subsets.count > 0).then(|| summarise(real, fake, subsets)),
        real: real_influence,
        fake: fake_influence,
    })
}

/// What is summed over pairs of two sets.
struct Estimate {
    real: Vec<RowSums>,
    fake: Vec<RowSums>,
    /// Over the generated pictures, for each real one.
    real_cross: Vec<f64>,
    fake_cross: Vec<f64>,
}

impl Estimate {
    fn of(real: &WideRows, fake: &WideRows, dim: usize) -> Self {
        let kernel = |product: f64| (product / dim as f64 + 1.0).powi(3);
        let within = |rows: &WideRows| {
            rows.products(rows, |row, line| RowSums {
                all: line.iter().map(|product| kernel(*product)).sum(),
                own: kernel(line[row]),
            })
        };
        let cross = |one: &WideRows, other: &WideRows| {
            one.products(other, |_, line| line.iter().map(|product| kernel(*product)).sum::<f64>())
        };
        Self { real: within(real), fake: within(fake), real_cross: cross(real, fake), fake_cross: cross(fake, real) }
    }

    fn sizes(&self) -> [f64; 2] {
        [self.real.len() as f64, self.fake.len() as f64]
    }

    fn cross_mean(&self) -> f64 {
        let [real, fake] = self.sizes();
        self.real_cross.iter().sum::<f64>() / (real * fake)
    }

    fn unbiased(&self) -> f64 {
        let mean = |sums: &[RowSums]| {
            let count = sums.len() as f64;
            sums.iter().map(|sums| sums.all - sums.own).sum::<f64>() / (count * (count - 1.0))
        };
        mean(&self.real) + mean(&self.fake) - 2.0 * self.cross_mean()
    }

    fn biased(&self) -> f64 {
        let mean = |sums: &[RowSums]| sums.iter().map(|sums| sums.all).sum::<f64>() / (sums.len() as f64).powi(2);
        mean(&self.real) + mean(&self.fake) - 2.0 * self.cross_mean()
    }

    /// Hájek's projection: twice the mean kernel of a picture with its own set less that with the other, centred.
    fn influences(&self) -> (Vec<f64>, Vec<f64>) {
        let [real, fake] = self.sizes();
        let of = |sums: &[RowSums], cross: &[f64], own: f64, other: f64| {
            let values: Vec<f64> = sums
                .iter()
                .zip(cross)
                .map(|(sums, cross)| 2.0 * ((sums.all - sums.own) / (own - 1.0) - cross / other))
                .collect();
            let mean = values.iter().sum::<f64>() / own;
            values.into_iter().map(|value| value - mean).collect()
        };
        (of(&self.real, &self.real_cross, real, fake), of(&self.fake, &self.fake_cross, fake, real))
    }
}

/// Kernel distances of random subsets, drawn as torch-fidelity draws them.
fn summarise(real: &FeatureRows, fake: &FeatureRows, settings: SubsetSettings) -> SubsetSummary {
    let size = settings.size.min(real.len()).min(fake.len()).max(2);
    let mut random = MersenneTwister::new(settings.seed);
    let origin = vec![0.0; real.dim()];
    let distances: Vec<f64> = (0..settings.count)
        .map(|_| {
            let [real, fake] =
                [real, fake].map(|rows| WideRows::new(&rows.select(&choose(&mut random, rows.len(), size)), &origin));
            Estimate::of(&real, &fake, origin.len()).unbiased()
        })
        .collect();
    let count = distances.len() as f64;
    let mean = distances.iter().sum::<f64>() / count;
    let variance = distances.iter().map(|distance| (distance - mean).powi(2)).sum::<f64>() / count;
    SubsetSummary { mean, std: variance.sqrt(), count: distances.len(), size }
}

/// numpy's `RandomState.choice(len, size, replace=False)`: the first of a shuffled sequence.
fn choose(random: &mut MersenneTwister, len: usize, size: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..len).collect();
    for last in (1..len).rev() {
        order.swap(last, random.below(last as u32 + 1) as usize);
    }
    order.truncate(size);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subsets_are_those_of_numpy() {
        // numpy.random.RandomState(2020): choice(10, 4, replace=False), then choice(7, 3, replace=False)
        let mut random = MersenneTwister::new(2020);
        assert_eq!(choose(&mut random, 10, 4), NUMPY_FIRST);
        assert_eq!(choose(&mut random, 7, 3), NUMPY_SECOND);
    }

    const NUMPY_FIRST: [usize; 4] = [2, 4, 9, 1];
    const NUMPY_SECOND: [usize; 3] = [4, 3, 1];
}
