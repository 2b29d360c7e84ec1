//! The pictures of one domain: which there are, and in which order a run sees them.

use std::collections::HashMap;

use portraitist_face::Picture;
use portraitist_face::edit::{self, CropPlace, CropTransform};
use rand::Rng;
use rand::seq::SliceRandom;

use crate::config::{Domain, PictureConfig};
use crate::pixels::to_planes;
use crate::random::stream;
use crate::training::error::TrainingError;
use crate::training::odd_pictures::OddPictures;
use crate::training::pictures::FoundPicture;

/// The pictures of one domain, in the order of a run.
#[derive(Clone, Debug)]
pub(crate) struct PictureSet {
    domain: Domain,
    entries: Vec<FoundPicture>,
    by_person: HashMap<String, Vec<usize>>,
    config: PictureConfig,
    flip: bool,
    seed: u64,
    odd: OddPictures,
}

impl PictureSet {
    /// A set that a run with `seed` draws from; `odd` collects warnings of its pictures.
    pub(crate) fn new(
        domain: Domain,
        entries: Vec<FoundPicture>,
        config: &PictureConfig,
        flip: bool,
        seed: u64,
        odd: OddPictures,
    ) -> Self {
        let mut by_person: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, entry) in entries.iter().enumerate() {
            if let Some(person) = &entry.person {
                by_person.entry(person.clone()).or_default().push(index);
            }
        }
        Self { domain, entries, by_person, config: config.clone(), flip, seed, odd }
    }

    /// How many pictures there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The pictures, in the order in which they were found.
    pub(crate) fn entries(&self) -> &[FoundPicture] {
        &self.entries
    }

    /// The entry that stands at position `sample` of the run: every epoch is a permutation of its own.
    pub(crate) fn entry(&self, sample: u64) -> &FoundPicture {
        let count = self.entries.len() as u64;
        let (epoch, position) = (sample / count, sample % count);
        let mut order: Vec<u32> = (0..count as u32).collect();
        order.shuffle(&mut stream(self.seed, &format!("order {}", self.domain), epoch));
        &self.entries[order[position as usize] as usize]
    }

    /// A random picture of `person`, fixed by the position in the run.
    pub(crate) fn of_person(&self, person: &str, sample: u64) -> Option<&FoundPicture> {
        let candidates = self.by_person.get(person)?;
        let mut random = stream(self.seed, &format!("person {}", self.domain), sample);
        Some(&self.entries[candidates[random.random_range(0..candidates.len())]])
    }

    /// Reads a picture as the networks see it: flipped or not, its shorter side resized, a random crop;
    /// planes in `[-1, 1]`.
    ///
    /// # Errors
    /// [`TrainingError::Data`] names the file.
    pub(crate) fn read(&self, entry: &FoundPicture, sample: u64) -> Result<Vec<f32>, TrainingError> {
        let mut random = stream(self.seed, &format!("crop {}", self.domain), sample);
        let flip = self.flip && random.random_bool(0.5);
        self.planes(entry, |picture| {
            let flipped = if flip { edit::flip(picture) } else { picture.clone() };
            let resized = edit::resize_shorter_side(&flipped, self.config.resize)?;
            let mut offset = |size: usize, crop: usize| random.random_range(0..=size.saturating_sub(crop));
            let top = offset(resized.height(), self.config.height);
            let left = offset(resized.width(), self.config.width);
            edit::crop(&resized, left, top, self.config.width, self.config.height)
        })
    }

    /// Reads `count` pictures, spread over the set, without flips: resized, their middle.
    ///
    /// # Errors
    /// [`TrainingError::Data`] names the file.
    pub(crate) fn fixed(&self, count: usize) -> Result<Vec<Vec<f32>>, TrainingError> {
        // Spread over the set, so that neighbours in a folder (one person, often) do not fill the grid.
        let step = (self.entries.len() / count.max(1)).max(1);
        let chosen = self.entries.iter().step_by(step).take(count);
        let middle = CropTransform {
            flip: false,
            shorter_side: Some(self.config.resize),
            crop_width: self.config.width,
            crop_height: self.config.height,
            place: CropPlace::Center,
        };
        chosen.map(|entry| self.planes(entry, |picture| middle.apply(picture))).collect()
    }

    fn planes(
        &self,
        entry: &FoundPicture,
        cut: impl FnOnce(&Picture) -> portraitist_face::Result<Picture>,
    ) -> Result<Vec<f32>, TrainingError> {
        let name = format!("{}: ", entry.path.display());
        let wrong = |error: portraitist_face::Error| {
            let text = error.to_string();
            let reason = text.strip_prefix(&name).unwrap_or(&text).to_owned();
            TrainingError::Data { path: entry.path.clone(), reason }
        };
        let picture = self.odd.open(&entry.path).map_err(wrong)?;
        let grey = self.config.grey_photos && self.domain == Domain::Photo;
        let picture = if grey { edit::to_grey(&picture) } else { picture };
        self.check_size(&picture).map_err(|reason| TrainingError::Data { path: entry.path.clone(), reason })?;
        let cropped = cut(&picture).map_err(wrong)?;
        Ok(to_planes(&cropped, self.config.channels(self.domain)))
    }

    /// Whether a picture is large enough for the crops once it is resized.
    fn check_size(&self, picture: &Picture) -> Result<(), String> {
        let PictureConfig { width, height, resize, .. } = self.config;
        let found = [picture.width(), picture.height()];
        let fits = |size: usize| {
            let [resized_width, resized_height] = edit::shorter_side_size(found, size);
            resized_width >= width && resized_height >= height
        };
        if fits(resize) {
            return Ok(());
        }
        let [resized_width, resized_height] = edit::shorter_side_size(found, resize);
        // A shorter side as long as the crop's longer side is always enough.
        let least = (resize..=width.max(height)).find(|size| fits(*size)).unwrap_or(width.max(height));
        Err(format!(
            "a picture of {}x{} pixels becomes {resized_width}x{resized_height} with picture.resize = {resize}, too few for crops \
             of {width}x{height}; expected picture.resize of at least {least}",
            found[0], found[1]
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_that_is_too_small_for_the_crops_says_which_resize_would_do() {
        let config = PictureConfig { width: 192, height: 224, resize: 200, ..PictureConfig::default() };
        let set = PictureSet::new(Domain::Photo, Vec::new(), &config, false, 0, OddPictures::default());
        let check = |width: usize, height: usize| {
            let pixels = vec![0; 3 * width * height];
            set.check_size(&Picture::from_rgb(width, height, pixels).expect("a picture"))
        };
        assert_eq!(check(200, 232), Ok(()));
        let reason = check(300, 300).expect_err("200 pixels are fewer than 224");
        assert!(reason.contains("300x300 pixels becomes 200x200") && reason.ends_with("of at least 224"), "{reason}");
        let reason = check(500, 550).expect_err("200x220");
        assert!(reason.contains("becomes 200x220") && reason.ends_with("of at least 204"), "{reason}");
    }
}
