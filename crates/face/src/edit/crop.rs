//! Mirroring, cropping and greying whole pictures.
//!
//! What the original does to a picture before a network sees it: flip, resize the shorter side, crop, scale to [-1, 1].

use super::resize::resize_shorter_side;
use crate::error::{Error, Result};
use crate::picture::Picture;

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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;

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
}
