//! From pictures to the network's planes and back, and the plain operations on whole pictures.
//!
//! The training and inference transform of the original is: flip, resize the shorter side, crop, scale to [-1, 1].

use crate::error::{Error, Result};
use crate::picture::{Picture, check_size};
use crate::resample;

/// Flip, resize, crop: what happens to a picture before it becomes planes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CropTransform {
    /// Mirror left and right first.
    pub flip: bool,
    /// Length that the shorter side is resized to, in pixels; `None` keeps the size.
    pub shorter_side: Option<usize>,
    /// Width of the crop in pixels.
    pub crop_width: usize,
    /// Height of the crop in pixels.
    pub crop_height: usize,
    /// Where the crop lies.
    pub place: CropPlace,
}

/// Where a crop lies in its picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CropPlace {
    /// In the middle, as [`center_crop`].
    Center,
    /// At these offsets in pixels.
    At {
        /// From the left edge.
        left: usize,
        /// From the top edge.
        top: usize,
    },
}

impl CropTransform {
    /// The cropped 8-bit picture.
    ///
    /// # Errors
    /// [`Error::CropOutside`] if the resized picture is smaller than the crop, [`Error::SizeOutOfRange`] for sizes of zero or
    /// beyond the limits.
    pub fn apply(&self, picture: &Picture) -> Result<Picture> {
        let flipped;
        let mut current = picture;
        if self.flip {
            flipped = flip(current);
            current = &flipped;
        }
        let resized;
        if let Some(shorter_side) = self.shorter_side {
            resized = resize_shorter_side(current, shorter_side)?;
            current = &resized;
        }
        match self.place {
            CropPlace::Center => center_crop(current, self.crop_width, self.crop_height),
            CropPlace::At { left, top } => crop(current, left, top, self.crop_width, self.crop_height),
        }
    }
}

/// Resizes with Pillow's antialiased bilinear filter in 8-bit fixed point; exact to the bit.
///
/// # Errors
/// [`Error::SizeOutOfRange`] for sizes of zero or beyond the limits.
pub fn resize(picture: &Picture, width: usize, height: usize) -> Result<Picture> {
    check_size("resized picture", width, height)?;
    // Rows are filtered first as a rule: the picture between the two passes is bounded, too.
    check_size("resized picture", width, picture.height())?;
    Ok(resample::resize(picture, width, height))
}

/// Resizes so that the shorter side is `size` pixels; the longer one becomes `int(size * long / short)`.
///
/// # Errors
/// [`Error::SizeOutOfRange`] for a size of zero or when the longer side would leave the limits.
pub fn resize_shorter_side(picture: &Picture, size: usize) -> Result<Picture> {
    let (width, height) = (picture.width(), picture.height());
    if width <= height {
        resize(picture, size, size.saturating_mul(height) / width)
    } else {
        resize(picture, size.saturating_mul(width) / height, size)
    }
}

/// Cuts out `width` x `height` pixels from `left`, `top` on.
///
/// # Errors
/// [`Error::CropOutside`] if the rectangle is empty or reaches outside the picture.
pub fn crop(picture: &Picture, left: usize, top: usize, width: usize, height: usize) -> Result<Picture> {
    let (picture_width, picture_height) = (picture.width(), picture.height());
    let fits = width > 0
        && height > 0
        && left.checked_add(width).is_some_and(|right| right <= picture_width)
        && top.checked_add(height).is_some_and(|bottom| bottom <= picture_height);
    if !fits {
        return Err(Error::CropOutside { left, top, width, height, picture_width, picture_height });
    }
    let pixels = picture
        .pixels()
        .chunks_exact(3 * picture_width)
        .skip(top)
        .take(height)
        .flat_map(|row| &row[3 * left..3 * (left + width)])
        .copied()
        .collect();
    Picture::from_rgb(width, height, pixels)
}

/// Cuts out the middle; an odd rest is rounded to the even neighbour, as `torchvision`'s `CenterCrop` does.
///
/// # Errors
/// [`Error::CropOutside`] if the picture is smaller than the crop.
pub fn center_crop(picture: &Picture, width: usize, height: usize) -> Result<Picture> {
    let middle = |outer: usize, inner: usize| (outer.saturating_sub(inner) as f64 / 2.0).round_ties_even() as usize;
    crop(picture, middle(picture.width(), width), middle(picture.height(), height), width, height)
}

/// Mirrors left and right.
pub fn flip(picture: &Picture) -> Picture {
    let mut mirrored = picture.clone();
    let stride = 3 * picture.width();
    for (out_row, row) in mirrored.pixels_mut().chunks_exact_mut(stride).zip(picture.pixels().chunks_exact(stride)) {
        for (out, rgb) in out_row.chunks_exact_mut(3).zip(row.rchunks_exact(3)) {
            out.copy_from_slice(rgb);
        }
    }
    mirrored
}

/// Replaces every pixel by its luma (ITU-R 601 as Pillow's `convert("L")`) in all three channels.
pub fn to_grey(picture: &Picture) -> Picture {
    let mut grey = picture.clone();
    for (out, luma) in grey.pixels_mut().chunks_exact_mut(3).zip(picture.luma()) {
        out.fill(luma);
    }
    grey
}

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

    #[test]
    fn resizing_a_constant_picture_keeps_it_constant() {
        for (width, height) in [(1, 1), (3, 50), (97, 13), (41, 41)] {
            let picture = Picture::filled(23, 31, [0, 127, 255]).unwrap();
            assert_eq!(
                resize(&picture, width, height).unwrap(),
                Picture::filled(width, height, [0, 127, 255]).unwrap()
            );
        }
    }

    #[test]
    fn flipping_twice_changes_nothing() {
        let picture = Picture::from_rgb(3, 2, (0..18).collect()).unwrap();
        assert_eq!(flip(&picture).pixel(0, 1), picture.pixel(2, 1));
        assert_eq!(flip(&flip(&picture)), picture);
    }

    #[test]
    fn crops_outside_the_picture_are_refused() {
        let picture = Picture::filled(4, 4, [1; 3]).unwrap();
        assert!(matches!(crop(&picture, 2, 0, 3, 1), Err(Error::CropOutside { .. })));
        assert!(matches!(crop(&picture, usize::MAX, 0, 3, 1), Err(Error::CropOutside { .. })));
        assert!(matches!(crop(&picture, 0, 0, 0, 1), Err(Error::CropOutside { .. })));
        assert!(matches!(center_crop(&picture, 5, 1), Err(Error::CropOutside { .. })));
        assert_eq!(center_crop(&picture, 2, 4).unwrap().width(), 2);
    }

    #[test]
    fn extreme_shapes_are_refused_not_allocated() {
        let picture = Picture::filled(1, 20_000, [1; 3]).unwrap();
        assert!(matches!(resize(&picture, 20_000, 1), Err(Error::SizeOutOfRange { .. })));
        assert!(matches!(resize_shorter_side(&picture, 64), Err(Error::SizeOutOfRange { .. })));
        assert!(matches!(resize(&picture, 0, 3), Err(Error::SizeOutOfRange { .. })));
    }
}
