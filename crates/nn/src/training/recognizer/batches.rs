//! The batches of a recogniser's training, in an order that the seed fixes.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use burn::tensor::Device;
use portraitist_face::{Picture, edit};
use rand::Rng;
use rand::seq::SliceRandom;
use rand_distr::Distribution;
use rand_distr::weighted::WeightedIndex;

use crate::config::{Domain, RecognizerConfig};
use crate::parameter::from_values;
use crate::pixels::to_recognition_planes;
use crate::random::stream;
use crate::training::error::TrainingError;
use crate::training::odd_pictures::OddPictures;

use super::augmentation::Augmentation;
use super::people::{People, Portrait};
use super::run::RunFile;
use super::settings::Sampling;
use super::trainer::Batch;

/// Crops are enlarged to this height before a part is cut out, in pixels.
const ENLARGED_HEIGHT: usize = 116;
/// Crops are enlarged to this width before a part is cut out, in pixels.
const ENLARGED_WIDTH: usize = 100;

/// A batch on the host.
#[derive(Clone, Debug, PartialEq)]
pub struct HostBatch {
    /// `[n, 3, 112, 96]`, BGR, `(grey level - 127.5) / 128`.
    pub planes: Vec<f32>,
    /// Number of the person, per picture.
    pub labels: Vec<usize>,
    /// The pictures' files, for error messages.
    pub files: Vec<PathBuf>,
}

impl HostBatch {
    /// Copies the batch to a device.
    pub fn to_device(self, device: &Device) -> Batch {
        let shape = [self.labels.len(), 3, RecognizerConfig::HEIGHT, RecognizerConfig::WIDTH];
        let crops = from_values(self.planes, device).reshape(shape);
        Batch { crops, labels: self.labels, files: self.files }
    }
}

/// Makes any batch of a run. Clones share what has been decoded.
#[derive(Clone, Debug)]
pub(super) struct BatchMaker {
    people: Arc<People>,
    /// Crops of each person, by domain.
    of_person: Arc<Vec<[Vec<usize>; 2]>>,
    /// The probability of each person, in their order; `None` if all are equal.
    chances: Option<Arc<WeightedIndex<f64>>>,
    decoded: Arc<Cache>,
    odd: OddPictures,
    sampling: Sampling,
    augmentation: Augmentation,
    flip: bool,
    batch_size: usize,
    seed: u64,
}

impl BatchMaker {
    pub(super) fn new(run: &RunFile, people: &Arc<People>, odd: &OddPictures) -> Self {
        let mut of_person = vec![<[Vec<usize>; 2]>::default(); people.names.len()];
        for (index, portrait) in people.portraits.iter().enumerate() {
            of_person[portrait.person][usize::from(portrait.domain == Domain::Drawing)].push(index);
        }
        Self {
            people: Arc::clone(people),
            of_person: Arc::new(of_person),
            chances: people.chances().map(Arc::new),
            decoded: Arc::new(Cache::new(people.portraits.len(), run.data.cache_mb << 20)),
            odd: odd.clone(),
            sampling: run.data.sampling,
            augmentation: run.data.augmentation.clone(),
            flip: run.data.flip,
            batch_size: run.batch_size,
            seed: run.seed,
        }
    }

    /// The batch of step `step`, counted from 0.
    ///
    /// # Errors
    /// [`TrainingError::Data`] names a picture that could not be read.
    pub(super) fn make(&self, step: u64) -> Result<HostBatch, TrainingError> {
        let area = RecognizerConfig::HEIGHT * RecognizerConfig::WIDTH;
        let mut planes = Vec::with_capacity(self.batch_size * 3 * area);
        let chosen = self.choose(step * self.batch_size as u64);
        for (sample, index) in &chosen {
            planes.extend(self.read(*index, *sample)?);
        }
        let portraits = chosen.iter().map(|(_, index)| &self.people.portraits[*index]);
        let (labels, files) = portraits.map(|portrait| (portrait.person, portrait.path.clone())).unzip();
        Ok(HostBatch { planes, labels, files })
    }

    /// The crops of the batch whose first sample is `first`, each with the number of its sample.
    fn choose(&self, first: u64) -> Vec<(u64, usize)> {
        let samples = first..first + self.batch_size as u64;
        if self.sampling != Sampling::Shuffled {
            return samples.map(|sample| (sample, self.drawn(sample))).collect();
        }
        let count = self.people.portraits.len() as u64;
        let mut epoch = None;
        let mut order: Vec<u32> = Vec::new();
        let mut chosen = Vec::with_capacity(self.batch_size);
        for sample in samples {
            if epoch != Some(sample / count) {
                epoch = Some(sample / count);
                order = (0..count as u32).collect();
                order.shuffle(&mut stream(self.seed, "order", sample / count));
            }
            chosen.push((sample, order[(sample % count) as usize] as usize));
        }
        chosen
    }

