//! Sample grids, measures and checkpoints of a run, made while training goes on.

mod best;
pub(super) mod divergence;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::losses::NamedValues;
use crate::run_folder::{Fingerprint, checkpoint_folder};

use super::checkpoint::{RunFacts, prune, save, whole};
use super::error::TrainingError;
use super::log::Log;
use super::run::Run;
use super::task::Task;
use super::writer::Writer;

pub use best::Best;

/// The log of a run, which steps and evaluations write to.
pub(super) type SharedLog = Arc<Mutex<Log>>;

/// What is to be made of a step.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Due {
    pub(super) samples: bool,
    /// An evaluation on the writer's thread.
    pub(super) evaluation: bool,
    pub(super) checkpoint: bool,
}

/// What a job needs besides the networks.
#[derive(Debug)]
struct Place<S> {
    folder: PathBuf,
    samples: S,
    facts: RunFacts,
    keep_checkpoints: usize,
    /// The measure by which the best checkpoint is kept.
    best: Option<String>,
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
            best: run.best().map(str::to_owned),
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

    /// What evaluations since the last call give rise to warn of.
    pub(super) fn warnings(&self) -> Vec<String> {
        T::evaluation_warnings(&self.place.samples)
    }

    /// The best checkpoint so far, where one is kept.
    pub(super) fn best(&self) -> Option<Best> {
        best::read(&self.place.folder, self.place.best.as_deref()?)
    }

    /// Starts to write what is due after the task's step, once what came before is written.
    ///
    /// # Errors
    /// Those of writing what came before, as soon as they are known.
    pub(super) fn write(&mut self, task: &T, due: Due, log: &SharedLog) -> Result<(), TrainingError> {
        let Due { samples, evaluation, checkpoint } = due;
        if !samples && !evaluation && !checkpoint {
            return self.writer.check();
        }
        let (snapshot, place, log) = (task.clone(), Arc::clone(&self.place), Arc::clone(log));
        self.saved = if checkpoint { Some(task.steps_done()) } else { self.saved };
        self.writer.start(move || {
            if samples {
                place.write_samples(&snapshot)?;
            }
            // Before the checkpoint: once that is there, the step is not evaluated again.
            if evaluation {
                place.evaluate(&snapshot, &log)?;
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
    pub(super) fn finish(&mut self, task: &T, log: &SharedLog) -> Result<PathBuf, TrainingError> {
        if self.saved != Some(task.steps_done()) {
            self.write(task, Due { checkpoint: true, ..Due::default() }, log)?;
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

    /// Measures the task, logs what was found, and keeps it if it is the best so far.
    fn evaluate(&self, task: &impl Task<Samples = S>, log: &SharedLog) -> Result<(), TrainingError> {
        let values = task.evaluate(&self.samples)?;
        log.lock().unwrap_or_else(PoisonError::into_inner).write_values(task.steps_done(), &values)?;
        match &self.best {
            Some(measure) => best::keep(task, &self.folder, measure, &values, &self.facts),
            None => Ok(()),
        }
    }

    fn write_samples(&self, task: &impl Task<Samples = S>) -> Result<(), TrainingError> {
        let folder = self.folder.join("samples");
        fs::create_dir_all(&folder)
            .map_err(|error| TrainingError::Write { path: folder.clone(), reason: error.to_string() })?;
        task.write_samples(&self.samples, &folder)
    }
}
