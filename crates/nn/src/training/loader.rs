//! Reads batches ahead of the trainer, on threads of its own, in an order that the seed fixes.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use burn::tensor::{Device, Tensor};
use rand::Rng;

use crate::config::Domain;
use crate::networks::Pair;
use crate::parameter::from_values;
use crate::random::stream;

use super::pictures::{PictureSet, find_pictures};
use super::{Batch, RunFile, TrainingError};

/// Batches that each thread keeps ready.
const READY_PER_WORKER: usize = 2;

/// The pictures of both domains.
#[derive(Clone, Debug)]
pub(super) struct Sources {
    pub(super) sets: Pair<PictureSet>,
    pub(super) test: Option<Pair<PictureSet>>,
}

impl Sources {
    /// Finds the pictures of a run.
    pub(super) fn find(run: &RunFile) -> Result<Self, TrainingError> {
        let set = |domain, source: &PathBuf| {
            let entries = find_pictures(source)?;
            Ok::<_, TrainingError>(PictureSet::new(domain, entries, &run.picture, run.data.flip, run.seed))
        };
        let test = match (&run.data.test_drawings, &run.data.test_photos) {
            (Some(drawings), Some(photos)) => {
                Some(Pair { drawing: set(Domain::Drawing, drawings)?, photo: set(Domain::Photo, photos)? })
            }
            _ => None,
        };
        let sets =
            Pair { drawing: set(Domain::Drawing, &run.data.drawings)?, photo: set(Domain::Photo, &run.data.photos)? };
        Ok(Self { sets, test })
    }
}

/// A batch in the program's own memory.
#[derive(Debug)]
struct HostBatch {
    planes: Pair<Vec<f32>>,
    same_person: Vec<bool>,
    files: Vec<PathBuf>,
}

/// What a worker needs to make any batch of the run.
#[derive(Clone)]
struct BatchMaker {
    sets: Arc<Pair<PictureSet>>,
    batch_size: usize,
    same_person: f64,
    seed: u64,
}

impl BatchMaker {
    /// The batch of step `step`, counted from 0.
    fn make(&self, step: u64) -> Result<HostBatch, TrainingError> {
        let mut batch = HostBatch { planes: Pair::default(), same_person: Vec::new(), files: Vec::new() };
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
            batch.files.extend([drawing.path.clone(), photo.path.clone()]);
        }
        Ok(batch)
    }
}

/// Gives the batches of a run one after the other.
pub(super) struct Loader {
    workers: Vec<Receiver<Result<HostBatch, TrainingError>>>,
    next: usize,
    shapes: Pair<[usize; 4]>,
    device: Device,
}

impl Loader {
    /// Starts reading at step `first`, counted from 0.
    pub(super) fn start(run: &RunFile, sets: Pair<PictureSet>, first: u64, device: &Device) -> Self {
        let maker = BatchMaker {
            sets: Arc::new(sets),
            batch_size: run.batch_size,
            same_person: run.data.same_person,
            seed: run.seed,
        };
        let num_workers = run.data.workers as u64;
        let workers = (0..num_workers)
            .map(|worker| {
                let (sender, receiver) = sync_channel(READY_PER_WORKER);
                let maker = maker.clone();
                // The thread ends when the loader is dropped and nobody takes its batches any more.
                thread::spawn(move || {
                    let mut step = first + worker;
                    while sender.send(maker.make(step)).is_ok() {
                        step += num_workers;
                    }
                });
                receiver
            })
            .collect();
        let picture = &run.picture;
        let shape = |domain| [run.batch_size, picture.channels(domain), picture.height, picture.width];
        let shapes = Pair { drawing: shape(Domain::Drawing), photo: shape(Domain::Photo) };
        Self { workers, next: 0, shapes, device: device.clone() }
    }

    /// The next batch.
    ///
    /// # Errors
    /// [`TrainingError::Data`] names a picture that could not be read.
    pub(super) fn next_batch(&mut self) -> Result<Batch, TrainingError> {
        let worker = &self.workers[self.next];
        self.next = (self.next + 1) % self.workers.len();
        let batch = worker.recv().map_err(|_| TrainingError::Data {
            path: PathBuf::new(),
            reason: "the thread that reads pictures has ended unexpectedly".to_owned(),
        })??;
        let tensor =
            |values: Vec<f32>, shape: [usize; 4]| -> Tensor<4> { from_values(values, &self.device).reshape(shape) };
        Ok(Batch {
            pictures: Pair {
                drawing: tensor(batch.planes.drawing, self.shapes.drawing),
                photo: tensor(batch.planes.photo, self.shapes.photo),
            },
            same_person: batch.same_person,
            files: batch.files,
        })
    }
}
