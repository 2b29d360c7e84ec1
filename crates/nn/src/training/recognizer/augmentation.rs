//! Changes of crops beyond the original's mirroring and shifting, for networks that should bear more.

use portraitist_face::{Picture, transform};
use rand::Rng;
use serde::{Deserialize, Serialize};

/// How much is left to chance. All zero, the default, changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Augmentation {
    /// Grey levels are moved by up to this share of the whole range, up or down.
    pub brightness: f64,
    /// Distances from the mean grey level are multiplied by a factor of up to 1 plus this, or down to 1 minus this.
    pub contrast: f64,
    /// Share of pictures that lose their colours.
    pub grey: f64,
    /// Share of pictures that lose detail: shrunk to between half and all of their size, and enlarged again.
    pub blur: f64,
}

/// The least size that a picture is shrunk to.
const LEAST_SCALE: f64 = 0.5;

impl Augmentation {
    /// Checks that every value is a share.
    pub(super) fn validate(&self) -> Result<(), String> {
        let values =
            [("brightness", self.brightness), ("contrast", self.contrast), ("grey", self.grey), ("blur", self.blur)];
        match values.into_iter().find(|(_, value)| !(0.0..=1.0).contains(value)) {
            None => Ok(()),
            Some((name, value)) => Err(format!("data.augmentation.{name} must be between 0 and 1, found {value}")),
        }
    }

    /// Changes a picture.
    ///
    /// # Errors
    /// Those of resizing.
    pub(super) fn apply(&self, mut picture: Picture, random: &mut impl Rng) -> portraitist_face::Result<Picture> {
        if self.blur > 0.0 && random.random_bool(self.blur) {
            let scale = random.random_range(LEAST_SCALE..=1.0);
            let (width, height) = (picture.width(), picture.height());
            let shrunk = |size: usize| ((size as f64 * scale).round() as usize).max(1);
            picture = transform::resize(&picture, shrunk(width), shrunk(height))?;
            picture = transform::resize(&picture, width, height)?;
        }
        if self.grey > 0.0 && random.random_bool(self.grey) {
            picture = transform::to_grey(&picture);
        }
        if self.brightness > 0.0 || self.contrast > 0.0 {
            let mut within = |largest: f64| random.random_range(-largest..=largest);
            relight(&mut picture, 1.0 + within(self.contrast), 255.0 * within(self.brightness));
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
