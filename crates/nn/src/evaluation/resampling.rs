//! Pictures as Inception networks read them.

use portraitist_face::{Picture, Result};

use super::jpeg::saved_and_read;
use super::mode::{Resampling, Scaling};
use crate::networks::Inception;

/// Quality with which Pillow saves JPEGs unless told otherwise.
const JPEG_QUALITY: u16 = 75;
/// Means and deviations of torchvision's training pictures.
const TORCHVISION: [[f32; 2]; 3] = [[0.485, 0.229], [0.456, 0.224], [0.406, 0.225]];

/// A sample of an output pixel: inputs and their weights.
pub(super) struct Taps {
    pub(super) first: usize,
    pub(super) weights: Vec<f64>,
}

/// The planes that an Inception network reads.
///
/// # Shapes
/// - output: `[3, 299, 299]`, RGB
pub fn network_planes(picture: &Picture, resampling: Resampling, scaling: Scaling) -> Vec<f32> {
    let table: Vec<f64> = (0..=255u8).map(|level| f64::from(as_read(f32::from(level), resampling))).collect();
    let (width, pixels) = (picture.width(), picture.pixels());
    let read_row = |channel: usize, y: usize, row: &mut [f64]| {
        let source = pixels[3 * y * width + channel..].iter().step_by(3);
        row.iter_mut().zip(source).for_each(|(value, level)| *value = table[usize::from(*level)]);
    };
    resampled([width, picture.height()], read_row, resampling, scaling)
}

/// As [`network_planes`], of levels that are not rounded.
///
/// # Shapes
/// - levels: `[3, height, width]`, RGB, 0 to 255; size: width and height
/// - output: `[3, 299, 299]`, RGB
pub(super) fn network_planes_of_levels(
    levels: &[f32],
    size: [usize; 2],
    resampling: Resampling,
    scaling: Scaling,
) -> Vec<f32> {
    let [width, height] = size;
    let read_row = |channel: usize, y: usize, row: &mut [f64]| {
        let source = &levels[(channel * height + y) * width..];
        row.iter_mut().zip(source).for_each(|(value, level)| *value = f64::from(as_read(*level, resampling)));
    };
    resampled(size, read_row, resampling, scaling)
}

/// `read_row` reads a channel of a row.
fn resampled(
    [width, height]: [usize; 2],
    read_row: impl Fn(usize, usize, &mut [f64]),
    resampling: Resampling,
    scaling: Scaling,
) -> Vec<f32> {
    let side = Inception::SIDE;
    let (across, down) = (taps(width, side, resampling), taps(height, side, resampling));
    let mut planes = vec![0.0; 3 * side * side];
    let mut rows = vec![0.0_f32; height * side];
    let (mut source, mut sums) = (vec![0.0; width], vec![0.0; side]);
    for (channel, plane) in planes.chunks_exact_mut(side * side).enumerate() {
        for (y, row) in rows.chunks_exact_mut(side).enumerate() {
            read_row(channel, y, &mut source);
            for (value, taps) in row.iter_mut().zip(&across) {
                let terms = taps.weights.iter().zip(&source[taps.first..]);
                *value = terms.map(|(weight, sample)| weight * sample).sum::<f64>() as f32;
            }
        }
        for (line, taps) in plane.chunks_exact_mut(side).zip(&down) {
            sums.fill(0.0);
            for (weight, row) in taps.weights.iter().zip(rows[taps.first * side..].chunks_exact(side)) {
                sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += weight * f64::from(*value));
            }
            let values = line.iter_mut().zip(&sums);
            values.for_each(|(value, sum)| *value = scaled(*sum as f32, channel, resampling, scaling));
        }
    }
    planes
}

/// A level before it is resized: PyTorch's kernel sees it divided by 255.
fn as_read(level: f32, resampling: Resampling) -> f32 {
    if resampling == Resampling::TorchBilinear { level / 255.0 } else { level }
}

/// A resized value as the network reads it.
fn scaled(value: f32, channel: usize, resampling: Resampling, scaling: Scaling) -> f32 {
    let [share, level] = match resampling {
        Resampling::TorchBilinear => [value, value * 255.0],
        Resampling::PillowBicubic => [value.clamp(0.0, 255.0) / 255.0, value.clamp(0.0, 255.0)],
        Resampling::TensorflowBilinear => [value / 255.0, value],
    };
    match scaling {
        Scaling::Symmetric => 2.0 * share - 1.0,
        Scaling::Tensorflow => (level - 128.0) / 128.0,
        Scaling::Torchvision => {
            let [mean, deviation] = TORCHVISION[channel];
            share * (deviation / 0.5) + (mean - 0.5) / 0.5
        }
    }
}

