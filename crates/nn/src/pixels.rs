//! Pixels and what networks read of them.
//!
//! These are the conversions between 8-bit RGB and planes, and between RGB and BGR. Face detection samples windows of
//! pictures instead of whole ones and scales them while it does, in `detection`.
//!
//! | network | order | range |
//! |---|---|---|
//! | translator | RGB, or grey alone | `v / 127.5 - 1`, in `[-1, 1]` |
//! | recogniser, SphereFace | BGR | `(v - 127.5) / 128` |
//! | recogniser, dlib's network | RGB | `(v - mean) / 256` with the mean of each channel over its training set |
//! | VGG16 | BGR | `v` less the mean of each channel over ImageNet |

use burn::tensor::Tensor;
use portraitist_face::edit::to_grey;
use portraitist_face::{Error, Picture, Result};

use crate::config::Architecture;

/// Means of blue, green and red over ImageNet, in grey levels.
const IMAGENET_MEANS: [f32; 3] = [103.939, 116.779, 123.680];
/// Means of red, green and blue over dlib's faces, in grey levels.
const DLIB_MEANS: [f32; 3] = [122.782, 117.001, 104.298];
/// Divides grey levels less those means.
const DLIB_RANGE: f32 = 256.0;

/// The planes that a translator reads.
///
/// # Shapes
/// - output: `[channels, height, width]` in `[-1, 1]`; RGB for 3 channels, luminance for 1
pub fn to_planes(picture: &Picture, channels: usize) -> Vec<f32> {
    let convert = |value| (f32::from(value) / 255.0 - 0.5) / 0.5;
    if channels == 1 { split(&to_grey(picture), &[0], convert) } else { split(picture, &[0, 1, 2], convert) }
}

/// The picture of planes: `round((x + 1) / 2 * 255)`, half up, clamped; not-a-number becomes 0.
///
/// # Shapes
/// - planes: `[3, height, width]`, RGB in `[-1, 1]`; or `[1, height, width]`, grey
///
/// # Errors
/// [`Error::WrongLength`] for another number of values, [`Error::SizeOutOfRange`] for sizes that no picture has.
pub fn from_planes(width: usize, height: usize, planes: &[f32]) -> Result<Picture> {
    // `as u8` cuts towards zero, clamps to 0..=255 and maps not-a-number to 0.
    let level = |value: f32| ((value + 1.0) * 127.5 + 0.5) as u8;
    let area = width.saturating_mul(height);
    if planes.len() == area {
        let levels: Vec<u8> = planes.iter().copied().map(level).collect();
        return Picture::from_grey(width, height, &levels);
    }
    let expected = area.saturating_mul(3);
    if planes.len() != expected {
        return Err(Error::WrongLength { what: "planes", expected, found: planes.len() });
    }
    let pixel = |index| [planes[index], planes[index + area], planes[index + 2 * area]].map(level);
    Picture::from_rgb(width, height, (0..area).flat_map(pixel).collect())
}

/// The planes that a recogniser reads.
///
/// # Shapes
/// - output: `[3, height, width]`; SphereFace's are BGR in `[-0.997, 0.997]`, dlib's RGB
pub fn to_recognition_planes(picture: &Picture, architecture: Architecture) -> Vec<f32> {
    match architecture {
        Architecture::SphereFace => split(picture, &[2, 1, 0], |value| (f32::from(value) - 127.5) / 128.0),
        Architecture::DlibResnet => {
            let plane = |channel: usize| {
                split(picture, &[channel], |value| (f32::from(value) - DLIB_MEANS[channel]) / DLIB_RANGE)
            };
            (0..3).flat_map(plane).collect()
        }
    }
}

/// A translator's pictures as a recogniser reads them.
///
/// # Shapes
/// - pictures: `[n, 3, h, w]`, RGB in `[-1, 1]`
/// - output: `[n, 3, h, w]`, as [`to_recognition_planes`]
pub fn to_recognition_range(pictures: Tensor<4>, architecture: Architecture) -> Tensor<4> {
    match architecture {
        Architecture::SphereFace => ((pictures.flip([1]) + 1.0) * 127.5 - 127.5) / 128.0,
        Architecture::DlibResnet => {
            let means = Tensor::<1>::from_floats(DLIB_MEANS, &pictures.device()).reshape([1, 3, 1, 1]);
            ((pictures + 1.0) * 127.5 - means) / DLIB_RANGE
        }
    }
}

