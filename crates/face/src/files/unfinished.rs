//! What is being written at this moment, so that a program that ends at once can remove it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Files and folders under temporary names; some may be gone already.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Entries above which those that are gone are forgotten.
const MANY: usize = 64;

/// Notes a file or folder of a name that nothing else will ever have.
pub(crate) fn note(path: &Path) {
    let mut unfinished = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner);
    if unfinished.len() >= MANY {
        unfinished.retain(|path| path.symlink_metadata().is_ok());
    }
    unfinished.push(path.to_owned());
}

/// Removes every file and folder that this process has not finished. For a program that is about to end: whoever is writing
/// fails. What cannot be removed stays.
pub fn remove_all_unfinished() {
    for path in UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        let _ = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
    }
}
