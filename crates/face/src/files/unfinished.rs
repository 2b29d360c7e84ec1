//! What is being written at this moment, so that a program that ends at once can remove it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, TryLockError};
use std::time::Duration;

/// Files and folders under temporary names; some may be gone already.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Entries above which those that are gone are forgotten.
const MANY: usize = 64;

/// How often a thread is waited for that makes a file, a hundredth of a second each.
const PATIENCE: usize = 100;

/// How often a folder is removed into which other threads may still be writing.
const ATTEMPTS: usize = 50;

/// Makes a file or folder of a name that nothing else will ever have, and notes it. Both happen at once for
/// [`remove_all_unfinished`]: nothing can be made that it does not see.
///
/// # Errors
/// Those of `make`.
pub fn create_unfinished<T: AsRef<Path>>(make: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let mut unfinished = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner);
    let made = make()?;
    if unfinished.len() >= MANY {
        unfinished.retain(|path| path.symlink_metadata().is_ok());
    }
    unfinished.push(made.as_ref().to_owned());
    Ok(made)
}

/// Removes every file and folder that this process has not finished, and lets no thread begin another. For a program that is
/// about to end: whoever is writing fails, and whoever wants to begin waits for the end. What cannot be removed stays.
pub fn remove_all_unfinished() {
    for _ in 0..PATIENCE {
        let mut unfinished = match UNFINISHED.try_lock() {
            Ok(unfinished) => unfinished,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // A thread is making a file at this moment; on a file system that hangs it may never be done.
            Err(TryLockError::WouldBlock) => {
                std::thread::sleep(Duration::from_millis(10));
                continue;
            }
        };
        unfinished.drain(..).for_each(|path| remove(&path));
        // Held until the process ends.
        return std::mem::forget(unfinished);
    }
}

fn remove(path: &Path) {
    for _ in 0..ATTEMPTS {
        let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        if removed.is_ok() || path.symlink_metadata().is_err() {
            return;
        }
    }
}
