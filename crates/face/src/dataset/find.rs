//! Finding pictures: those of a folder, or those that a list names.

use std::path::{Path, PathBuf};

use super::list::read_list;
use super::prepared::sift;
use super::walk::Walk;
use crate::error::{Error, Result};
use crate::picture::{FORMATS, has_picture_ending};
use crate::text::NameFinder;

/// A picture file and the person it shows, where that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundPicture {
    /// The file; one that a list names need not exist.
    pub path: PathBuf,
    /// The person, as a name.
    pub person: Option<String>,
}

/// Pictures, and what was passed over while they were looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundPictures {
    /// The pictures.
    pub pictures: Vec<FoundPicture>,
    /// What a person would want to know, in sentences that name the folder.
    pub warnings: Vec<String>,
}

/// The pictures of a folder (with its subfolders, sorted by path) or of a list file. In a folder, a person is the subfolder that
/// holds the picture; folders of `left_out`, those that results are written to, are not looked into. Of folders that
/// `dataset prepare` wrote, only the crops that the manifest keeps are found.
///
/// # Errors
/// [`Error::Dataset`] if there is nothing at `source`, a subfolder cannot be looked into, or there are no pictures.
pub fn find_pictures(source: &Path, left_out: &[PathBuf]) -> Result<FoundPictures> {
    let source = &NameFinder::default().find(source);
    let wrong = |reason: String| Error::Dataset { path: source.to_owned(), reason };
    let metadata = std::fs::metadata(source).map_err(|error| wrong(error.to_string()))?;
    let found = if metadata.is_dir() {
        in_folder(source, left_out)?
    } else {
        let lines = read_list(source).map_err(|error| match error {
            Error::ReadText { source, .. } => wrong(format!("not a list of pictures: {source}")),
            other => other,
        })?;
        let pictures = lines.into_iter().map(|line| FoundPicture { path: line.path, person: line.person }).collect();
        FoundPictures { pictures, warnings: Vec::new() }
    };
    if found.pictures.is_empty() {
        let own = format!("{}: ", source.display());
        let skipped =
            found.warnings.iter().map(|warning| format!("; {}", warning.strip_prefix(&own).unwrap_or(warning)));
        return Err(wrong(format!("no pictures here; expected {FORMATS} files{}", skipped.collect::<String>())));
    }
    Ok(found)
}

fn in_folder(folder: &Path, left_out: &[PathBuf]) -> Result<FoundPictures> {
    let wrong = |error: std::io::Error| Error::Dataset { path: folder.to_owned(), reason: error.to_string() };
    let walk = Walk::leaving_out(folder, left_out, has_picture_ending);
    let warnings = walk.told(folder);
    let files = walk.complete().map_err(wrong)?;
    let above = |path: &Path| {
        let parent = path.parent().filter(|parent| *parent != folder)?;
        parent.file_name().map(|name| name.to_string_lossy().into_owned())
    };
    let found =
        |(path, person): (PathBuf, Option<String>)| FoundPicture { person: person.or_else(|| above(&path)), path };
    Ok(FoundPictures { pictures: sift(folder, files)?.into_iter().map(found).collect(), warnings })
}
