//! Augmentation of crops beyond the original's mirroring and shifting.

use portraitist_face::edit::warp_as_opencv;
use portraitist_face::transform::Similarity;
use portraitist_face::{Picture, edit};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

/// How strong the augmentation is. All zero, the default, changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Augmentation {
    /// Faces are turned by up to this many degrees, either way.
    pub rotation_degrees: f64,
    /// Faces are scaled by a factor between `1 / (1 + scale)` and `1 + scale`, log-uniformly.
    pub scale: f64,
    /// Faces are moved by up to this share of the crop's width, in each direction.
    pub shift: f64,
    /// Grey levels are moved by up to this share of the whole range, up or down.
    pub brightness: f64,
    /// Distances from the mean grey level are multiplied by a factor of up to 1 plus this, or down to 1 minus this.
    pub contrast: f64,
    /// Share of pictures that lose their colours.
    pub grey: f64,
    /// Share of pictures that lose detail: shrunk to between half and all of their size, and enlarged again.
    pub blur: f64,
    /// Grey levels get normal noise whose deviation is up to this share of the whole range.
    pub noise: f64,
    /// Share of pictures of which a rectangle is filled with one colour: between a tenth and two fifths of each side.
    pub erase: f64,
}

/// The least size that a picture is shrunk to.
const LEAST_SCALE: f64 = 0.5;
/// How long the sides of an erased rectangle are, as a share of the picture's.
const ERASED_SHARE: std::ops::RangeInclusive<f64> = 0.1..=0.4;
/// The largest turn that can be asked for.
const LARGEST_ROTATION_DEGREES: f64 = 180.0;

impl Augmentation {
    /// Checks that every value is a share, and the turn an angle.
    pub(super) fn validate(&self) -> Result<(), String> {
        let shares = [
            ("scale", self.scale),
            ("shift", self.shift),
            ("brightness", self.brightness),
            ("contrast", self.contrast),
            ("grey", self.grey),
            ("blur", self.blur),
            ("noise", self.noise),
            ("erase", self.erase),
        ];
        let shares = shares.map(|(name, value)| (name, value, 1.0));
        let turn = ("rotation_degrees", self.rotation_degrees, LARGEST_ROTATION_DEGREES);
        match shares.into_iter().chain([turn]).find(|(_, value, largest)| !(0.0..=*largest).contains(value)) {
            None => Ok(()),
            Some((name, value, largest)) => {
                Err(format!("data.augmentation.{name} must be between 0 and {largest}, found {value}"))
            }
        }
    }

    /// Whether faces are moved within their crops.
    pub(super) fn moves(&self) -> bool {
        self.rotation_degrees > 0.0 || self.scale > 0.0 || self.shift > 0.0
    }

    /// Rotates, scales and shifts a face at random, in one resampling. The middle of `picture` comes to `middle` of a crop
    /// of `size`, plus the shift. The picture is enlarged by `enlargement` times the scale. Beyond the edges there is black,
    /// as in aligned crops.
    ///
    /// # Errors
    /// Those of warping.
    pub(super) fn place(
        &self,
        picture: &Picture,
        enlargement: f64,
        middle: [f64; 2],
        size: [usize; 2],
        random: &mut impl Rng,
    ) -> portraitist_face::Result<Picture> {
        let mut within = |largest: f64| random.random_range(-largest..=largest);
        let angle = within(self.rotation_degrees).to_radians();
        let scale = enlargement * (1.0 + self.scale).powf(within(1.0));
        let shift = [0, 1].map(|_| within(self.shift) * size[0] as f64);
        let (a, b) = (scale * angle.cos(), scale * angle.sin());
        let [from_x, from_y] = [picture.width(), picture.height()].map(|side| (side as f64 - 1.0) / 2.0);
        let [x, y] = [0, 1].map(|axis| middle[axis] + shift[axis]);
        let matrix = [[a, -b, x - a * from_x + b * from_y], [b, a, y - b * from_x - a * from_y]];
        // No similarity only if a number in it is not finite, which bounded settings cannot make.
        let moved = Similarity::from_matrix(matrix).unwrap_or(Similarity::IDENTITY);
        warp_as_opencv(picture, &moved, size[0], size[1])
    }

