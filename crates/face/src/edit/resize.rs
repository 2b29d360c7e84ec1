//! Resizing: Pillow's antialiased bilinear filter in 8-bit fixed point, written from its description.
//!
//! Output sample `i` is a weighted mean of the input samples around `(i + 0.5) * scale`, with a triangle that widens with the
//! scale when shrinking. Weights are rounded to 22 fractional bits; rows are filtered and rounded to 8 bits, then columns (see
//! [`resample`] for the exception). Golden results of Pillow 13.0.0 are in `tests/golden/transforms`.

use rayon::prelude::*;

use crate::error::Result;
use crate::picture::{Picture, check_size};

/// Fractional bits of a weight: 32 less 8 for the sample and 2 for head room.
const PRECISION_BITS: u32 = 22;

/// The weights of one output sample.
struct Taps {
    first: usize,
    weights: Vec<i32>,
}

/// Resizes with Pillow's antialiased bilinear filter in 8-bit fixed point; exact to the bit.
///
/// # Errors
/// [`crate::Error::SizeOutOfRange`] for sizes of zero or beyond the limits.
pub fn resize(picture: &Picture, width: usize, height: usize) -> Result<Picture> {
    check_size("resized picture", width, height)?;
    // Rows are filtered first as a rule: the picture between the two passes is bounded, too.
    check_size("resized picture", width, picture.height())?;
    Ok(resample(picture, width, height))
}

/// Resizes so that the shorter side is `size` pixels; the longer one becomes `int(size * long / short)`.
///
/// # Errors
/// [`crate::Error::SizeOutOfRange`] for a size of zero or when the longer side would leave the limits.
pub fn resize_shorter_side(picture: &Picture, size: usize) -> Result<Picture> {
    let [width, height] = shorter_side_size([picture.width(), picture.height()], size);
    resize(picture, width, height)
}

/// Width and height of a picture of `[width, height]` once [`resize_shorter_side`] has resized it.
pub fn shorter_side_size([width, height]: [usize; 2], size: usize) -> [usize; 2] {
    if width <= height {
        [size, size.saturating_mul(height) / width.max(1)]
    } else {
        [size.saturating_mul(width) / height.max(1), size]
    }
}

/// Resizes to `width` x `height`, both already checked.
pub(crate) fn resample(picture: &Picture, width: usize, height: usize) -> Picture {
    let (source_width, source_height) = (picture.width(), picture.height());
    // Each pass rounds to 8 bits, so their order shows. Pillow 13 filters columns first when the height loses more than twice the
    // pixels that the width loses; earlier versions never do.
    let lost = |before: usize, after: usize| before as i64 - after as i64;
    let lost_height = lost(source_height, height);
    let columns_first = lost_height > 0 && lost_height > 2 * lost(source_width, width);
    let pixels = match (width == source_width, height == source_height) {
        (true, true) => picture.pixels().to_vec(),
        (true, false) => filter_columns(picture.pixels(), width, source_height, height),
        (false, true) => filter_rows(picture.pixels(), source_width, width),
        (false, false) if columns_first => {
            filter_rows(&filter_columns(picture.pixels(), source_width, source_height, height), source_width, width)
        }
        (false, false) => {
            filter_columns(&filter_rows(picture.pixels(), source_width, width), width, source_height, height)
        }
    };
    Picture::from_rgb(width, height, pixels).expect("the caller has checked the size, and the filters fill it")
}

fn filter_rows(source: &[u8], source_width: usize, width: usize) -> Vec<u8> {
    let taps = taps(source_width, width);
    let mut out = vec![0; source.len() / source_width * width];
    out.par_chunks_mut(3 * width).zip(source.par_chunks(3 * source_width)).for_each(|(out_row, row)| {
        for (pixel, taps) in out_row.chunks_exact_mut(3).zip(&taps) {
            let mut sums = [1_i32 << (PRECISION_BITS - 1); 3];
            for (rgb, &weight) in row[3 * taps.first..].chunks_exact(3).zip(&taps.weights) {
                for (sum, &value) in sums.iter_mut().zip(rgb) {
                    *sum += i32::from(value) * weight;
                }
            }
            for (value, sum) in pixel.iter_mut().zip(sums) {
                *value = to_u8(sum);
            }
        }
    });
    out
}

fn filter_columns(source: &[u8], width: usize, source_height: usize, height: usize) -> Vec<u8> {
    let taps = taps(source_height, height);
    let stride = 3 * width;
    let mut out = vec![0; stride * height];
    out.par_chunks_mut(stride).zip(&taps).for_each(|(out_row, taps)| {
        let mut sums = vec![1_i32 << (PRECISION_BITS - 1); stride];
        for (row, &weight) in source[taps.first * stride..].chunks_exact(stride).zip(&taps.weights) {
            for (sum, &value) in sums.iter_mut().zip(row) {
                *sum += i32::from(value) * weight;
            }
        }
        for (value, &sum) in out_row.iter_mut().zip(&sums) {
            *value = to_u8(sum);
        }
    });
    out
}

fn to_u8(sum: i32) -> u8 {
    (sum >> PRECISION_BITS).clamp(0, 255) as u8
}

/// Weights for shrinking or stretching `source` samples to `target`.
fn taps(source: usize, target: usize) -> Vec<Taps> {
    let scale = source as f64 / target as f64;
    let support = scale.max(1.0); // half width of the triangle
    let per_support = 1.0 / support; // multiplied, not divided by: the last bit matters for rounding below
    (0..target)
        .map(|index| {
            let center = (index as f64 + 0.5) * scale;
            // `as usize` cuts towards zero and maps negative values to 0, as the description asks for.
            let first = (center - support + 0.5) as usize;
            let end = ((center + support + 0.5) as usize).min(source);
            let triangle: Vec<f64> = (first..end)
                .map(|sample| (1.0 - ((sample as f64 - center + 0.5) * per_support).abs()).max(0.0))
                .collect();
            let total: f64 = triangle.iter().sum();
            let one = f64::from(1_i32 << PRECISION_BITS);
            let weights = triangle.iter().map(|weight| (weight / total * one).round() as i32).collect();
            Taps { first, weights }
        })
        .collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;
    use crate::error::Error;

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
    fn extreme_shapes_are_refused_not_allocated() {
        let picture = Picture::filled(1, 20_000, [1; 3]).unwrap();
        assert!(matches!(resize(&picture, 20_000, 1), Err(Error::SizeOutOfRange { .. })));
        assert!(matches!(resize_shorter_side(&picture, 64), Err(Error::SizeOutOfRange { .. })));
        assert!(matches!(resize(&picture, 0, 3), Err(Error::SizeOutOfRange { .. })));
    }
}
