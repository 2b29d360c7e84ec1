//! Which pictures there are in a folder or a list.

use std::path::Path;

use portraitist_face::dataset;
pub use portraitist_face::dataset::FoundPicture;

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
