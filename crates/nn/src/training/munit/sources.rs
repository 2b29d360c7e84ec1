//! The pictures of both domains, and their batches, in an order that the seed fixes.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::tensor::{Device, Tensor};
use rand::Rng;

use crate::config::Domain;
use crate::losses::IdentityError;
use crate::networks::Pair;
use crate::parameter::from_values;
use crate::random::stream;

use super::batch::Batch;
use super::pictures::PictureSet;
use super::run::RunFile;
use crate::training::error::TrainingError;
use crate::training::odd_pictures::OddPictures;
use crate::training::pictures::{FoundPicture, find_pictures, prepared_pictures};
use crate::training::resuming::fingerprint::SourcePicture;

/// The pictures of both domains.
#[derive(Clone, Debug)]
pub struct Sources {
    pub(super) sets: Arc<Pair<PictureSet>>,
    pub(super) test: Option<Pair<PictureSet>>,
    pub(super) odd: OddPictures,
}

impl Sources {
    /// Finds the pictures of a run.
    pub(super) fn find(run: &RunFile) -> Result<Self, TrainingError> {
        let data = &run.data;
        let odd = OddPictures::default();
        let set = |domain, entries| PictureSet::new(domain, entries, &run.picture, data.flip, run.seed, odd.clone());
        let both = |found: Pair<Vec<FoundPicture>>| Pair {
            drawing: set(Domain::Drawing, found.drawing),
            photo: set(Domain::Photo, found.photo),
        };
        let named = |drawings: &Option<PathBuf>, photos: &Option<PathBuf>| match (drawings, photos) {
            (Some(drawings), Some(photos)) => {
                Ok(Some(Pair { drawing: find_pictures(drawings)?, photo: find_pictures(photos)? }))
            }
            _ => Ok::<_, TrainingError>(None),
        };
        let sets = match (&data.prepared, named(&data.drawings, &data.photos)?) {
            (Some(prepared), _) => of_split(prepared, "train")?,
            (None, Some(found)) => found,
            (None, None) => {
                return Err(TrainingError::Data {
                    path: PathBuf::from(&run.name),
                    reason: "data needs drawings and photos, or prepared".to_owned(),
                });
            }
        };
        let test = match (named(&data.test_drawings, &data.test_photos)?, &data.prepared) {
            (Some(found), _) => Some(found),
            // A dataset without test people is no error: there is nothing to sample then.
            (None, Some(prepared)) => of_split(prepared, "test").ok(),
            (None, None) => None,
        };
        Ok(Self { sets: Arc::new(both(sets)), test: test.map(both), odd })
    }

    /// Every picture that is learned from.
    pub(super) fn pictures(&self) -> Vec<SourcePicture> {
        let of = |domain: Domain, set: &PictureSet| {
            let picture = |entry: &FoundPicture| {
                let person = entry.person.as_deref().unwrap_or_default();
                SourcePicture { path: entry.path.clone(), role: format!("{domain} {person}") }
            };
            set.entries().iter().map(picture).collect::<Vec<_>>()
        };
        [of(Domain::Drawing, &self.sets.drawing), of(Domain::Photo, &self.sets.photo)].concat()
    }

    /// Everybody who is trained on, by name.
    ///
    /// # Errors
    /// [`IdentityError::Nobody`] names a picture without a person.
    pub(super) fn people(&self) -> Result<Vec<String>, IdentityError> {
        let entries = self.sets.drawing.entries().iter().chain(self.sets.photo.entries());
        let person = |entry: &FoundPicture| {
            entry.person.clone().ok_or_else(|| IdentityError::Nobody { path: entry.path.clone() })
        };
        let people: BTreeSet<String> = entries.map(person).collect::<Result<_, _>>()?;
        Ok(people.into_iter().collect())
    }
}

