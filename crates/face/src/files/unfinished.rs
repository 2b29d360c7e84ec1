//! What is being written at this moment, so that a program that ends at once can remove it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Files and folders under temporary names; some may be gone already.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Entries above which those that are gone are forgotten.
const MANY: usize = 64;

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
    let mut unfinished = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner);
    unfinished.drain(..).for_each(|path| remove(&path));
    // Held until the process ends.
    std::mem::forget(unfinished);
}

fn remove(path: &Path) {
    for _ in 0..ATTEMPTS {
        let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        if removed.is_ok() || path.symlink_metadata().is_err() {
            return;
        }
    }
}
