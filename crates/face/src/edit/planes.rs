//! From pictures to the planes that networks read, and back.

use crate::error::{Error, Result};
use crate::picture::{Picture, check_size};

/// The planes that the translator reads: `(v / 255 - 0.5) / 0.5`.
///
/// # Shapes
/// - output: `[3, height, width]`, RGB in `[-1, 1]`
pub fn to_planes(picture: &Picture) -> Vec<f32> {
    split_channels(picture, [0, 1, 2], |value| (f32::from(value) / 255.0 - 0.5) / 0.5)
}

/// The planes that the recogniser reads: `(v - 127.5) / 128`, blue first.
///
/// # Shapes
/// - output: `[3, height, width]`, BGR in `[-0.997, 0.997]`
pub fn to_recognition_planes(picture: &Picture) -> Vec<f32> {
    split_channels(picture, [2, 1, 0], |value| (f32::from(value) - 127.5) / 128.0)
}

/// The picture of planes in [-1, 1]: `round((x + 1) / 2 * 255)`, half up, clamped; not-a-number becomes 0.
///
/// # Shapes
/// - planes: `[3, height, width]`, RGB in `[-1, 1]`
///
/// # Errors
/// [`Error::WrongLength`] unless there are `3 * width * height` values, [`Error::SizeOutOfRange`] for sizes outside the limits.
pub fn from_planes(width: usize, height: usize, planes: &[f32]) -> Result<Picture> {
    merge_channels(width, height, planes, |value| (value + 1.0) * 127.5 + 0.5)
}

fn split_channels(picture: &Picture, order: [usize; 3], convert: impl Fn(u8) -> f32) -> Vec<f32> {
    let table: Vec<f32> = (0..=255).map(convert).collect();
    order
        .into_iter()
        .flat_map(|channel| picture.pixels().iter().skip(channel).step_by(3))
        .map(|&value| table[usize::from(value)])
        .collect()
}

/// Interleaves `[3, height, width]` planes; `convert` gives the grey level plus one half, which is then cut.
pub(crate) fn merge_channels(
    width: usize,
    height: usize,
    planes: &[f32],
    convert: impl Fn(f32) -> f32,
) -> Result<Picture> {
    check_size("planes", width, height)?;
    let area = width * height;
    if planes.len() != 3 * area {
        return Err(Error::WrongLength { what: "planes", expected: 3 * area, found: planes.len() });
    }
    // `as u8` cuts towards zero, clamps to 0..=255 and maps not-a-number to 0.
    let pixels = (0..area)
        .flat_map(|index| [planes[index], planes[index + area], planes[index + 2 * area]])
        .map(|value| convert(value) as u8)
        .collect();
    Picture::from_rgb(width, height, pixels)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;

    #[test]
    fn every_grey_level_survives_the_way_to_planes_and_back() {
        let values: Vec<u8> = (0..=255).flat_map(|v: u8| [v, 255 - v, v ^ 0x55]).collect();
        let picture = Picture::from_rgb(16, 16, values).unwrap();
        assert_eq!(from_planes(16, 16, &to_planes(&picture)).unwrap(), picture);
    }

    #[test]
    fn planes_outside_the_range_are_clamped() {
        let picture = from_planes(1, 1, &[-3.0, 7.0, f32::NAN]).unwrap();
        assert_eq!(picture.pixels(), [0, 255, 0]);
        assert!(matches!(from_planes(2, 1, &[0.0; 3]), Err(Error::WrongLength { .. })));
    }
}
