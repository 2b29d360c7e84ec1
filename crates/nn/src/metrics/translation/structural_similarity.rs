//! How alike two pictures are in structure.

use super::plane::Plane;

/// Weights of the scales, finest first.
const WEIGHTS: [f64; 5] = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];
/// Side and deviation of the window.
const WINDOW: usize = 11;
const DEVIATION: f64 = 1.5;
/// `(K L)²` with K of 0.01 and 0.03 and L of 255 levels.
const LUMINANCE: f64 = (0.01 * 255.0) * (0.01 * 255.0);
const CONTRAST: f64 = (0.03 * 255.0) * (0.03 * 255.0);

/// The multi-scale structural similarity of two pictures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StructuralSimilarity {
    /// 1 for equal pictures, 0 where nothing is alike.
    pub value: f64,
    /// Scales it was taken over; five unless the pictures are too small for them.
    pub scales: usize,
}

/// MS-SSIM of two pictures' luminances in levels, 0 to 255: Wang, Simoncelli and Bovik 2003, "Multiscale structural similarity for image
/// quality assessment", equation 7. Between pictures of different styles it falls with diversity (Odena et al. 2017).
///
/// Five scales need sides of 176 pixels; smaller pictures are compared at as many scales as they have, whose weights are scaled to a sum
/// of 1. Contrasts that are opposite in the mean count as 0. `None` for pictures of different sizes, or with a side below 11 pixels.
pub fn ms_ssim(one: &Plane, other: &Plane) -> Option<StructuralSimilarity> {
    if (one.width(), one.height()) != (other.width(), other.height()) {
        return None;
    }
    let side = one.width().min(one.height());
    let scales = (0..WEIGHTS.len()).take_while(|scale| side >> scale >= WINDOW).count();
    let total: f64 = WEIGHTS[..scales].iter().sum();
    let (mut one, mut other) = (one.clone(), other.clone());
    let mut value = 1.0;
    for (scale, weight) in WEIGHTS[..scales].iter().enumerate() {
        if scale > 0 {
            (one, other) = (one.halved(), other.halved());
        }
        let [contrast, whole] = similarities(&one, &other);
        let factor: f64 = if scale + 1 == scales { whole } else { contrast };
        value *= factor.max(0.0).powf(weight / total);
    }
    (scales > 0).then_some(StructuralSimilarity { value, scales })
}

/// Means over all windows that lie in the picture: contrast and structure, and these times the luminance.
fn similarities(one: &Plane, other: &Plane) -> [f64; 2] {
    let [mean_one, mean_other] = [one, other].map(smoothed);
    let [square_one, square_other, product] =
        [one.zip(one, |a, b| a * b), other.zip(other, |a, b| a * b), one.zip(other, |a, b| a * b)]
            .map(|plane| smoothed(&plane));
    let (mut contrast, mut whole) = (0.0, 0.0);
    for index in 0..product.values().len() {
        let (a, b) = (mean_one.values()[index], mean_other.values()[index]);
        let (aa, bb) = (square_one.values()[index] - a * a, square_other.values()[index] - b * b);
        let ab = product.values()[index] - a * b;
        let here = (2.0 * ab + CONTRAST) / (aa + bb + CONTRAST);
        contrast += here;
        whole += here * (2.0 * a * b + LUMINANCE) / (a * a + b * b + LUMINANCE);
    }
    let count = product.values().len() as f64;
    [contrast / count, whole / count]
}

/// Means under a Gaussian window, where it lies in the picture.
fn smoothed(plane: &Plane) -> Plane {
    smoothed_lines(&smoothed_lines(plane).transposed()).transposed()
}

fn smoothed_lines(plane: &Plane) -> Plane {
    let window = window();
    let width = plane.width() + 1 - WINDOW;
    let values = plane
        .rows()
        .flat_map(|line| line.windows(WINDOW).map(|part| part.iter().zip(&window).map(|(a, b)| a * b).sum()));
    Plane::new(width, plane.height(), values.collect())
}