    /// Changes a picture's colours and details at random.
    ///
    /// # Errors
    /// Those of resizing.
    pub(super) fn apply(&self, mut picture: Picture, random: &mut impl Rng) -> portraitist_face::Result<Picture> {
        if self.blur > 0.0 && random.random_bool(self.blur) {
            let scale = random.random_range(LEAST_SCALE..=1.0);
            let (width, height) = (picture.width(), picture.height());
            let shrunk = |size: usize| ((size as f64 * scale).round() as usize).max(1);
            picture = edit::resize(&picture, shrunk(width), shrunk(height))?;
            picture = edit::resize(&picture, width, height)?;
        }
        if self.grey > 0.0 && random.random_bool(self.grey) {
            picture = edit::to_grey(&picture);
        }
        if self.brightness > 0.0 || self.contrast > 0.0 {
            let mut within = |largest: f64| random.random_range(-largest..=largest);
            relight(&mut picture, 1.0 + within(self.contrast), 255.0 * within(self.brightness));
        }
        if self.noise > 0.0 {
            add_noise(&mut picture, 255.0 * random.random_range(0.0..=self.noise), random);
        }
        if self.erase > 0.0 && random.random_bool(self.erase) {
            erase(&mut picture, random);
        }
        Ok(picture)
    }
}

/// Stretches grey levels around their mean and moves them.
fn relight(picture: &mut Picture, contrast: f64, shift: f64) {
    let levels = picture.pixels();
    let mean = levels.iter().map(|level| f64::from(*level)).sum::<f64>() / levels.len().max(1) as f64;
    let moved = |level: usize| (mean + (level as f64 - mean) * contrast + shift).round().clamp(0.0, 255.0) as u8;
    let table: Vec<u8> = (0..=255).map(moved).collect();
    picture.pixels_mut().iter_mut().for_each(|level| *level = table[usize::from(*level)]);
}

/// Adds normal noise of some deviation, in grey levels, to each value.
fn add_noise(picture: &mut Picture, deviation: f64, random: &mut impl Rng) {
    for level in picture.pixels_mut() {
        let normal: f32 = StandardNormal.sample(random);
        *level = (f32::from(*level) + normal * deviation as f32).round().clamp(0.0, 255.0) as u8;
    }
}

