//! Pictures as networks give them, for feature networks: not rounded to 8 bits, and never in a file.

use super::resampling::{Taps, taps_of_triangle};
use crate::config::Architecture;
use crate::networks::mediapipe::FaceMesh;
use crate::pixels::{levels_to_recognition_planes, levels_to_vgg_planes};

/// Pictures of one size in memory.
///
/// # Shapes
/// - planes: `[n, channels, height, width]` in `[-1, 1]`; RGB for 3 channels, luminance for 1
#[derive(Clone, Copy, Debug)]
pub struct FloatPictures<'a> {
    planes: &'a [f32],
    channels: usize,
    width: usize,
    height: usize,
}

impl<'a> FloatPictures<'a> {
    /// Wraps `planes` of pictures of `[width, height]`.
    ///
    /// # Panics
    /// If these are no whole pictures, or `channels` is neither 1 nor 3.
    pub fn new(planes: &'a [f32], channels: usize, [width, height]: [usize; 2]) -> Self {
        assert!(channels == 1 || channels == 3, "grey or RGB");
        assert!(planes.len().is_multiple_of(channels * width * height), "pictures are whole");
        Self { planes, channels, width, height }
    }

    /// Width and height.
    pub(super) fn size(&self) -> [usize; 2] {
        [self.width, self.height]
    }

    /// Each picture as `[3, height, width]`, RGB, 0 to 255.
    pub(super) fn levels(&self) -> Vec<Vec<f32>> {
        let picture = |planes: &[f32]| {
            let levels: Vec<f32> = planes.iter().map(|value| (value + 1.0) * 127.5).collect();
            if self.channels == 1 { levels.repeat(3) } else { levels }
        };
        self.planes.chunks_exact(self.channels * self.width * self.height).map(picture).collect()
    }
}

/// What a recogniser reads of a picture's levels, resized to its crops.
pub(super) fn recognition_planes(levels: &[f32], size: [usize; 2], architecture: Architecture) -> Vec<f32> {
    let [height, width] = architecture.crop_size();
    levels_to_recognition_planes(&resized(levels, size, [width, height]), architecture)
}

/// What VGG16 reads of a picture's levels.
pub(super) fn vgg_planes(levels: &[f32], size: [usize; 2], side: usize) -> Vec<f32> {
    levels_to_vgg_planes(&resized(levels, size, [side; 2]))
}

/// What the face mesh reads of a picture's levels: `[side, side, 3]`, 0 to 1.
pub(super) fn mesh_pixels(levels: &[f32], size: [usize; 2]) -> Vec<f32> {
    let planes = resized(levels, size, [FaceMesh::SIDE; 2]);
    let area = FaceMesh::SIDE * FaceMesh::SIDE;
    (0..area).flat_map(|pixel| [0, 1, 2].map(|channel| planes[channel * area + pixel] / 255.0)).collect()
}

/// Planes resized by the antialiased triangle that 8-bit pictures are resized with, without its roundings.
fn resized(levels: &[f32], [width, height]: [usize; 2], [new_width, new_height]: [usize; 2]) -> Vec<f32> {
    if (width, height) == (new_width, new_height) {
        return levels.to_vec();
    }
    let (across, down) = (taps_of_triangle(width, new_width), taps_of_triangle(height, new_height));
    let mut resized = Vec::with_capacity(levels.len() / (width * height) * new_width * new_height);
    for plane in levels.chunks_exact(width * height) {
        let rows: Vec<f32> =
            plane.chunks_exact(width).flat_map(|row| across.iter().map(|taps| weighted(taps, row))).collect();
        for Taps { first, weights } in &down {
            let mut sums = vec![0.0_f64; new_width];
            for (weight, row) in weights.iter().zip(rows[first * new_width..].chunks_exact(new_width)) {
                sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += weight * f64::from(*value));
            }
            resized.extend(sums.into_iter().map(|sum| sum as f32));
        }
    }
    resized
}

fn weighted(taps: &Taps, row: &[f32]) -> f32 {
    let pairs = taps.weights.iter().zip(&row[taps.first..]);
    pairs.map(|(weight, value)| weight * f64::from(*value)).sum::<f64>() as f32
}

#[cfg(test)]
mod tests {
    use portraitist_face::Picture;
    use portraitist_face::edit::resize;

    use super::*;
    use crate::pixels::to_planes;

    /// The same filter as that of 8-bit pictures, but for their roundings.
    #[test]
    fn floats_are_resized_as_pictures_are() {
        let pixels = (0..3 * 40 * 52).map(|index| (index * index % 251) as u8).collect();
        let picture = Picture::from_rgb(40, 52, pixels).expect("a picture");
        let planes = to_planes(&picture, 3);
        let levels = FloatPictures::new(&planes, 3, [40, 52]).levels();
        for (width, height) in [(40, 52), (60, 90), (17, 21), (150, 20)] {
            let found = resized(&levels[0], [40, 52], [width, height]);
            let expected = resize(&picture, width, height).expect("a size");
            for (index, value) in found.iter().enumerate() {
                let (channel, pixel) = (index / (width * height), index % (width * height));
                let level = f32::from(expected.pixels()[3 * pixel + channel]);
                assert!((value - level).abs() < 1.1, "{width}x{height} {index}: {value} and {level}");
            }
        }
    }

    #[test]
    fn grey_pictures_have_three_equal_channels() {
        let levels = FloatPictures::new(&[-1.0, 0.0, 1.0, 0.5], 1, [2, 1]).levels();
        assert_eq!(levels, [[0.0, 127.5].repeat(3), [255.0, 191.25].repeat(3)]);
    }
}
