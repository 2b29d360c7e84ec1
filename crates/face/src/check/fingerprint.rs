//! Perceptual fingerprints: pictures that look the same have nearly the same one, whatever their size and compression.

use sha2::{Digest, Sha256};

use crate::edit::resample;
use crate::picture::Picture;

/// Side of the thumbnail that the fingerprint is taken of, in pixels.
const SIDE: usize = 32;
/// Frequencies kept in each direction, the mean excluded.
const FREQUENCIES: usize = 8;
/// Side of the thumbnail that decides, in pixels.
const SMALL: usize = 16;
/// Bits that may differ between pictures that look the same.
const MAX_BITS: u32 = 6;
/// Grey levels by which thumbnails of such pictures may differ on average.
const MAX_DIFFERENCE: u32 = 4;

/// Pictures whose proportions differ by more than this share are not copies of each other.
const MAX_PROPORTION: f64 = 0.02;

/// Signs of the lowest frequencies of a picture's brightness, and a thumbnail to make sure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fingerprint {
    /// Height by width.
    proportion: f64,
    bits: u64,
    thumbnail: [u8; SMALL * SMALL],
    /// Of every pixel and the size.
    sha256: [u8; 32],
}

impl Fingerprint {
    /// The fingerprint of a picture.
    pub(super) fn of(picture: &Picture) -> Self {
        let small = resample(picture, SIDE, SIDE).luma();
        let low = low_frequencies(&small);
        let mut sorted = low;
        sorted.sort_by(f32::total_cmp);
        let median = (sorted[31] + sorted[32]) / 2.0;
        let bits = low.iter().fold(0, |bits, &value| bits << 1 | u64::from(value > median));
        let thumbnail = std::array::from_fn(|index| {
            let (x, y) = (2 * (index % SMALL), 2 * (index / SMALL));
            let sum: u32 = [y * SIDE + x, y * SIDE + x + 1, (y + 1) * SIDE + x, (y + 1) * SIDE + x + 1]
                .map(|place| u32::from(small[place]))
                .iter()
                .sum();
            ((sum + 2) / 4) as u8
        });
        let mut hash = Sha256::new();
        hash.update((picture.width() as u64).to_le_bytes());
        hash.update(picture.pixels());
        let proportion = picture.height() as f64 / picture.width() as f64;
        Self { proportion, bits, thumbnail, sha256: hash.finalize().into() }
    }

    /// Whether two pictures are the same, pixel by pixel.
    pub(super) fn has_the_pixels_of(&self, other: &Self) -> bool {
        self.sha256 == other.sha256
    }

    /// Whether two pictures look the same.
    pub(super) fn looks_like(&self, other: &Self) -> bool {
        (self.bits ^ other.bits).count_ones() <= MAX_BITS
            && (self.proportion / other.proportion - 1.0).abs() <= MAX_PROPORTION
            && self.difference(other) <= MAX_DIFFERENCE
    }

    /// Mean difference of the thumbnails in grey levels, rounded up.
    fn difference(&self, other: &Self) -> u32 {
        let sum: u32 = self.thumbnail.iter().zip(&other.thumbnail).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
        sum.div_ceil((SMALL * SMALL) as u32)
    }
}

/// The lowest frequencies of a discrete cosine transform, rows of frequencies down, the constant one excluded in both directions.
fn low_frequencies(luma: &[u8]) -> [f32; FREQUENCIES * FREQUENCIES] {
    let wave = |frequency: usize, place: usize| {
        (std::f32::consts::PI * (frequency + 1) as f32 * (2 * place + 1) as f32 / (2 * SIDE) as f32).cos()
    };
    let waves: [[f32; SIDE]; FREQUENCIES] =
        std::array::from_fn(|frequency| std::array::from_fn(|place| wave(frequency, place)));
    let dot = |values: &[f32; SIDE], wave: &[f32; SIDE]| values.iter().zip(wave).map(|(a, b)| a * b).sum::<f32>();
    let rows: [[f32; FREQUENCIES]; SIDE] = std::array::from_fn(|y| {
        let row: [f32; SIDE] = std::array::from_fn(|x| f32::from(luma[y * SIDE + x]));
        std::array::from_fn(|frequency| dot(&row, &waves[frequency]))
    });
    std::array::from_fn(|index| {
        let column: [f32; SIDE] = std::array::from_fn(|y| rows[y][index % FREQUENCIES]);
        dot(&column, &waves[index / FREQUENCIES])
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;
    use crate::bundled::bundled_portrait;
    use crate::edit;
    use crate::picture::PictureFormat;

    #[test]
    fn copies_of_other_size_and_compression_look_alike_and_others_do_not() {
        let photo = Picture::decode("portrait", bundled_portrait()).unwrap();
        let print = Fingerprint::of(&photo);
        let small = edit::resize(&photo, photo.width() / 2, photo.height() / 2).unwrap();
        let again = Picture::decode("copy", &small.encode(PictureFormat::Jpeg).unwrap()).unwrap();
        assert!(print.looks_like(&Fingerprint::of(&again)));
        assert!(!print.looks_like(&Fingerprint::of(&edit::flip(&photo))));
        let half = edit::crop(&photo, 0, 0, photo.width() / 2, photo.height() / 2).unwrap();
        assert!(!print.looks_like(&Fingerprint::of(&half)));
    }
}
