//! Colours: the one rule from what a file holds to 8-bit sRGB, and luma.

use image::{DynamicImage, ImageBuffer, Rgb32FImage, RgbImage, Rgba32FImage};

use super::metadata::ProfileBytes;
use super::profile::{Profile, Sample};
use super::raw::RawPixels;
use super::warning::PictureWarning;

/// How colours become 8-bit RGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ColourRule {
    /// Colour profiles are converted to sRGB, transparency shows white.
    Srgb,
    /// As the original's reader: profiles are ignored, the colours under transparency stay.
    Original2018,
}

/// Highest floating-point sample that still means white is 1: resampling overshoots by this much.
const HIGHEST_OVERSHOOT: f32 = 2.0;
/// Lowest sample that may be undershoot.
const LOWEST_UNDERSHOOT: f32 = -1.0;
/// Overshoot that is not worth a word.
const SILENT_OVERSHOOT: f32 = 1e-3;

/// What a file holds as 8-bit RGB: grey is copied to three channels, deeper samples rounded, the rest as the rule says.
///
/// # Errors
/// Why the samples cannot be understood: floating-point ones beyond every known range.
pub(super) fn to_rgb8(
    pixels: RawPixels,
    profile: &ProfileBytes,
    rule: ColourRule,
    warnings: &mut Vec<PictureWarning>,
) -> Result<RgbImage, String> {
    let mut ignore = |reason: String| warnings.push(PictureWarning::ProfileIgnored { reason });
    let profile = match profile {
        ProfileBytes::Found(bytes) if rule == ColourRule::Srgb => Profile::parse(bytes).map_err(&mut ignore).ok(),
        ProfileBytes::Unusable(reason) if rule == ColourRule::Srgb => {
            ignore(reason.clone());
            None
        }
        _ => None,
    };
    let picture = match pixels {
        RawPixels::Inks { width, height, samples } => {
            let converted = profile.and_then(|profile| profile.convert_inks(&samples).map_err(&mut ignore).ok());
            let colours = converted.unwrap_or_else(|| colours_of_inks(&samples));
            return RgbImage::from_raw(width, height, colours).ok_or_else(|| "too few samples".to_owned());
        }
        RawPixels::Picture(picture) => integers(picture, warnings)?,
    };
    if rule == ColourRule::Original2018 {
        return Ok(picture.into_rgb8());
    }
    let (width, height) = (picture.width(), picture.height());
    let grey = !picture.color().has_color();
    let profile = profile.as_ref();
    let colours =
        match (picture.color().bytes_per_pixel() > picture.color().channel_count(), picture.color().has_alpha()) {
            (false, false) => to_srgb(picture.into_rgb8().into_raw(), 3, grey, profile, warnings),
            (false, true) => to_srgb(picture.into_rgba8().into_raw(), 4, grey, profile, warnings),
            (true, false) => to_srgb(picture.into_rgb16().into_raw(), 3, grey, profile, warnings),
            (true, true) => to_srgb(picture.into_rgba16().into_raw(), 4, grey, profile, warnings),
        };
    RgbImage::from_raw(width, height, colours).ok_or_else(|| "too few samples".to_owned())
}

/// From the file's colours to sRGB on white, `[pixels, 3]`.
fn to_srgb<S: Sample>(
    mut samples: Vec<S>,
    channels: usize,
    grey: bool,
    profile: Option<&Profile>,
    warnings: &mut Vec<PictureWarning>,
) -> Vec<u8> {
    if let Some(Err(reason)) = profile.map(|profile| profile.convert(&mut samples, channels, grey)) {
        warnings.push(PictureWarning::ProfileIgnored { reason });
    }
    if channels == 3 {
        return samples.into_iter().map(Sample::level).collect();
    }
    let on_white = |pixel: &[S]| {
        let alpha = pixel[3].value();
        [0, 1, 2]
            .map(|channel| to_eight_bits(pixel[channel].value() * alpha + S::MAX * (S::MAX - alpha), S::MAX * S::MAX))
    };
    samples.chunks_exact(4).flat_map(on_white).collect()
}

/// `value` of `max` as a level of 255, half rounded up.
fn to_eight_bits(value: u64, max: u64) -> u8 {
    ((2 * 255 * value + max) / (2 * max)) as u8
}

/// Inks without a profile: each takes its share of the light.
fn colours_of_inks(inks: &[u8]) -> Vec<u8> {
    let light = |ink: u8| 255 - u64::from(ink);
    let colour = |ink: &[u8]| [0, 1, 2].map(|channel| to_eight_bits(light(ink[channel]) * light(ink[3]), 255 * 255));
    inks.chunks_exact(4).flat_map(colour).collect()
}

