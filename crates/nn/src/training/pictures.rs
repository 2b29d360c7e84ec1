//! Which pictures there are in a folder, a list, or a prepared dataset.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use portraitist_face::dataset;
pub use portraitist_face::dataset::FoundPicture;
use portraitist_face::dataset::Walk;
use portraitist_face::picture::has_picture_ending;
use portraitist_face::prepare::manifest::{MANIFEST, read_manifest};

use crate::config::Domain;

use super::error::TrainingError;

/// The pictures of a folder or a list file; see [`dataset::find_pictures`].
///
/// # Errors
/// [`TrainingError::Data`] if there is nothing at `source`, or no pictures in it.
pub fn find_pictures(source: &Path) -> Result<Vec<FoundPicture>, TrainingError> {
    // Runs below the source are left out wherever they are.
    let found = dataset::find_pictures(source, &[]).map_err(|error| match error {
        portraitist_face::Error::Dataset { path, reason } => TrainingError::Data { path, reason },
        other => TrainingError::Data { path: source.to_owned(), reason: other.to_string() },
    })?;
    Ok(found.pictures)
}

/// What [`find_pictures`] passes over in the folders among some paths of a run, in sentences, each once.
pub(crate) fn passed_over<'a>(paths: impl IntoIterator<Item = &'a mut PathBuf>) -> Vec<String> {
    let folders: BTreeSet<&Path> = paths.into_iter().map(|path| path.as_path()).filter(|path| path.is_dir()).collect();
    folders.into_iter().flat_map(|folder| Walk::of(folder, has_picture_ending).told(folder)).collect()
}

/// The kept crops of one split of a dataset that `dataset prepare` wrote; `source` is its folder or its manifest.
///
/// # Errors
/// [`TrainingError::Data`] if the manifest cannot be read, or the split is empty.
pub fn prepared_pictures(source: &Path, split: &str) -> Result<Vec<(Domain, FoundPicture)>, TrainingError> {
    let file = if source.is_dir() { source.join(MANIFEST) } else { source.to_path_buf() };
    let wrong = |reason: &str| TrainingError::Data {
        path: file.clone(),
        reason: reason.strip_prefix(&format!("{}: ", file.display())).unwrap_or(reason).to_owned(),
    };
    let folder = file.parent().unwrap_or(Path::new("."));
    let rows = read_manifest(&file).map_err(|error| wrong(&error.to_string()))?;
    let num_rows = rows.len();
    // Mirrored crops are left out: training mirrors by itself.
    let rows = rows.into_iter().filter(|row| row.kept && !row.flipped && !row.crop.is_empty() && row.split == split);
    let found: Vec<(Domain, FoundPicture)> = rows
        .map(|row| (row.domain, FoundPicture { path: folder.join(&row.crop), person: Some(row.identity) }))
        .collect();
    if found.is_empty() {
        return Err(wrong(&format!("none of the {num_rows} rows is a kept crop of the split {split:?}")));
    }
    Ok(found)
}
