//! What the original did, mistakes included; only for comparing with its files, never a default.

use std::path::Path;

use crate::edit::grid;
use crate::error::{Error, Result};
use crate::picture::{ColourRule, Decoded, Picture, check_size, read_file};
use crate::transform::{Point, Similarity};

/// The original's way to read a picture, Pillow's `convert("RGB")`: the colours under transparency stay as they are stored, and
/// colour profiles are ignored.
///
/// # Errors
/// As [`Decoded::open`].
pub fn open_picture(path: impl AsRef<Path>) -> Result<Picture> {
    let path = path.as_ref();
    Ok(Decoded::decode_by(&path.display().to_string(), &read_file(path)?, ColourRule::Original2018)?.picture)
}

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

/// Interleaves `[3, height, width]` planes; `convert` gives the grey level plus one half, which is then cut.
fn merge_channels(width: usize, height: usize, planes: &[f32], convert: impl Fn(f32) -> f32) -> Result<Picture> {
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

/// The original's choice between a plain and a mirrored fit: the targets were mirrored in place on the way, so that both
/// candidates are measured against the *mirrored* targets. A face far from its template then comes out mirrored.
///
/// # Errors
/// [`Error::DegeneratePoints`] as [`Similarity::estimate`].
pub fn estimate_reflective(from: &[Point], to: &[Point]) -> Result<Similarity> {
    let plain = Similarity::estimate_in_source(from, to)?;
    let mirrored = Similarity::estimate_mirrored(from, to)?;
    let left_over: Vec<Point> = to.iter().map(|&[x, y]| [-x, y]).collect();
    let keep_plain = plain.distance(from, &left_over) <= mirrored.distance(from, &left_over);
    Ok(if keep_plain { plain } else { mirrored })
}