fn window() -> [f64; WINDOW] {
    let middle = (WINDOW / 2) as f64;
    let weights: [f64; WINDOW] =
        std::array::from_fn(|index| (-(index as f64 - middle).powi(2) / (2.0 * DEVIATION * DEVIATION)).exp());
    let total: f64 = weights.iter().sum();
    weights.map(|weight| weight / total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{normals, stream};

    /// `128 + 60 sin(x / 9 + phase) + 40 cos(y / 7)`, rounded to whole levels.
    fn waves(width: usize, height: usize, phase: f64) -> Plane {
        let value = |index: usize| {
            let (x, y) = ((index % width) as f64, (index / width) as f64);
            (128.0 + 60.0 * (x / 9.0 + phase).sin() + 40.0 * (y / 7.0).cos()).round()
        };
        Plane::new(width, height, (0..width * height).map(value).collect())
    }

    fn noisy(plane: &Plane, deviation: f64) -> Plane {
        let noise = normals(&mut stream(5, "noise", 0), plane.values().len());
        let noise = noise.iter().map(|value| deviation * f64::from(*value)).collect();
        plane.zip(&Plane::new(plane.width(), plane.height(), noise), |value, noise| value + noise)
    }

    #[test]
    fn equal_pictures_have_1_and_noise_lowers_it_step_by_step() {
        let picture = waves(192, 180, 0.0);
        let of = |other: &Plane| ms_ssim(&picture, other).expect("a similarity");
        assert_eq!(of(&picture).scales, 5);
        assert!((of(&picture).value - 1.0).abs() < 1e-12);
        let values: Vec<f64> =
            [0.0, 5.0, 15.0, 40.0, 100.0].map(|deviation| of(&noisy(&picture, deviation)).value).to_vec();
        assert!(values.windows(2).all(|pair| pair[0] > pair[1]), "{values:?}");
        let other = noisy(&picture, 15.0);
        let [there, back] =
            [ms_ssim(&picture, &other), ms_ssim(&other, &picture)].map(|found| found.expect("a similarity").value);
        assert!((there - back).abs() < 1e-12);
    }

    #[test]
    fn another_implementation_gives_the_same_numbers() {
        // By numpy and scipy.signal.convolve2d(mode="valid"), from the paper's equations.
        for (width, height, expected) in [(192, 176, 0.966_952_465_482_730_5), (64, 48, 0.959_495_382_948_412)] {
            let found = ms_ssim(&waves(width, height, 0.0), &waves(width, height, 0.3)).expect("a similarity");
            assert!((found.value - expected).abs() < 1e-9, "{width}x{height}: {found:?}");
        }
    }

    #[test]
    fn flat_pictures_differ_only_in_luminance() {
        // Without contrast only the last scale's luminance counts: its factor to the power of its weight.
        let [dark, bright] = [60.0, 120.0].map(|level| Plane::new(176, 176, vec![level; 176 * 176]));
        let factor: f64 = (2.0 * 60.0 * 120.0 + LUMINANCE) / (60.0 * 60.0 + 120.0 * 120.0 + LUMINANCE);
        let found = ms_ssim(&dark, &bright).expect("a similarity");
        let total: f64 = WEIGHTS.iter().sum();
        assert!((found.value - factor.powf(WEIGHTS[4] / total)).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn small_pictures_have_fewer_scales_and_tiny_ones_none() {
        let scales =
            |side: usize| ms_ssim(&waves(side, side + 9, 0.0), &waves(side, side + 9, 1.0)).map(|found| found.scales);
        assert_eq!(
            [10, 11, 22, 44, 88, 175, 176].map(scales),
            [None, Some(1), Some(2), Some(3), Some(4), Some(4), Some(5)]
        );
        assert_eq!(ms_ssim(&waves(20, 20, 0.0), &waves(20, 21, 0.0)), None);
    }
}
