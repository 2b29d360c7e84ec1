//! How different two pictures look to a network.

/// What one layer of a network says of a picture.
///
/// # Shapes
/// - values: `[channels, pixels]`
#[derive(Clone, Debug, PartialEq)]
pub struct LayerFeatures {
    channels: usize,
    values: Vec<f32>,
}

impl LayerFeatures {
    /// Values of some channels.
    ///
    /// # Panics
    /// If there are no channels, or these are no whole channels.
    pub fn new(channels: usize, values: Vec<f32>) -> Self {
        assert!(channels > 0 && values.len().is_multiple_of(channels), "channels are whole");
        Self { channels, values }
    }

    fn pixels(&self) -> usize {
        self.values.len() / self.channels
    }

    /// The length of each pixel's vector of channels.
    fn lengths(&self) -> Vec<f64> {
        let mut squares = vec![0.0_f64; self.pixels()];
        for channel in self.values.chunks_exact(self.pixels().max(1)) {
            squares.iter_mut().zip(channel).for_each(|(sum, value)| *sum += f64::from(*value).powi(2));
        }
        squares.into_iter().map(f64::sqrt).collect()
    }
}

/// Keeps pixels whose channels are all zero from dividing by it, as LPIPS does.
const LEAST_LENGTH: f64 = 1e-10;

/// The distance of two pictures in the form of LPIPS without learned weights (Zhang et al. 2018, equation 1 with w = 1): of each layer the
/// channels of every pixel are scaled to length 1, the squared differences are summed over channels and averaged over pixels; the
/// layers' mean is taken (LPIPS takes their sum). 0 for equal pictures; at most 4, and 2 where features are never negative.
///
/// # Panics
/// If the pictures have not the same layers.
pub fn perceptual_distance(one: &[LayerFeatures], other: &[LayerFeatures]) -> f64 {
    assert_eq!(one.len(), other.len(), "layers of both pictures");
    let layers: f64 = one.iter().zip(other).map(|(one, other)| layer_distance(one, other)).sum();
    layers / one.len().max(1) as f64
}

fn layer_distance(one: &LayerFeatures, other: &LayerFeatures) -> f64 {
    assert_eq!((one.channels, one.values.len()), (other.channels, other.values.len()), "layers of one size");
    let pixels = one.pixels().max(1);
    let [one_scale, other_scale] = [one, other]
        .map(|layer| layer.lengths().iter().map(|length| 1.0 / (length + LEAST_LENGTH)).collect::<Vec<_>>());
    let channels = one.values.chunks_exact(pixels).zip(other.values.chunks_exact(pixels));
    let sum: f64 = channels
        .map(|(one, other)| {
            let values = one.iter().zip(&one_scale).zip(other.iter().zip(&other_scale));
            values
                .map(|((a, a_scale), (b, b_scale))| (f64::from(*a) * a_scale - f64::from(*b) * b_scale).powi(2))
                .sum::<f64>()
        })
        .sum();
    sum / pixels as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{normals, stream};

    fn layers(seed: u64) -> Vec<LayerFeatures> {
        let mut random = stream(seed, "features", 0);
        [(3, 20), (8, 5)]
            .map(|(channels, pixels)| LayerFeatures::new(channels, normals(&mut random, channels * pixels)))
            .to_vec()
    }

    #[test]
    fn known_vectors_have_known_distances() {
        // Two pixels of two channels: one at a right angle (squared distance 2), one of the same direction but another length (0).
        let one = [LayerFeatures::new(2, vec![1.0, 2.0, 0.0, 2.0])];
        let other = [LayerFeatures::new(2, vec![0.0, 5.0, 3.0, 5.0])];
        assert!((perceptual_distance(&one, &other) - 1.0).abs() < 1e-9);
        let opposite = [LayerFeatures::new(2, vec![-1.0, -2.0, 0.0, -2.0])];
        assert!((perceptual_distance(&one, &opposite) - 4.0).abs() < 1e-9);
        let nothing = [LayerFeatures::new(2, vec![0.0; 4])];
        assert!((perceptual_distance(&one, &nothing) - 1.0).abs() < 1e-9, "a vector of zeros has no direction");
    }

    #[test]
    fn distances_are_symmetric_and_do_not_depend_on_contrast() {
        for seed in 0..20 {
            let (one, other) = (layers(seed), layers(seed + 100));
            let distance = perceptual_distance(&one, &other);
            assert!((0.0..=4.0).contains(&distance) && distance > 0.5, "{distance}");
            assert!((perceptual_distance(&other, &one) - distance).abs() < 1e-12);
            assert!(perceptual_distance(&one, &one) < 1e-12);
            let louder: Vec<LayerFeatures> = one
                .iter()
                .map(|layer| LayerFeatures::new(layer.channels, layer.values.iter().map(|value| 7.0 * value).collect()))
                .collect();
            assert!((perceptual_distance(&louder, &other) - distance).abs() < 1e-6);
        }
    }
}
