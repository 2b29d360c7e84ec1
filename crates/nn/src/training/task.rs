//! What a training is of.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::losses::NamedValues;

use super::TrainingError;
use super::checkpoint::CheckpointFiles;

/// What is written when, in steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intervals {
    /// A line in the log.
    pub log: u64,
    /// Samples; never, where there are none.
    pub samples: Option<u64>,
    /// Values that are measured besides those of the step; never, where there are none.
    pub evaluation: Option<u64>,
    /// A checkpoint.
    pub checkpoint: u64,
    /// Checkpoints kept, the newest ones; 0 keeps all.
    pub keep_checkpoints: usize,
}

/// A run file: everything about a training in one TOML file.
pub trait Run: Clone + PartialEq + Serialize + DeserializeOwned {
    /// Names the run's folder.
    fn name(&self) -> &str;
    /// Fixes everything that is left to chance.
    fn seed(&self) -> u64;
    /// Steps in all.
    fn steps(&self) -> u64;
    /// Samples that the loader gives out for a step.
    fn batch_size(&self) -> usize;
    /// Threads that read pictures.
    fn workers(&self) -> usize;
    /// What is written when.
    fn intervals(&self) -> Intervals;
    /// Every path in the file, to be resolved against the file's folder.
    fn paths_mut(&mut self) -> Vec<&mut PathBuf>;
    /// Notes the version of the program that starts the run.
    fn set_version(&mut self, version: String);
    /// The run without what may change when it is resumed: that which no step's result depends on.
    fn fixed_part(&self) -> Self;
    /// What [`fixed_part`](Self::fixed_part) leaves out, for an error message.
    const MAY_CHANGE: &'static str;

    /// Whether the values can be used together.
    ///
    /// # Errors
    /// A sentence that names the value, what was expected and what was found.
    fn validate(&self) -> Result<(), String>;

    /// Reads a run file. Relative paths in it are meant from the file's own folder.
    ///
    /// # Errors
    /// [`TrainingError::RunFile`] with the place and kind of the mistake.
    fn read(path: &Path) -> Result<Self, TrainingError> {
        let wrong = |reason: String| TrainingError::RunFile { path: path.to_path_buf(), reason };
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        let mut run: Self = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        let file = std::path::absolute(path).map_err(|error| wrong(error.to_string()))?;
        let folder = file.parent().unwrap_or(Path::new("/"));
        for file in run.paths_mut() {
            *file = folder.join(&file);
        }
        run.validate().map_err(wrong)?;
        Ok(run)
    }

    /// The file's text, every value written out.
    ///
    /// # Errors
    /// A message if a path cannot be written as text.
    fn to_toml(&self) -> Result<String, String> {
        toml::to_string(self).map_err(|error| error.to_string())
    }
}

/// Whether a run's name can be part of its folder's.
pub(super) fn check_run_name(name: &str) -> Result<(), String> {
    let plain = |part: char| part.is_alphanumeric() || "-_.".contains(part);
    if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
        return Err(format!("name must consist of letters, digits, '-', '_' and '.', found {name:?}"));
    }
    Ok(())
}

/// Networks in training and what trains them. A clone shares the networks' values, which nobody changes in place while
/// somebody else holds them: a session writes its files from a clone while training goes on.
pub trait Task: Clone + Send + Sized + 'static {
    /// Its run file.
    type Run: Run;
    /// What it learns from.
    type Sources;
    /// The pictures of one step, in the program's own memory.
    type Batch: Send + 'static;
    /// What its samples are made of.
    type Samples: Send + Sync + 'static;
    /// What the state of a checkpoint says besides step, seed, samples, version and hashes.
    type State: Serialize + DeserializeOwned;
    /// What a dry run tells.
    type Summary: Serialize;

    /// Finds what a run learns from; decodes nothing yet.
    ///
    /// # Errors
    /// [`TrainingError::Data`] names a source that cannot be used.
    fn find_sources(run: &Self::Run) -> Result<Self::Sources, TrainingError>;

    /// Builds the networks of a run at their start.
    ///
    /// # Errors
    /// Those of the files that they start from.
    fn build(run: &Self::Run, sources: &Self::Sources, device: &Device) -> Result<Self, TrainingError>;

    /// Prepares what is sampled during a run.
    ///
    /// # Errors
    /// [`TrainingError::Data`] names a picture that cannot be read.
    fn prepare_samples(
        run: &Self::Run,
        sources: &Self::Sources,
        device: &Device,
    ) -> Result<Self::Samples, TrainingError>;

    /// What makes the batch of any step, counted from 0: on any thread, in any order, always the same.
    fn batch_maker(
        run: &Self::Run,
        sources: &Self::Sources,
    ) -> impl Fn(u64) -> Result<Self::Batch, TrainingError> + Clone + Send + 'static;

    /// What a dry run tells of a run.
    fn summary(&self, sources: &Self::Sources) -> Self::Summary;

    /// Steps done.
    fn steps_done(&self) -> u64;

    /// Pictures that the last step saw.
    fn pictures_per_step(run: &Self::Run) -> usize;

    /// Learning rates by their names in the log in step `step`, counted from 1.
    fn rates(&self, step: u64) -> Vec<(&'static str, f64)>;

    /// One whole step. Returns every value that it reports, by name.
    ///
    /// # Errors
    /// [`TrainingError::NotFinite`] if a loss is not a number; what would have been changed by it is unchanged.
    fn step(&mut self, batch: Self::Batch) -> Result<NamedValues, TrainingError>;

    /// Values that are measured now and then rather than in every step; none by default.
    ///
    /// # Errors
    /// Those of reading what is measured on.
    fn evaluate(&self, _samples: &Self::Samples) -> Result<NamedValues, TrainingError> {
        Ok(NamedValues::new())
    }

    /// Writes the samples of the step done last into `folder`; nothing by default.
    ///
    /// # Errors
    /// [`TrainingError::Write`].
    fn write_samples(&self, _samples: &Self::Samples, _folder: &Path) -> Result<(), TrainingError> {
        Ok(())
    }

    /// What the state of a checkpoint says of this task alone.
    fn state(&self) -> Self::State;

    /// Writes the files of a checkpoint but for its state.
    ///
    /// # Errors
    /// Those of writing.
    fn write_files(&self, files: &mut CheckpointFiles) -> Result<(), TrainingError>;

    /// Takes up `step` from the files of a whole checkpoint in `folder`. The settings must be those of its run.
    ///
    /// # Errors
    /// [`TrainingError::Resume`] or [`TrainingError::Weights`] if a file does not fit.
    fn read_files(&mut self, folder: &Path, step: u64, state: Self::State) -> Result<(), TrainingError>;
}
