//! How the original wrote its pictures, mistakes included; only for comparing with its files, never a default.

use crate::error::{Error, Result};
use crate::grid::grid;
use crate::picture::Picture;
use crate::transform::merge_channels;

/// The original's sample sheets: all planes stretched together so that the smallest value is black and the largest white
/// (`make_grid(normalize=True)`), then laid out without padding.
///
/// # Shapes
/// - every image: `[3, height, width]`, RGB, any range
///
/// # Errors
/// [`Error::Nothing`] without images, [`Error::WrongLength`] for planes of another size.
pub fn grid_normalised(width: usize, height: usize, images: &[&[f32]], columns: usize) -> Result<Picture> {
    if images.is_empty() {
        return Err(Error::Nothing { what: "images of a grid" });
    }
    let values = || images.iter().flat_map(|image| image.iter().copied());
    let low = values().fold(f32::INFINITY, f32::min);
    let high = values().fold(f32::NEG_INFINITY, f32::max);
    let range = (high - low).max(1e-5);
    let pictures: Vec<Picture> = images
        .iter()
        .map(|image| merge_channels(width, height, image, |value| (value - low) / range * 255.0 + 0.5))
        .collect::<Result<_>>()?;
    grid(&pictures, columns, 0, [0; 3])
}

/// The original's single pictures: [-1, 1] output written as if it were [0, 1], so that half of it is black.
///
/// # Shapes
/// - image: `[3, height, width]`, RGB
///
/// # Errors
/// [`Error::WrongLength`] for planes of another size.
pub fn save_image(width: usize, height: usize, image: &[f32]) -> Result<Picture> {
    merge_channels(width, height, image, |value| value * 255.0 + 0.5)
}
