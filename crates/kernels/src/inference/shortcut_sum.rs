//! The sum with a shortcut of another size, between feature maps.

use std::array::from_fn;

use crate::channels_last::feature_map::FeatureMap;
use crate::channels_last::shape::FeatureMapShape;
use crate::error::{ShapeError, check_length};
use rayon::prelude::*;

/// A halved shortcut is the mean of so many pixels along each side.
const STRIDE: usize = 2;

/// `max(0, input + shortcut)`. With `halved`, the shortcut is the mean of every 2x2 pixels of `shortcut`. Channels, rows and
/// columns that one of both lacks count as zeros, so that the output has the larger of both sizes.
///
/// # Errors
/// [`ShapeError`] if the feature maps do not fit each other; `output` is untouched then.
pub fn shortcut_sum(
    input: &FeatureMap,
    shortcut: &FeatureMap,
    halved: bool,
    output: &mut FeatureMap,
) -> Result<(), ShapeError> {
    let (one, other) = (input.shape(), shortcut.shape());
    let halving = if halved { STRIDE } else { 1 };
    let [height, width]: [usize; 2] = from_fn(|axis| one.size()[axis].max(other.size()[axis] / halving));
    check_length("shortcuts", input.batch(), shortcut.batch())?;
    check(input, output, [one.channels().max(other.channels()), height, width])?;
    each_pixel(output, |image, [y, x], pixel| {
        pixel.fill(0.0);
        if has(one, [y, x]) {
            add(pixel, pixel_of(input, image, [y, x]), 1.0);
        }
        if has(other, [y, x].map(|place| halving * place + halving - 1)) {
            let weight = 1.0 / (halving * halving) as f32;
            for row in 0..halving {
                for column in 0..halving {
                    add(pixel, pixel_of(shortcut, image, [halving * y + row, halving * x + column]), weight);
                }
            }
        }
        pixel.iter_mut().for_each(|value| *value = value.max(0.0));
    });
    Ok(())
}

/// Whether the output has as many images as the input, of channels, height and width as they should be.
fn check(input: &FeatureMap, output: &FeatureMap, expected: [usize; 3]) -> Result<(), ShapeError> {
    let found = output.shape();
    check_length("output images", input.batch(), output.batch())?;
    let [height, width] = found.size();
    let names = ["output channels", "output rows", "output columns"];
    for ((name, expected), found) in names.into_iter().zip(expected).zip([found.channels(), height, width]) {
        check_length(name, expected, found)?;
    }
    Ok(())
}

/// Whether a pixel lies within images of a shape.
fn has(shape: FeatureMapShape, [y, x]: [usize; 2]) -> bool {
    let [height, width] = shape.size();
    y < height && x < width
}

/// The channels of a pixel.
fn pixel_of(map: &FeatureMap, image: usize, place: [usize; 2]) -> &[f32] {
    let shape = map.shape();
    &map.values()[shape.offset(image, place, 0)..][..shape.channels()]
}

/// Adds channels to the first channels of a pixel.
fn add(pixel: &mut [f32], source: &[f32], weight: f32) {
    pixel.iter_mut().zip(source).for_each(|(sum, value)| *sum += weight * value);
}

/// Writes every pixel of every image; images are written in parallel.
fn each_pixel(output: &mut FeatureMap, write: impl Fn(usize, [usize; 2], &mut [f32]) + Sync) {
    let (shape, batch) = (output.shape(), output.batch());
    let [height, width] = shape.size();
    let stride = shape.image_stride();
    let images = output.overwrite(shape.channels)[..batch * stride].par_chunks_exact_mut(stride);
    images.enumerate().for_each(|(image, values)| {
        for y in 0..height {
            for x in 0..width {
                let start = shape.offset(0, [y, x], 0);
                write(image, [y, x], &mut values[start..][..shape.channels()]);
            }
        }
    });
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn map(channels: usize, [height, width]: [usize; 2], halo: usize, batch: usize) -> (FeatureMap, Vec<f32>) {
        let mut map = FeatureMap::new(FeatureMapShape::features(channels, height, width, halo), batch).unwrap();
        let values: Vec<f32> =
            (0..batch * channels * height * width).map(|index| ((index * 37 + channels) % 101) as f32 - 60.0).collect();
        map.fill(&values).unwrap();
        (map, values)
    }

    fn written(map: &FeatureMap) -> Vec<f32> {
        let mut values = vec![0.0; map.batch() * map.shape().channels() * map.shape().plane()];
        map.write(&mut values).unwrap();
        values
    }

    /// The value of a plane; zero beyond it.
    fn at(values: &[f32], [channels, height, width]: [usize; 3], [image, channel, y, x]: [usize; 4]) -> f32 {
        let inside = channel < channels && y < height && x < width;
        if inside { values[((image * channels + channel) * height + y) * width + x] } else { 0.0 }
    }

    #[test]
    fn sums_take_missing_channels_rows_and_columns_as_zeros() {
        // An even side, as in dlib's network: the halved shortcut is a row and a column larger than the input.
        let (input, ones) = map(6, [3, 3], 1, 2);
        let (shortcut, others) = map(4, [8, 8], 1, 2);
        let (mut output, _) = map(6, [4, 4], 1, 2);
        shortcut_sum(&input, &shortcut, true, &mut output).unwrap();
        for (index, found) in written(&output).iter().enumerate() {
            let [image, channel, y, x] = [index / 96, index / 16 % 6, index / 4 % 4, index % 4];
            let pooled: f32 =
                (0..4).map(|step| at(&others, [4, 8, 8], [image, channel, 2 * y + step / 2, 2 * x + step % 2])).sum();
            let expected = (at(&ones, [6, 3, 3], [image, channel, y, x]) + pooled / 4.0).max(0.0);
            assert!((found - expected).abs() < 1e-4, "{found} {expected}");
        }
        let (same, sames) = map(6, [3, 3], 2, 2);
        let (mut output, _) = map(6, [3, 3], 0, 2);
        shortcut_sum(&input, &same, false, &mut output).unwrap();
        for ((found, one), other) in written(&output).iter().zip(&ones).zip(&sames) {
            assert!((found - (one + other).max(0.0)).abs() < 1e-4);
        }
        assert!(shortcut_sum(&input, &shortcut, true, &mut output).is_err());
    }
}
