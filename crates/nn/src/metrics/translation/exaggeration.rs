//! How far a face is from the mean face.

use super::estimate::{MeanEstimate, ratio_of_sums};

/// How a face's landmarks differ from those of the mean face, in the head's own frame (pose and size taken out).
#[derive(Clone, Debug, PartialEq)]
pub struct Displacement {
    by: Vec<[f64; 3]>,
}

impl Displacement {
    /// Of points and those of the mean face, both in eye distances; as many as the shorter list has.
    pub fn of(points: &[[f64; 3]], mean: &[[f64; 3]]) -> Self {
        let difference = |(point, mean): (&[f64; 3], &[f64; 3])| std::array::from_fn(|axis| point[axis] - mean[axis]);
        Self { by: points.iter().zip(mean).map(difference).collect() }
    }

    /// The mean distance of a point to its place in the mean face, in eye distances.
    pub fn mean_distance(&self) -> f64 {
        let length = |by: &[f64; 3]| by.iter().map(|value| value * value).sum::<f64>().sqrt();
        self.by.iter().map(length).sum::<f64>() / self.by.len().max(1) as f64
    }

    fn product(&self, other: &Self) -> f64 {
        self.by.iter().zip(&other.by).map(|(a, b)| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>()).sum()
    }
}

/// By what factor an output's differences from the mean face are those of its input: the factor of least squares over all points of
/// all faces, in a way that draws faces for its interval. 1 where shapes are kept, above 1 where they are exaggerated, near 0 where every output has the same shape whatever the
/// input. `None` where no input differs from the mean.
pub fn growth<'a>(
    pairs: impl IntoIterator<Item = (&'a Displacement, &'a Displacement)>,
    resamples: u32,
    seed: u64,
) -> Option<MeanEstimate> {
    let products: Vec<[f64; 2]> =
        pairs.into_iter().map(|(input, output)| [input.product(output), input.product(input)]).collect();
    let own: f64 = products.iter().map(|[_, own]| own).sum();
    if own <= 0.0 || !own.is_finite() {
        return None;
    }
    let (value, interval) = ratio_of_sums(&products, resamples, seed);
    Some(MeanEstimate { value, interval, count: products.len() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{normals, stream};

    fn face(seed: u64, scale: f64) -> Vec<[f64; 3]> {
        let values = normals(&mut stream(seed, "face", 0), 3 * 68);
        values.as_chunks::<3>().0.iter().map(|point| point.map(|value| scale * f64::from(value))).collect()
    }

    #[test]
    fn a_known_shift_is_a_known_distance() {
        let mean = face(0, 1.0);
        let moved: Vec<[f64; 3]> = mean.iter().map(|[x, y, z]| [x + 0.3, y - 0.4, *z]).collect();
        assert!((Displacement::of(&moved, &mean).mean_distance() - 0.5).abs() < 1e-12);
        assert_eq!(Displacement::of(&mean, &mean).mean_distance(), 0.0);
        assert_eq!(growth([(&Displacement::of(&mean, &mean), &Displacement::of(&moved, &mean))], 9, 0), None);
    }

    #[test]
    fn growth_is_the_factor_that_differences_were_multiplied_by() {
        let mean = face(0, 1.0);
        let exaggerated = |seed: u64, factor: f64| {
            let by = face(seed, 0.05 * factor);
            let points: Vec<[f64; 3]> =
                mean.iter().zip(by).map(|(mean, by)| std::array::from_fn(|axis| mean[axis] + by[axis])).collect();
            Displacement::of(&points, &mean)
        };
        for factor in [0.0, 0.5, 1.0, 1.7] {
            let pairs: Vec<_> = (1..30).map(|seed| (exaggerated(seed, 1.0), exaggerated(seed, factor))).collect();
            let found = growth(pairs.iter().map(|(input, output)| (input, output)), 50, 0).expect("a factor").value;
            assert!((found - factor).abs() < 1e-9, "{found} for {factor}");
        }
        // Outputs of other shapes than their inputs' have nothing of them.
        let strangers: Vec<_> = (1..200).map(|seed| (exaggerated(seed, 1.0), exaggerated(seed + 1000, 1.0))).collect();
        let found = growth(strangers.iter().map(|(input, output)| (input, output)), 200, 0).expect("a factor");
        let [low, high] = found.interval.expect("an interval");
        assert!(found.value.abs() < 0.05 && low < found.value && found.value < high, "{found:?}");
    }
}