fn taps(source: usize, target: usize, resampling: Resampling) -> Vec<Taps> {
    let scale = source as f64 / target as f64;
    (0..target)
        .map(|index| match resampling {
            Resampling::TorchBilinear => bilinear(((index as f64 + 0.5) * scale - 0.5).max(0.0), source),
            Resampling::TensorflowBilinear => bilinear(index as f64 * scale, source),
            Resampling::PillowBicubic if source == target => Taps { first: index, weights: vec![1.0] },
            Resampling::PillowBicubic => bicubic((index as f64 + 0.5) * scale, scale.max(1.0), source),
        })
        .collect()
}

/// Two neighbours.
fn bilinear(place: f64, source: usize) -> Taps {
    let first = (place.floor() as usize).min(source - 1);
    let share = place - first as f64;
    if first + 1 < source && share > 0.0 {
        Taps { first, weights: vec![1.0 - share, share] }
    } else {
        Taps { first, weights: vec![1.0] }
    }
}

/// Pillow's antialiased bilinear filter: a triangle, widened where the picture shrinks.
pub(super) fn taps_of_triangle(source: usize, target: usize) -> Vec<Taps> {
    let scale = source as f64 / target as f64;
    let kernel = |x: f64| (1.0 - x.abs()).max(0.0);
    (0..target).map(|index| widened(kernel, 1.0, (index as f64 + 0.5) * scale, scale.max(1.0), source)).collect()
}

/// Catmull and Rom's cubic, widened by `scale` where the picture shrinks.
fn bicubic(center: f64, scale: f64, source: usize) -> Taps {
    const SHARPNESS: f64 = -0.5;
    let kernel = |x: f64| {
        let x = x.abs();
        if x < 1.0 {
            ((SHARPNESS + 2.0) * x - (SHARPNESS + 3.0)) * x * x + 1.0
        } else if x < 2.0 {
            (((x - 5.0) * x + 8.0) * x - 4.0) * SHARPNESS
        } else {
            0.0
        }
    };
    widened(kernel, 2.0, center, scale, source)
}

/// The samples around `center` that a kernel of a support reaches, which `scale` widens.
fn widened(kernel: impl Fn(f64) -> f64, support: f64, center: f64, scale: f64, source: usize) -> Taps {
    let support = support * scale;
    let first = (center - support + 0.5).max(0.0) as usize;
    let end = ((center + support + 0.5).max(0.0) as usize).min(source);
    let weights: Vec<f64> = (first..end).map(|sample| kernel((sample as f64 - center + 0.5) / scale)).collect();
    let total: f64 = weights.iter().sum();
    Taps { first, weights: weights.into_iter().map(|weight| weight / total).collect() }
}

/// A generated picture as the original saved it: values of `[-1, 1]` clipped to `[0, 1]` instead of shifted, so that the darker half
/// becomes black, then a JPEG of Pillow's usual quality.
///
/// # Errors
/// None: as many pixels come back.
pub fn as_original_saves(picture: &Picture) -> Result<Picture> {
    let clipped = |level: &u8| {
        let value = f32::from(*level) / 127.5 - 1.0;
        (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8
    };
    let pixels: Vec<u8> = picture.pixels().iter().map(clipped).collect();
    let (width, height) = (picture.width(), picture.height());
    Picture::from_rgb(width, height, saved_and_read(&pixels, [width, height], JPEG_QUALITY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_pictures_stay_constant_and_pictures_of_the_right_size_are_only_scaled() {
        for resampling in [Resampling::TorchBilinear, Resampling::PillowBicubic, Resampling::TensorflowBilinear] {
            let planes = |width, height| {
                let picture = Picture::filled(width, height, [51, 51, 51]).expect("a picture");
                network_planes(&picture, resampling, Scaling::Symmetric)
            };
            for (width, height) in [(1, 1), (640, 17), (299, 299), (5, 900)] {
                assert!(planes(width, height).iter().all(|value| (value + 0.6).abs() < 1e-6), "{resampling:?}");
            }
        }
        let picture = Picture::from_rgb(299, 299, (0..3 * 299 * 299).map(|index| (index % 251) as u8).collect());
        let picture = picture.expect("a picture");
        for resampling in [Resampling::TorchBilinear, Resampling::PillowBicubic, Resampling::TensorflowBilinear] {
            let planes = network_planes(&picture, resampling, Scaling::Tensorflow);
            for (index, value) in planes.iter().enumerate() {
                let level = picture.pixels()[3 * (index % (299 * 299)) + index / (299 * 299)];
                assert!((value - (f32::from(level) - 128.0) / 128.0).abs() < 1e-6, "{resampling:?}");
            }
        }
    }

    #[test]
    fn the_originals_pictures_lose_their_darker_half() {
        let saved = as_original_saves(&Picture::filled(16, 16, [100, 127, 255]).expect("a picture")).expect("a JPEG");
        let [red, green, blue] = saved.pixel(8, 8).expect("inside");
        assert!(red < 12 && green < 12 && blue > 240, "{red} {green} {blue}");
    }
}
