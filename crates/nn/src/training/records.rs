//! Sample grids and checkpoints of a run, written while training goes on.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::tensor::Device;

use super::checkpoint::{folder_of, prune, whole};
use super::loader::Sources;
use super::samples::Samples;
use super::writer::Writer;
use super::{RunFile, Trainer, TrainingError};

/// What a job needs besides the networks.
#[derive(Debug)]
struct Place {
    folder: PathBuf,
    samples: Vec<(&'static str, Samples)>,
    batch_size: usize,
    keep_checkpoints: usize,
}

/// Hands what is due to the writer's thread. A job works on a snapshot: handles of tensors, which nobody
/// changes in place while somebody else holds them.
#[derive(Debug)]
pub(super) struct Records {
    place: Arc<Place>,
    writer: Writer,
    /// The step of the last checkpoint handed over.
    saved: Option<u64>,
}

impl Records {
    /// Reads the pictures that the grids show.
    pub(super) fn new(run: &RunFile, folder: &Path, sources: &Sources, device: &Device) -> Result<Self, TrainingError> {
        let networks = run.networks();
        let sets = [("train", Some(&sources.sets)), ("test", sources.test.as_ref())];
        let samples = sets
            .into_iter()
            .filter_map(|(name, sets)| sets.map(|sets| (name, sets)))
            .map(|(name, sets)| Ok((name, Samples::read(sets, &networks, run.record.num_samples, run.seed, device)?)))
            .collect::<Result<_, TrainingError>>()?;
        let place = Place {
            folder: folder.to_path_buf(),
            samples,
            batch_size: run.batch_size,
            keep_checkpoints: run.record.keep_checkpoints,
        };
        Ok(Self { place: Arc::new(place), writer: Writer::new(folder), saved: None })
    }

    /// Starts to write what is due after the trainer's step, once what came before is written.
    ///
    /// # Errors
    /// Those of writing what came before, as soon as they are known.
    pub(super) fn write(&mut self, trainer: &Trainer, samples: bool, checkpoint: bool) -> Result<(), TrainingError> {
        if !samples && !checkpoint {
            return self.writer.check();
        }
        let (snapshot, place) = (trainer.clone(), Arc::clone(&self.place));
        self.saved = if checkpoint { Some(trainer.step) } else { self.saved };
        self.writer.start(move || {
            if samples {
                place.write_samples(&snapshot)?;
            }
            if checkpoint {
                place.save(&snapshot)?;
            }
            Ok(())
        })
    }

    /// Waits until everything is written, the checkpoint of the trainer's step included, and gives its folder.
    ///
    /// # Errors
    /// Those of writing.
    pub(super) fn finish(mut self, trainer: &Trainer) -> Result<PathBuf, TrainingError> {
        if self.saved != Some(trainer.step) {
            self.write(trainer, false, true)?;
        }
        self.writer.wait()?;
        Ok(folder_of(&self.place.folder, trainer.step))
    }
}

impl Place {
    /// Writes a checkpoint if the step has none yet.
    fn save(&self, trainer: &Trainer) -> Result<(), TrainingError> {
        if whole(&self.folder, trainer.step).is_none() {
            trainer.save(&self.folder, self.batch_size)?;
            prune(&self.folder, trainer.step, self.keep_checkpoints);
        }
        Ok(())
    }

    fn write_samples(&self, trainer: &Trainer) -> Result<(), TrainingError> {
        let folder = self.folder.join("samples");
        fs::create_dir_all(&folder)
            .map_err(|error| TrainingError::Write { path: folder.clone(), reason: error.to_string() })?;
        let translator = trainer.average.as_ref().unwrap_or(&trainer.translator);
        for (name, samples) in &self.samples {
            samples.write(translator, &folder.join(format!("{:08}-{name}.png", trainer.step)))?;
        }
        Ok(())
    }
}
