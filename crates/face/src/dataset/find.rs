//! Finding pictures: those of a folder, or those that a list names.

use std::path::{Path, PathBuf};

use super::list::read_list;
use super::prepared::sift;
use super::walk::Walk;
use crate::error::{Error, Result};
use crate::picture::{FORMATS, has_picture_ending};

/// A picture file and the person it shows, where that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundPicture {
    /// The file; one that a list names need not exist.
    pub path: PathBuf,
    /// The person, as a name.
    pub person: Option<String>,
}

/// The pictures of a folder (with its subfolders, sorted by path) or of a list file. In a folder, a person is the subfolder that
/// holds the picture. Of folders that `dataset prepare` wrote, only the crops that the manifest keeps are found.
///
/// # Errors
/// [`Error::Dataset`] if there is nothing at `source`, a subfolder cannot be looked into, or there are no pictures.
pub fn find_pictures(source: &Path) -> Result<Vec<FoundPicture>> {
    let wrong = |reason: String| Error::Dataset { path: source.to_owned(), reason };
    let metadata = std::fs::metadata(source).map_err(|error| wrong(error.to_string()))?;
    let found = if metadata.is_dir() {
        in_folder(source)?
    } else {
        let lines = read_list(source).map_err(|error| match error {
            Error::ReadText { source, .. } => wrong(format!("not a list of pictures: {source}")),
            other => other,
        })?;
        lines.into_iter().map(|line| FoundPicture { path: line.path, person: line.person }).collect()
    };
    if found.is_empty() {
        return Err(wrong(format!("no pictures here; expected {FORMATS} files")));
    }
    Ok(found)
}

fn in_folder(folder: &Path) -> Result<Vec<FoundPicture>> {
    let wrong = |error: std::io::Error| Error::Dataset { path: folder.to_owned(), reason: error.to_string() };
    let files = Walk::of(folder, has_picture_ending).complete().map_err(wrong)?;
    let above = |path: &Path| {
        let parent = path.parent().filter(|parent| *parent != folder)?;
        parent.file_name().map(|name| name.to_string_lossy().into_owned())
    };
    let found =
        |(path, person): (PathBuf, Option<String>)| FoundPicture { person: person.or_else(|| above(&path)), path };
    Ok(sift(folder, files)?.into_iter().map(found).collect())
}
