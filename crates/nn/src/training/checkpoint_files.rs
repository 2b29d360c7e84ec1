//! The files of a checkpoint while it is written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::weights::{FloatKind, ModelFile, sha256_of_file, write_native};

use super::error::TrainingError;

/// The files of a checkpoint being written, and their hashes.
#[derive(Debug)]
pub struct CheckpointFiles {
    folder: PathBuf,
    hashes: BTreeMap<String, String>,
}

impl CheckpointFiles {
    /// No files yet, in a folder that exists.
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_path_buf(), hashes: BTreeMap::new() }
    }

    /// SHA-256 of each file written so far, by name.
    pub(super) fn into_hashes(self) -> BTreeMap<String, String> {
        self.hashes
    }

    /// Writes a model file.
    ///
    /// # Errors
    /// Those of writing.
    pub fn write(&mut self, name: &str, model: ModelFile) -> Result<(), TrainingError> {
        let path = self.folder.join(name);
        write_native(&model, FloatKind::Single, &path, true)?;
        drop(model);
        let hash = sha256_of_file(&path)
            .map_err(|error| TrainingError::Write { path: path.clone(), reason: error.to_string() })?;
        self.hashes.insert(name.to_owned(), hash);
        Ok(())
    }
}
