//! What is wrong with a picture whatever it shows: CleanVision's kinds (<https://github.com/cleanlab/cleanvision>), with measures and
//! limits of our own. Of 192 pictures of 18 synthetic people (`dataset synth`, 160 pixels, 2026-11-30) the least sharp photo has a sharpness of 0.50, a
//! copy that went through 24 pixels at most 0.10; the least entropy is 5.8 bits of photos and 3.0 of drawings. Of 1,468 real photos
//! (official portraits, studio pictures, pairs of one person) and 459 engravings nothing is told here, of 135 oil portraits that 11 are
//! blurry: they are painted softly.

use crate::dataset::ProblemKind;
use crate::domain::Domain;
use crate::edit::resample;
use crate::picture::Picture;

/// Sharpness is measured with the shorter side at most so long: a blur that only a large picture shows does no harm.
const SHARPNESS_SIDE: usize = 256;
/// Share of the pixels that may be sharper than what is taken for a picture's sharpness.
const SHARPEST_SHARE: f64 = 0.005;
/// Below it a picture is blurry: the second difference of the brightness at its sharpest edges, as a share of the picture's own range.
pub(super) const LEAST_SHARPNESS: f64 = 0.20;
/// Below it, at the brightest hundredth of the pixels, a picture is dark: grey levels.
pub(super) const DARK_LEVEL: u8 = 80;
/// Above it, at the darkest hundredth of the pixels, a picture is bright: grey levels.
pub(super) const BRIGHT_LEVEL: u8 = 200;
/// Below it the grey levels say little: bits of entropy. Drawings of few inks and much paper have less than photos.
pub(super) const LEAST_ENTROPY_PHOTO: f64 = 4.0;
/// The same of drawings.
pub(super) const LEAST_ENTROPY_DRAWING: f64 = 1.0;
/// Channels that differ by no more are those of a grey picture, compression included.
const GREY_DIFFERENCE: u8 = 4;

/// What is measured of a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Quality {
    pub(super) size: [usize; 2],
    pub(super) is_grey: bool,
    sharpness: f64,
    /// Grey levels at the darkest and at the brightest hundredth.
    ends: [u8; 2],
    entropy_bits: f64,
}

impl Quality {
    pub(super) fn of(picture: &Picture) -> Self {
        let luma = picture.luma();
        let histogram = luma.iter().fold([0usize; 256], |mut counts, level| {
            counts[usize::from(*level)] += 1;
            counts
        });
        let ends = [0.01, 0.99].map(|share| quantile(&histogram, luma.len(), share));
        let entropy_bits = histogram.iter().filter(|count| **count > 0).map(|count| {
            let share = *count as f64 / luma.len() as f64;
            -share * share.log2()
        });
        let spread = |rgb: &[u8]| rgb.iter().max().zip(rgb.iter().min()).map_or(0, |(most, least)| most - least);
        Self {
            size: [picture.width(), picture.height()],
            is_grey: picture.pixels().chunks_exact(3).all(|rgb| spread(rgb) <= GREY_DIFFERENCE),
            sharpness: sharpness(picture),
            ends,
            entropy_bits: entropy_bits.sum(),
        }
    }

    /// What is wrong with it by itself, in sentences. Of several such things one is the cause of the others: the first is told.
    pub(super) fn problem(&self, domain: Domain) -> Option<(ProblemKind, String)> {
        let [darkest, brightest] = self.ends;
        let least_entropy = if domain == Domain::Photo { LEAST_ENTROPY_PHOTO } else { LEAST_ENTROPY_DRAWING };
        if brightest < DARK_LEVEL {
            let detail = format!("dark: 99 % of it is no brighter than level {brightest} of 255");
            Some((ProblemKind::Dark, detail))
        } else if darkest > BRIGHT_LEVEL {
            let detail = format!("bright: 99 % of it is no darker than level {darkest} of 255");
            Some((ProblemKind::Bright, detail))
        } else if self.entropy_bits < least_entropy {
            let detail = format!("its grey levels hold {:.1} bits of information only", self.entropy_bits);
            Some((ProblemKind::LowInformation, detail))
        } else if self.sharpness < LEAST_SHARPNESS {
            let detail = format!("blurry: its sharpest edges have {:.0} % of its contrast", 100.0 * self.sharpness);
            Some((ProblemKind::Blurry, detail))
        } else {
            None
        }
    }
}

/// The level that a share of the pixels does not exceed.
fn quantile(histogram: &[usize; 256], count: usize, share: f64) -> u8 {
    let wanted = (share * count as f64) as usize;
    let mut below = 0;
    let place = histogram.iter().position(|pixels| {
        below += pixels;
        below > wanted
    });
    place.unwrap_or(255) as u8
}

/// The second difference of the brightness at the sharpest edges, as a share of the picture's range.
fn sharpness(picture: &Picture) -> f64 {
    let shorter = picture.width().min(picture.height());
    let scale = (SHARPNESS_SIDE as f64 / shorter as f64).min(1.0);
    let [width, height] =
        [picture.width(), picture.height()].map(|side| ((side as f64 * scale).round() as usize).max(1));
    if width < 3 || height < 3 {
        return 1.0;
    }
    let luma: Vec<i32> = resample(picture, width, height).luma().into_iter().map(i32::from).collect();
    let mut edges = Vec::with_capacity(luma.len());
    for y in 1..height - 1 {
        for x in 1..width - 1 {
            let at = y * width + x;
            edges.push((4 * luma[at] - luma[at - 1] - luma[at + 1] - luma[at - width] - luma[at + width]).abs());
        }
    }
    let place = ((1.0 - SHARPEST_SHARE) * (edges.len() - 1) as f64) as usize;
    let (_, sharpest, _) = edges.select_nth_unstable(place);
    let sharpest = f64::from(*sharpest);
    let mut sorted = luma;
    sorted.sort_unstable();
    let range = sorted[sorted.len() * 99 / 100] - sorted[sorted.len() / 100];
    sharpest / f64::from(range.max(8))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;
    use crate::bundled::bundled_portrait;
    use crate::edit;

    fn kind(picture: &Picture) -> Option<ProblemKind> {
        Quality::of(picture).problem(Domain::Photo).map(|(kind, _)| kind)
    }

    fn changed(picture: &Picture, change: impl Fn(u8) -> u8) -> Picture {
        let pixels = picture.pixels().iter().map(|level| change(*level)).collect();
        Picture::from_rgb(picture.width(), picture.height(), pixels).unwrap()
    }

    #[test]
    fn a_good_photo_is_good_at_any_size_and_its_damaged_copies_are_not() {
        let photo = Picture::decode("portrait", bundled_portrait()).unwrap();
        let (width, height) = (photo.width(), photo.height());
        for share in [1, 2, 4] {
            assert_eq!(kind(&edit::resize(&photo, width / share, height / share).unwrap()), None, "{share}");
        }
        let small = edit::resize(&photo, width / 10, height / 10).unwrap();
        let blurred = edit::resize(&small, 400, 400 * height / width).unwrap();
        assert_eq!(kind(&blurred), Some(ProblemKind::Blurry));
        assert_eq!(kind(&changed(&photo, |level| level / 4)), Some(ProblemKind::Dark));
        assert_eq!(kind(&changed(&photo, |level| 210 + level / 8)), Some(ProblemKind::Bright));
        let few = changed(&photo, |level| if level < 128 { 0 } else { 255 });
        assert_eq!(kind(&few), Some(ProblemKind::LowInformation));
        assert!(!Quality::of(&photo).is_grey && Quality::of(&edit::to_grey(&photo)).is_grey);
    }
}
