//! The run folder of a training: numbered, locked while the run is trained, gone if nothing came of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use portraitist_face::Error;
use portraitist_face::files::remove_unfinished;
use portraitist_face::lock::FolderLock;

use crate::run_folder::{RUN_FILE, numbered_runs};

use super::error::TrainingError;

/// The lock's file in a run folder. What a killed program leaves of it locks nobody out.
const LOCK: &str = ".lock";
/// When a folder without a run file belongs to nobody any more.
const ABANDONED_AFTER: Duration = Duration::from_secs(60);

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
        remove_abandoned(runs);
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

/// Removes the folders of trainings that were killed before they had written their run file: nothing can be resumed from them.
///
/// A folder is left alone while it is young: another process may have made it and not locked it yet.
fn remove_abandoned(runs: &Path) {
    for (.., folder) in numbered_runs(runs) {
        let is_old = fs::metadata(&folder)
            .and_then(|about| about.modified())
            .is_ok_and(|time| time.elapsed().is_ok_and(|age| age >= ABANDONED_AFTER));
        if is_old
            && !folder.join(RUN_FILE).exists()
            && let Ok(held) = lock(&folder)
        {
            remove_unfinished(&folder);
            // The lock's file goes with the lock. A folder in which anything else lies stays.
            drop(held);
            let _ = fs::remove_dir(&folder);
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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn a_folder_that_a_killed_start_left_goes_with_the_next_start() {
        let place = tempfile::tempdir().unwrap();
        let runs = place.path();
        let left = |name: &str, files: &[&str]| {
            let folder = runs.join(name);
            fs::create_dir(&folder).unwrap();
            files.iter().for_each(|file| fs::write(folder.join(file), "killed").unwrap());
            folder
        };
        let age = |folder: &Path| {
            fs::File::open(folder).unwrap().set_modified(SystemTime::now() - 2 * ABANDONED_AFTER).unwrap();
        };
        let (empty, locked) = (left("00001-a", &[]), left("00002-a", &[LOCK, ".portraitist-a1.tmp"]));
        let (started, held) = (left("00003-b", &[LOCK, RUN_FILE]), left("00004-c", &[]));
        let (young, other) = (left("00005-d", &[]), left("00007-notes", &["mine.txt"]));
        let holder = lock(&held).unwrap();
        [&empty, &locked, &started, &held, &other].into_iter().for_each(|folder| age(folder));

        let made = RunFolder::make(runs, "e").unwrap();
        assert!(!empty.exists() && !locked.exists(), "nothing can be resumed from them");
        assert!(started.exists() && held.exists() && young.exists() && other.exists());
        assert_eq!(made.path(), runs.join("00008-e"));
        drop(holder);
    }
}