/// The crops of one split of a prepared dataset.
fn of_split(prepared: &Path, split: &str) -> Result<Pair<Vec<FoundPicture>>, TrainingError> {
    let mut found = Pair { drawing: Vec::new(), photo: Vec::new() };
    for (domain, entry) in prepared_pictures(prepared, split)? {
        match domain {
            Domain::Drawing => found.drawing.push(entry),
            Domain::Photo => found.photo.push(entry),
        }
    }
    let missing = [("drawings", &found.drawing), ("photos", &found.photo)].into_iter().find(|(_, set)| set.is_empty());
    match missing {
        Some((kind, _)) => Err(TrainingError::Data {
            path: prepared.to_path_buf(),
            reason: format!("the split {split:?} has no {kind}; a translator learns from both drawings and photos"),
        }),
        None => Ok(found),
    }
}

/// A batch in the program's own memory.
#[derive(Debug)]
pub struct HostBatch {
    planes: Pair<Vec<f32>>,
    shapes: Pair<[usize; 4]>,
    same_person: Vec<bool>,
    people: Pair<Vec<Option<String>>>,
    files: Vec<PathBuf>,
}

impl HostBatch {
    /// Brings the batch to a device; `classes` says which number each person has.
    pub(super) fn into_device(self, classes: &HashMap<String, usize>, device: &Device) -> Batch {
        let labels = |people: &[Option<String>]| {
            let label = |person: &Option<String>| classes.get(person.as_ref()?).copied();
            people.iter().filter_map(label).collect()
        };
        let tensor = |values: Vec<f32>, shape: [usize; 4]| -> Tensor<4> { from_values(values, device).reshape(shape) };
        Batch {
            pictures: Pair {
                drawing: tensor(self.planes.drawing, self.shapes.drawing),
                photo: tensor(self.planes.photo, self.shapes.photo),
            },
            same_person: self.same_person,
            labels: Pair { drawing: labels(&self.people.drawing), photo: labels(&self.people.photo) },
            files: self.files,
        }
    }
}

/// What a worker needs to make any batch of the run.
#[derive(Clone)]
pub(super) struct BatchMaker {
    sets: Arc<Pair<PictureSet>>,
    shapes: Pair<[usize; 4]>,
    batch_size: usize,
    same_person: f64,
    seed: u64,
}

impl BatchMaker {
    pub(super) fn new(run: &RunFile, sources: &Sources) -> Self {
        let picture = &run.picture;
        let shape = |domain| [run.batch_size, picture.channels(domain), picture.height, picture.width];
        Self {
            sets: Arc::clone(&sources.sets),
            shapes: Pair { drawing: shape(Domain::Drawing), photo: shape(Domain::Photo) },
            batch_size: run.batch_size,
            same_person: run.data.same_person,
            seed: run.seed,
        }
    }

    /// The batch of step `step`, counted from 0.
    ///
    /// # Errors
    /// [`TrainingError::Data`] names a picture that could not be read.
    pub(super) fn make(&self, step: u64) -> Result<HostBatch, TrainingError> {
        let mut batch = HostBatch {
            planes: Pair::default(),
            shapes: self.shapes,
            same_person: Vec::new(),
            people: Pair::default(),
            files: Vec::new(),
        };
        for offset in 0..self.batch_size as u64 {
            let sample = step * self.batch_size as u64 + offset;
            let drawing = self.sets.drawing.entry(sample);
            let paired = stream(self.seed, "pair", sample).random_bool(self.same_person);
            let partner = drawing.person.as_deref().filter(|_| paired);
            let partner = partner.and_then(|person| self.sets.photo.of_person(person, sample));
            let photo = partner.unwrap_or_else(|| self.sets.photo.entry(sample));
            batch.planes.drawing.extend(self.sets.drawing.read(drawing, sample)?);
            batch.planes.photo.extend(self.sets.photo.read(photo, sample)?);
            batch.same_person.push(drawing.person.is_some() && drawing.person == photo.person);
            batch.people.drawing.push(drawing.person.clone());
            batch.people.photo.push(photo.person.clone());
            batch.files.extend([drawing.path.clone(), photo.path.clone()]);
        }
        Ok(batch)
    }
}