/// A translator's pictures as VGG16 reads them.
///
/// # Shapes
/// - pictures: `[n, 3, h, w]`, RGB in `[-1, 1]`
/// - output: `[n, 3, h, w]`, BGR, grey levels less their means over ImageNet
pub fn to_vgg_range(pictures: Tensor<4>) -> Tensor<4> {
    let means = Tensor::<1>::from_floats(IMAGENET_MEANS, &pictures.device()).reshape([1, 3, 1, 1]);
    (pictures.flip([1]) + 1.0) * 127.5 - means
}

/// As [`to_recognition_planes`], of levels that are not rounded.
///
/// # Shapes
/// - levels: `[3, height, width]`, RGB, 0 to 255
/// - output: `[3, height, width]`
pub fn levels_to_recognition_planes(levels: &[f32], architecture: Architecture) -> Vec<f32> {
    let area = levels.len() / 3;
    let plane = |channel: usize| levels[channel * area..][..area].iter();
    match architecture {
        Architecture::SphereFace => {
            [2, 1, 0].into_iter().flat_map(|channel| plane(channel).map(|level| (level - 127.5) / 128.0)).collect()
        }
        Architecture::DlibResnet => {
            let scaled = |channel: usize| plane(channel).map(move |level| (level - DLIB_MEANS[channel]) / DLIB_RANGE);
            (0..3).flat_map(scaled).collect()
        }
    }
}

/// As [`to_vgg_planes`], of levels that are not rounded.
///
/// # Shapes
/// - levels: `[3, height, width]`, RGB, 0 to 255
/// - output: `[3, height, width]`
pub fn levels_to_vgg_planes(levels: &[f32]) -> Vec<f32> {
    let area = levels.len() / 3;
    let plane = |(channel, mean): (usize, f32)| levels[channel * area..][..area].iter().map(move |level| level - mean);
    [2, 1, 0].into_iter().zip(IMAGENET_MEANS).flat_map(plane).collect()
}

/// The planes of a picture as VGG16 reads them.
///
/// # Shapes
/// - output: `[3, height, width]`, BGR, grey levels less their means over ImageNet
pub fn to_vgg_planes(picture: &Picture) -> Vec<f32> {
    let mut planes = split(picture, &[2, 1, 0], f32::from);
    let area = planes.len() / 3;
    for (plane, mean) in planes.chunks_exact_mut(area).zip(IMAGENET_MEANS) {
        plane.iter_mut().for_each(|value| *value -= mean);
    }
    planes
}

/// Planes of the named channels.
fn split(picture: &Picture, channels: &[usize], convert: impl Fn(u8) -> f32) -> Vec<f32> {
    let table: Vec<f32> = (0..=255).map(convert).collect();
    let values = channels.iter().flat_map(|channel| picture.pixels().iter().skip(*channel).step_by(3));
    values.map(|value| table[usize::from(*value)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_grey_level_survives_the_way_to_planes_and_back() {
        let values: Vec<u8> = (0..=255).flat_map(|v: u8| [v, 255 - v, v ^ 0x55]).collect();
        let picture = Picture::from_rgb(16, 16, values).expect("256 pixels");
        assert_eq!(from_planes(16, 16, &to_planes(&picture, 3)).expect("256 pixels"), picture);
        let grey = to_grey(&picture);
        assert_eq!(from_planes(16, 16, &to_planes(&picture, 1)).expect("256 pixels"), grey);
    }

    #[test]
    fn values_out_of_range_are_clamped_and_other_lengths_refused() {
        let picture = from_planes(1, 1, &[-3.0, 7.0, f32::NAN]).expect("one pixel");
        assert_eq!(picture.pixels(), [0, 255, 0]);
        assert!(matches!(from_planes(2, 1, &[0.0; 3]), Err(Error::WrongLength { .. })));
    }
}
