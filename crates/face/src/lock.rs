//! A lock on a folder that one process works in: the system drops it when the process ends, however it ends.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// How often a lock file that was removed meanwhile is opened again.
const ATTEMPTS: usize = 20;

/// Held while it lives. The file goes when the lock does; one that a killed process left behind holds nobody up.
#[derive(Debug)]
pub struct FolderLock {
    /// Holds the lock; `None` where the file system has none.
    file: Option<File>,
    path: PathBuf,
}

impl FolderLock {
    /// Takes the lock `path`, a file in the folder that it is about. `work` says what the process does there.
    ///
    /// Where the file system cannot lock files, the work goes on without.
    ///
    /// # Errors
    /// [`Error::Locked`] names who holds it; [`Error::Write`] if the file cannot be made.
    pub fn acquire(path: &Path, work: &str) -> Result<Self> {
        let failed = |source| Error::Write { path: path.to_owned(), source };
        for _ in 0..ATTEMPTS {
            let mut file =
                OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
            match file.try_lock() {
                Ok(()) if !is_at(&file, path) => continue,
                Ok(()) => {
                    let holder = format!("{work}, process {}\n", std::process::id());
                    file.set_len(0).and_then(|()| file.write_all(holder.as_bytes())).map_err(failed)?;
                    return Ok(Self { file: Some(file), path: path.to_owned() });
                }
                Err(TryLockError::WouldBlock) => return Err(held(path)),
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                    return Ok(Self { file: None, path: path.to_owned() });
                }
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
        Err(held(path))
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // Removed while it is locked: whoever opened it meanwhile sees that it is gone, and opens a new one.
        if cfg!(unix) || self.file.is_none() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn held(path: &Path) -> Error {
    let holder = fs::read_to_string(path).unwrap_or_default();
    let holder = holder.trim();
    let holder = if holder.is_empty() { "another process" } else { holder };
    Error::Locked { path: path.parent().unwrap_or(path).to_owned(), holder: holder.to_owned() }
}

/// Whether the file is still the one of that name.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let same = |one: fs::Metadata, other: fs::Metadata| (one.dev(), one.ino()) == (other.dev(), other.ino());
    file.metadata().and_then(|open| Ok(same(open, fs::metadata(path)?))).unwrap_or(false)
}

#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_held_once_and_names_its_holder() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join(".lock");
        // What a killed process leaves: the file, and nobody who holds it.
        fs::write(&path, "dataset prepare, process 1\n").unwrap();
        let lock = FolderLock::acquire(&path, "dataset prepare").unwrap();
        let refused = FolderLock::acquire(&path, "dataset prepare").unwrap_err().to_string();
        let process = format!("dataset prepare, process {}", std::process::id());
        assert!(refused.contains(&process) && refused.contains(&place.path().display().to_string()), "{refused}");
        drop(lock);
        drop(FolderLock::acquire(&path, "dataset prepare").unwrap());
        assert!(cfg!(not(unix)) || !path.exists());
    }
}
