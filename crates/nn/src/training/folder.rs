//! The run folder of a training: numbered, locked while the run is trained, gone if nothing came of it.

use std::fs;
use std::path::{Path, PathBuf};

use portraitist_face::Error;
use portraitist_face::lock::FolderLock;

use crate::run_folder::numbered_runs;

use super::error::TrainingError;

/// The lock's file in a run folder. What a killed program leaves of it locks nobody out.
const LOCK: &str = ".lock";

/// A run folder in which no other process trains.
#[derive(Debug)]
pub(super) struct RunFolder {
    path: PathBuf,
    is_new: bool,
    /// The folder of runs, if it was made with this one.
    new_parent: Option<PathBuf>,
    /// Held until the training ends.
    _lock: FolderLock,
}

impl RunFolder {
    /// Makes the next numbered folder: `runs/00012-NAME`.
    ///
    /// # Errors
    /// [`TrainingError::Write`].
    pub(super) fn make(runs: &Path, name: &str) -> Result<Self, TrainingError> {
        let wrong = |path: &Path, error: std::io::Error| TrainingError::Write {
            path: path.to_path_buf(),
            reason: error.to_string(),
        };
        let new_parent = (!runs.exists()).then(|| runs.to_path_buf());
        fs::create_dir_all(runs).map_err(|error| wrong(runs, error))?;
        let mut number = numbered_runs(runs).into_iter().map(|(number, ..)| number).max().unwrap_or(0) + 1;
        let path = loop {
            let path = runs.join(format!("{number:05}-{name}"));
            match fs::create_dir(&path) {
                Ok(()) => break path,
                // Another run took the number in the meantime.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(wrong(&path, error)),
            }
        };
        match lock(&path) {
            Ok(lock) => Ok(Self { path, is_new: true, new_parent, _lock: lock }),
            Err(error) => {
                let _ = fs::remove_dir(&path);
                Err(error)
            }
        }
    }

    /// Takes up a run folder that exists.
    ///
    /// # Errors
    /// [`TrainingError::Resume`] names the process that trains it.
    pub(super) fn open(path: &Path) -> Result<Self, TrainingError> {
        Ok(Self { path: path.to_path_buf(), is_new: false, new_parent: None, _lock: lock(path)? })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes a folder that this session made. What cannot be removed does no harm.
    pub(super) fn discard(&self) {
        if self.is_new {
            let _ = fs::remove_dir_all(&self.path);
            // Stays if another run has begun there.
            self.new_parent.iter().for_each(|parent| drop(fs::remove_dir(parent)));
        }
    }
}

fn lock(folder: &Path) -> Result<FolderLock, TrainingError> {
    FolderLock::acquire(&folder.join(LOCK), "train").map_err(|error| match error {
        Error::Locked { path, holder } => TrainingError::Resume {
            path,
            reason: format!("another process trains this run ({holder}); wait until it has ended"),
        },
        Error::Write { path, source } => TrainingError::Write { path, reason: source.to_string() },
        other => TrainingError::Resume { path: folder.to_path_buf(), reason: other.to_string() },
    })
}
