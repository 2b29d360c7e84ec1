//! Sample grids and checkpoints of a run, written while training goes on.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::losses::NamedValues;
use crate::run_folder::{Fingerprint, checkpoint_folder};

use super::checkpoint::{RunFacts, prune, save, whole};
use super::error::TrainingError;
use super::run::Run;
use super::task::Task;
use super::writer::Writer;

/// What a job needs besides the networks.
#[derive(Debug)]
struct Place<S> {
    folder: PathBuf,
    samples: S,
    facts: RunFacts,
    keep_checkpoints: usize,
}

/// Hands samples and checkpoints to the writer's thread when they are due. A job works on a snapshot, which holds
/// handles of tensors. A tensor is never changed in place while another handle exists.
#[derive(Debug)]
pub(super) struct Records<T: Task> {
    place: Arc<Place<T::Samples>>,
    writer: Writer,
    /// The step of the last checkpoint handed over.
    saved: Option<u64>,
}

impl<T: Task> Records<T> {
    /// Records of a run that have nothing to do yet.
    pub(super) fn new(run: &T::Run, folder: &Path, data: Fingerprint, samples: T::Samples) -> Self {
        let place = Place {
            folder: folder.to_path_buf(),
            samples,
            facts: RunFacts { seed: run.seed(), batch_size: run.batch_size(), data },
            keep_checkpoints: run.intervals().keep_checkpoints,
        };
        Self { place: Arc::new(place), writer: Writer::new(folder), saved: None }
    }

    /// What the task measures besides its steps.
    ///
    /// # Errors
    /// Those of measuring.
    pub(super) fn evaluate(&self, task: &T) -> Result<NamedValues, TrainingError> {
        task.evaluate(&self.place.samples)
    }

    /// Starts to write what is due after the task's step, once what came before is written.
    ///
    /// # Errors
    /// Those of writing what came before, as soon as they are known.
    pub(super) fn write(&mut self, task: &T, samples: bool, checkpoint: bool) -> Result<(), TrainingError> {
        if !samples && !checkpoint {
            return self.writer.check();
        }
        let (snapshot, place) = (task.clone(), Arc::clone(&self.place));
        self.saved = if checkpoint { Some(task.steps_done()) } else { self.saved };
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

    /// Waits until everything is written, the checkpoint of the task's step included, and gives its folder.
    ///
    /// # Errors
    /// Those of writing.
    pub(super) fn finish(&mut self, task: &T) -> Result<PathBuf, TrainingError> {
        if self.saved != Some(task.steps_done()) {
            self.write(task, false, true)?;
        }
        self.writer.wait()?;
        Ok(checkpoint_folder(&self.place.folder, task.steps_done()))
    }
}

impl<S> Place<S> {
    /// Writes a checkpoint if the step has none yet.
    fn save(&self, task: &impl Task) -> Result<(), TrainingError> {
        let step = task.steps_done();
        if whole(&self.folder, step).is_none() {
            save(task, &self.folder, &self.facts)?;
            prune(&self.folder, step, self.keep_checkpoints);
        }
        Ok(())
    }

    fn write_samples(&self, task: &impl Task<Samples = S>) -> Result<(), TrainingError> {
        let folder = self.folder.join("samples");
        fs::create_dir_all(&folder)
            .map_err(|error| TrainingError::Write { path: folder.clone(), reason: error.to_string() })?;
        task.write_samples(&self.samples, &folder)
    }
}