    /// A picture of a person drawn at random.
    fn drawn(&self, sample: u64) -> usize {
        let mut random = stream(self.seed, "person", sample);
        let person = match &self.chances {
            None => random.random_range(0..self.of_person.len()),
            Some(chances) => chances.sample(&mut random),
        };
        let domains = &self.of_person[person];
        let [photos, drawings] = domains;
        let from: Vec<usize> = match self.sampling {
            Sampling::IdentitiesAndDomains if !photos.is_empty() && !drawings.is_empty() => {
                domains[usize::from(random.random_bool(0.5))].clone()
            }
            _ => domains.concat(),
        };
        from[random.random_range(0..from.len())]
    }

    /// A crop as the network sees it: mirrored or not, enlarged, a random part of it.
    fn read(&self, index: usize, sample: u64) -> Result<Vec<f32>, TrainingError> {
        let portrait = &self.people.portraits[index];
        let mut random = stream(self.seed, "crop", sample);
        let flip = self.flip && random.random_bool(0.5);
        let mut offset = |enlarged: usize, size: usize| random.random_range(0..=enlarged - size);
        let top = offset(ENLARGED_HEIGHT, RecognizerConfig::HEIGHT);
        let left = offset(ENLARGED_WIDTH, RecognizerConfig::WIDTH);
        let size = [RecognizerConfig::WIDTH, RecognizerConfig::HEIGHT];
        let cut = |picture: &Picture| {
            let flipped = flip.then(|| edit::flip(picture));
            let picture = flipped.as_ref().unwrap_or(picture);
            let part = if self.augmentation.moves() {
                let enlarged = [ENLARGED_WIDTH, ENLARGED_HEIGHT].map(|side| (side as f64 - 1.0) / 2.0);
                let middle = [enlarged[0] - left as f64, enlarged[1] - top as f64];
                let enlargement = ENLARGED_HEIGHT as f64 / RecognizerConfig::HEIGHT as f64;
                let random = &mut stream(self.seed, "placement", sample);
                self.augmentation.place(fitted(picture)?.as_ref(), enlargement, middle, size, random)?
            } else {
                let enlarged = edit::resize(picture, ENLARGED_WIDTH, ENLARGED_HEIGHT)?;
                edit::crop(&enlarged, left, top, size[0], size[1])?
            };
            let part = self.augmentation.apply(part, &mut stream(self.seed, "augmentation", sample))?;
            Ok(to_recognition_planes(&part))
        };
        self.decoded.with(index, portrait, &self.odd, cut)
    }
}

/// Reads a crop without augmentation, resized to the network's size.
///
/// # Errors
/// [`TrainingError::Data`] names the file.
pub(super) fn read_whole(portrait: &Portrait, odd: &OddPictures) -> Result<Picture, TrainingError> {
    let picture = odd.open(&portrait.path).and_then(|picture| Ok(fitted(&picture)?.into_owned()));
    picture.map_err(|error| unreadable(portrait, &error))
}

/// A picture in the network's size.
fn fitted(picture: &Picture) -> portraitist_face::Result<Cow<'_, Picture>> {
    let (width, height) = (RecognizerConfig::WIDTH, RecognizerConfig::HEIGHT);
    if (picture.width(), picture.height()) == (width, height) {
        return Ok(Cow::Borrowed(picture));
    }
    edit::resize(picture, width, height).map(Cow::Owned)
}

fn unreadable(portrait: &Portrait, error: &portraitist_face::Error) -> TrainingError {
    let text = error.to_string();
    let reason = text.strip_prefix(&format!("{}: ", portrait.path.display())).unwrap_or(&text).to_owned();
    TrainingError::Data { path: portrait.path.clone(), reason }
}

/// Decoded crops, kept as long as there is room. The first ones stay: an epoch needs all of them equally often.
#[derive(Debug)]
struct Cache {
    pictures: Vec<OnceLock<Picture>>,
    free_bytes: AtomicUsize,
}

impl Cache {
    fn new(count: usize, bytes: usize) -> Self {
        Self { pictures: (0..count).map(|_| OnceLock::new()).collect(), free_bytes: AtomicUsize::new(bytes) }
    }

    /// Calls `work` with a decoded crop.
    fn with<T>(
        &self,
        index: usize,
        portrait: &Portrait,
        odd: &OddPictures,
        work: impl FnOnce(&Picture) -> portraitist_face::Result<T>,
    ) -> Result<T, TrainingError> {
        let wrong = |error: portraitist_face::Error| unreadable(portrait, &error);
        if let Some(picture) = self.pictures[index].get() {
            return work(picture).map_err(wrong);
        }
        let picture = odd.open(&portrait.path).map_err(wrong)?;
        let result = work(&picture).map_err(wrong)?;
        let bytes = picture.pixels().len();
        let taken = self.free_bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| free.checked_sub(bytes));
        if taken.is_ok() && self.pictures[index].set(picture).is_err() {
            // Another thread kept the same crop meanwhile.
            self.free_bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        Ok(result)
    }
}
