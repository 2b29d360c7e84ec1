//! Run files of any training.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::TrainingError;

/// What is written when, in steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intervals {
    /// A line in the log.
    pub log: u64,
    /// Samples. None for a task without samples.
    pub samples: Option<u64>,
    /// Evaluation. None for a task without evaluation.
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
    /// Fixes everything that is random.
    fn seed(&self) -> u64;
    /// Steps in all.
    fn steps(&self) -> u64;
    /// Samples that the loader gives out for a step.
    fn batch_size(&self) -> usize;
    /// Threads that read pictures.
    fn workers(&self) -> usize;
    /// What is written when.
    fn intervals(&self) -> Intervals;
    /// The measure by which the best checkpoint is kept; less is better.
    fn best(&self) -> Option<&str> {
        None
    }
    /// Every path in the file by its key, to be resolved against the file's folder.
    fn paths_mut(&mut self) -> Vec<(&'static str, &mut PathBuf)>;
    /// Notes the version of the program that starts the run.
    fn set_version(&mut self, version: String);
    /// Takes over what was filled in when the run was started.
    fn keep_from(&mut self, _started: &Self) {}
    /// The part of the run that must stay the same when it is resumed. No step's result depends on the rest.
    fn fixed_part(&self) -> Self;
    /// What [`fixed_part`](Self::fixed_part) leaves out, for an error message.
    const MAY_CHANGE: &'static str;

    /// Whether the values can be used together.
    ///
    /// # Errors
    /// A sentence that names the value, what was expected and what was found.
    fn validate(&self) -> Result<(), String>;

    /// Reads a run file. Relative paths in it start from the file's own folder.
    ///
    /// # Errors
    /// [`TrainingError::RunFile`] with the place and kind of the mistake.
    fn read(path: &Path) -> Result<Self, TrainingError> {
        let wrong = |reason: String| TrainingError::RunFile { path: path.to_path_buf(), reason };
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        let mut run: Self = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        let file = std::path::absolute(path).map_err(|error| wrong(error.to_string()))?;
        let folder = file.parent().unwrap_or(Path::new("/"));
        for (key, file) in run.paths_mut() {
            if file.as_os_str().is_empty() {
                return Err(wrong(format!("{key} must name a file or folder, found \"\"")));
            }
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
pub(crate) fn check_run_name(name: &str) -> Result<(), String> {
    let plain = |part: char| part.is_alphanumeric() || "-_.".contains(part);
    if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
        return Err(format!("name must consist of letters, digits, '-', '_' and '.', found {name:?}"));
    }
    Ok(())
}