/// Floating-point samples as 16-bit integers; others as they are.
fn integers(picture: DynamicImage, warnings: &mut Vec<PictureWarning>) -> Result<DynamicImage, String> {
    match picture {
        DynamicImage::ImageRgb32F(picture) => {
            let scale = float_scale(picture.pixels().flat_map(|pixel| pixel.0), warnings)?;
            Ok(DynamicImage::ImageRgb16(scaled_rgb(&picture, scale)))
        }
        DynamicImage::ImageRgba32F(picture) => {
            let colours = picture.pixels().flat_map(|pixel| [pixel.0[0], pixel.0[1], pixel.0[2]]);
            let scale = float_scale(colours, warnings)?;
            Ok(DynamicImage::ImageRgba16(scaled_rgba(&picture, scale)))
        }
        other => Ok(other),
    }
}

/// What samples are multiplied by to lie in 0..=1: some programs store 0 to 255 as floating-point numbers.
fn float_scale(samples: impl Iterator<Item = f32>, warnings: &mut Vec<PictureWarning>) -> Result<f32, String> {
    let (mut lowest, mut highest) = (f32::INFINITY, f32::NEG_INFINITY);
    for sample in samples {
        if !sample.is_finite() {
            return Err("floating-point samples that are no numbers".to_owned());
        }
        (lowest, highest) = (lowest.min(sample), highest.max(sample));
    }
    if lowest < LOWEST_UNDERSHOOT || highest > 256.0 {
        return Err(format!("floating-point samples from {lowest} to {highest}, expected 0 to 1 or 0 to 255"));
    }
    if highest > HIGHEST_OVERSHOOT {
        warnings.push(PictureWarning::WideFloats { highest });
        return Ok(1.0 / 255.0);
    }
    if highest > 1.0 + SILENT_OVERSHOOT || lowest < -SILENT_OVERSHOOT {
        warnings.push(PictureWarning::ClampedFloats { lowest, highest });
    }
    Ok(1.0)
}

fn sixteen_bits(value: f32, scale: f32) -> u16 {
    (value * scale * 65_535.0).round().clamp(0.0, 65_535.0) as u16
}

fn scaled_rgb(picture: &Rgb32FImage, scale: f32) -> ImageBuffer<image::Rgb<u16>, Vec<u16>> {
    ImageBuffer::from_fn(picture.width(), picture.height(), |x, y| {
        image::Rgb(picture.get_pixel(x, y).0.map(|value| sixteen_bits(value, scale)))
    })
}

/// Alpha may be stored in another range than the colours.
fn scaled_rgba(picture: &Rgba32FImage, scale: f32) -> ImageBuffer<image::Rgba<u16>, Vec<u16>> {
    let alpha = picture.pixels().map(|pixel| pixel.0[3]).fold(0.0, f32::max);
    let alpha_scale = if alpha > HIGHEST_OVERSHOOT { 1.0 / 255.0 } else { 1.0 };
    let scales = [scale, scale, scale, alpha_scale];
    ImageBuffer::from_fn(picture.width(), picture.height(), |x, y| {
        let pixel = picture.get_pixel(x, y).0;
        image::Rgba([0, 1, 2, 3].map(|channel| sixteen_bits(pixel[channel], scales[channel])))
    })
}

/// ITU-R 601 luma as Pillow rounds it: weights 0.299, 0.587, 0.114 in 16-bit fixed point, half rounded up.
pub(super) fn luma_601(red: u8, green: u8, blue: u8) -> u8 {
    ((u32::from(red) * 19595 + u32::from(green) * 38470 + u32::from(blue) * 7471 + 0x8000) >> 16) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luma_follows_pillow() {
        // Values of Pillow's documentation formula L = (R*19595 + G*38470 + B*7471 + 0x8000) >> 16.
        assert_eq!(luma_601(255, 255, 255), 255);
        assert_eq!(luma_601(255, 0, 0), 76);
        assert_eq!(luma_601(0, 255, 0), 150);
        assert_eq!(luma_601(0, 0, 255), 29);
    }

    #[test]
    fn levels_are_rounded() {
        assert_eq!([0, 128, 129, 257, 65_535_u16].map(Sample::level), [0, 0, 1, 1, 255]);
        assert!((0..=u16::MAX).all(|value| value.level() == to_eight_bits(value.into(), 65_535)));
        assert_eq!(to_eight_bits(100 * 128 + 255 * 127, 255 * 255), 177);
    }
}
