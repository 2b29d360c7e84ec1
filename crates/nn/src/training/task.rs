//! What a training is of.

use std::path::Path;

use burn::tensor::Device;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::losses::NamedValues;

use super::checkpoint_files::CheckpointFiles;
use super::error::TrainingError;
use super::run::Run;

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