/// Fills a rectangle somewhere in the picture with one colour.
fn erase(picture: &mut Picture, random: &mut impl Rng) {
    let (width, height) = (picture.width(), picture.height());
    let [across, down] = [width, height].map(|side| {
        let length = ((side as f64 * random.random_range(ERASED_SHARE)).round() as usize).max(1);
        let start = random.random_range(0..=side - length);
        start..start + length
    });
    let colour: [u8; 3] = random.random();
    for row in picture.pixels_mut().chunks_exact_mut(3 * width).take(down.end).skip(down.start) {
        row[3 * across.start..3 * across.end].chunks_exact_mut(3).for_each(|rgb| rgb.copy_from_slice(&colour));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::stream;

    fn picture() -> Picture {
        let pixels = (0..3 * 24 * 20).map(|index| (index * 37 % 251) as u8).collect();
        Picture::from_rgb(20, 24, pixels).expect("a small picture")
    }

    #[test]
    fn nothing_is_changed_by_default() {
        for index in 0..20 {
            let changed = Augmentation::default().apply(picture(), &mut stream(1, "augment", index));
            assert_eq!(changed.expect("sizes stay"), picture());
        }
    }

    #[test]
    fn faces_are_moved_within_the_bounds_and_with_one_seed_alike() {
        // A white square in the middle: its centre of mass and its size say where it went.
        let mut square = Picture::from_rgb(96, 112, vec![0; 3 * 96 * 112]).expect("a small picture");
        for (index, level) in square.pixels_mut().iter_mut().enumerate() {
            let (x, y) = (index / 3 % 96, index / 3 / 96);
            *level = if (38..58).contains(&x) && (46..66).contains(&y) { 255 } else { 0 };
        }
        let place = |augmentation: &Augmentation, index: u64| {
            let random = &mut stream(1, "place", index);
            augmentation.place(&square, 1.0, [47.5, 55.5], [96, 112], random).expect("sizes stay")
        };
        let mass = |picture: &Picture| {
            let (mut sum, mut at, mut spread) = (0.0, [0.0; 2], 0.0);
            for (index, rgb) in picture.pixels().chunks_exact(3).enumerate() {
                let [x, y] = [index % 96, index / 96].map(|value| value as f64);
                let weight = f64::from(rgb[0]) / 255.0;
                sum += weight;
                at = [at[0] + weight * x, at[1] + weight * y];
                spread += weight * (x - 47.5) * (y - 55.5);
            }
            (sum, at.map(|value| value / sum), spread)
        };
        assert_eq!(place(&Augmentation::default(), 0), square);
        let shifting = Augmentation { shift: 0.1, ..Augmentation::default() };
        let scaling = Augmentation { scale: 0.5, ..Augmentation::default() };
        let turning = Augmentation { rotation_degrees: 45.0, ..Augmentation::default() };
        let (mut farthest, mut largest, mut smallest): (f64, f64, f64) = (0.0, 400.0, 400.0);
        let mut turned = 0;
        for index in 0..40 {
            let (area, [x, y], _) = mass(&place(&shifting, index));
            assert!((area - 400.0).abs() < 4.0, "{area}");
            assert!((x - 47.5).abs() <= 9.7 && (y - 55.5).abs() <= 9.7, "{x} {y}");
            farthest = farthest.max((x - 47.5).abs());
            let (area, [x, y], _) = mass(&place(&scaling, index));
            assert!((x - 47.5).abs() < 0.2 && (y - 55.5).abs() < 0.2, "{x} {y}");
            (largest, smallest) = (largest.max(area), smallest.min(area));
            let (area, _, _) = mass(&place(&turning, index));
            assert!((area - 400.0).abs() < 8.0, "{area}");
            turned += usize::from(place(&turning, index).pixel(39, 47) != Some([255; 3]));
            assert_eq!(place(&turning, index), place(&turning, index));
        }
        assert!(farthest > 7.0 && turned > 20, "{farthest} {turned}");
        assert!((700.0..=905.0).contains(&largest) && (175.0..=230.0).contains(&smallest), "{largest} {smallest}");
        let turned = Augmentation { rotation_degrees: 181.0, ..Augmentation::default() };
        assert_eq!(
            turned.validate().expect_err("the angle is too large"),
            "data.augmentation.rotation_degrees must be between 0 and 180, found 181"
        );
    }

    #[test]
    fn noise_and_erasing_change_what_they_should_and_no_more() {
        let erasing = Augmentation { erase: 1.0, ..Augmentation::default() };
        let noisy = Augmentation { noise: 0.1, ..Augmentation::default() };
        let original = picture();
        let mut deviations = Vec::new();
        for index in 0..20 {
            let erased = erasing.apply(picture(), &mut stream(1, "augment", index)).expect("sizes stay");
            let pairs = erased.pixels().chunks_exact(3).zip(original.pixels().chunks_exact(3));
            let changed = pairs.filter(|(new, old)| new != old).count();
            assert!((2..=8 * 10).contains(&changed), "{changed}");
            let noise = noisy.apply(picture(), &mut stream(1, "augment", index)).expect("sizes stay");
            let differences = noise.pixels().iter().zip(original.pixels());
            let squares: f64 = differences.map(|(new, old)| (f64::from(*new) - f64::from(*old)).powi(2)).sum();
            deviations.push((squares / noise.pixels().len() as f64).sqrt());
        }
        assert!(deviations.iter().all(|deviation| *deviation < 28.0), "{deviations:?}");
        assert!(deviations.iter().any(|deviation| *deviation > 12.0), "{deviations:?}");
    }

    #[test]
    fn each_change_does_what_its_name_says_and_keeps_the_size() {
        let mean = |picture: &Picture| {
            picture.pixels().iter().map(|level| f64::from(*level)).sum::<f64>() / picture.pixels().len() as f64
        };
        let deviation = |picture: &Picture| {
            let mean = mean(picture);
            let squares = picture.pixels().iter().map(|level| (f64::from(*level) - mean).powi(2));
            (squares.sum::<f64>() / picture.pixels().len() as f64).sqrt()
        };
        let apply = |augmentation: Augmentation, index: u64| {
            let changed = augmentation.apply(picture(), &mut stream(1, "augment", index)).expect("sizes stay");
            assert_eq!((changed.width(), changed.height()), (20, 24));
            changed
        };
        let original = picture();
        let mut means = Vec::new();
        for index in 0..20 {
            means.push(mean(&apply(Augmentation { brightness: 0.2, ..Augmentation::default() }, index)));
            let flat = apply(Augmentation { contrast: 0.5, ..Augmentation::default() }, index);
            assert!((mean(&flat) - mean(&original)).abs() < 8.0);
            let grey = apply(Augmentation { grey: 1.0, ..Augmentation::default() }, index);
            assert!(grey.pixels().chunks_exact(3).all(|rgb| rgb[0] == rgb[1] && rgb[1] == rgb[2]));
            let blurred = apply(Augmentation { blur: 1.0, ..Augmentation::default() }, index);
            assert!(deviation(&blurred) < deviation(&original));
        }
        let (low, high) = means.iter().fold((255f64, 0f64), |(low, high), mean| (low.min(*mean), high.max(*mean)));
        assert!(low < mean(&original) - 20.0 && high > mean(&original) + 20.0, "{means:?}");
    }
}
