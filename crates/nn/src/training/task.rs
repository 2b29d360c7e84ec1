//! What is trained.

use std::path::Path;

use burn::tensor::Device;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::losses::NamedValues;

use super::checkpoint_files::CheckpointFiles;
use super::error::TrainingError;
use super::odd_pictures::OddPictures;
use super::resuming::fingerprint::SourcePicture;
use super::run::Run;

/// Networks in training, with their optimisers. A clone shares the networks' tensors, and a tensor is never changed in
/// place while another handle exists. So a session can write its files from a clone while training goes on.
pub trait Task: Clone + Send + Sized + 'static {
    /// Its run file.
    type Run: Run;
    /// The data that it learns from.
    type Sources;
    /// The pictures of one step, in the program's own memory.
    type Batch: Send + 'static;
    /// The fixed inputs of its samples.
    type Samples: Send + Sync + 'static;
    /// The task's own part of a checkpoint's state, beside step, seed, samples, version and hashes.
    type State: Serialize + DeserializeOwned;
    /// What a dry run reports.
    type Summary: Serialize;

    /// Finds the data of a run. Nothing is decoded yet.
    ///
    /// # Errors
    /// [`TrainingError::Data`] names a source that cannot be used.
    fn find_sources(run: &Self::Run) -> Result<Self::Sources, TrainingError>;

    /// Where warnings of the pictures come together, if the task collects them.
    fn odd_pictures(_sources: &Self::Sources) -> Option<&OddPictures> {
        None
    }

    /// Every picture that the run learns from, in its order.
    fn pictures(sources: &Self::Sources) -> Vec<SourcePicture>;

    /// Builds the networks of a run at their start.
    ///
    /// # Errors
    /// Those of the files that they start from.
    fn build(run: &Self::Run, sources: &Self::Sources, device: &Device) -> Result<Self, TrainingError>;

    /// Takes over the weights that a new run begins with; resumed runs do without. Nothing by default.
    ///
    /// # Errors
    /// Those of reading them.
    fn begin(&mut self, _run: &Self::Run) -> Result<(), TrainingError> {
        Ok(())
    }

    /// Prepares what is sampled during a run.
    ///
    /// # Errors
    /// [`TrainingError::Data`] names a picture that cannot be read.
    fn prepare_samples(
        run: &Self::Run,
        sources: &Self::Sources,
        device: &Device,
    ) -> Result<Self::Samples, TrainingError>;

    /// A function that returns the batch of any step, counted from 0. It gives the same batch on any thread and in any
    /// order of calls.
    fn batch_maker(
        run: &Self::Run,
        sources: &Self::Sources,
    ) -> impl Fn(u64) -> Result<Self::Batch, TrainingError> + Clone + Send + 'static;

    /// What a dry run reports.
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
    /// [`TrainingError::NotFinite`] if a loss is not finite. The weights that it would have changed are unchanged.
    fn step(&mut self, batch: Self::Batch) -> Result<NamedValues, TrainingError>;

    /// Whether evaluation runs on the writer's thread, of a snapshot, while training goes on. Its values have a line of their own
    /// in the log then.
    const EVALUATES_ASIDE: bool = false;

    /// What evaluations since the last call give rise to warn of; nothing by default.
    fn evaluation_warnings(_samples: &Self::Samples) -> Vec<String> {
        Vec::new()
    }

    /// Values that are measured at intervals, not in every step. None by default.
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

    /// The task's own part of a checkpoint's state.
    fn state(&self) -> Self::State;

    /// Writes the files of a checkpoint, all but `state.json`.
    ///
    /// # Errors
    /// Those of writing.
    fn write_files(&self, files: &mut CheckpointFiles) -> Result<(), TrainingError>;

    /// Restores step `step` from the files of a whole checkpoint in `folder`. The settings must be those of its run.
    ///
    /// # Errors
    /// [`TrainingError::Resume`] or [`TrainingError::Weights`] if a file does not fit.
    fn read_files(&mut self, folder: &Path, step: u64, state: Self::State) -> Result<(), TrainingError>;
}
