//! Which pictures there are in a folder or a list.

use std::path::{Path, PathBuf};

use portraitist_face::picture::has_picture_ending;

use super::error::TrainingError;

/// A picture file and the person it shows, where that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The file.
    pub path: PathBuf,
    /// The person, as a name.
    pub person: Option<String>,
}

/// The pictures of a folder (with its subfolders, sorted by path) or of a list file.
///
/// # Errors
/// [`TrainingError::Data`] if there is nothing at `source`, or no pictures in it.
pub fn find_pictures(source: &Path) -> Result<Vec<Entry>, TrainingError> {
    let wrong = |reason: String| TrainingError::Data { path: source.to_path_buf(), reason };
    let metadata = std::fs::metadata(source).map_err(|error| wrong(error.to_string()))?;
    let entries = if metadata.is_dir() {
        let mut paths = Vec::new();
        walk(source, &mut Vec::new(), &mut paths).map_err(|error| wrong(error.to_string()))?;
        paths.sort();
        let person = |path: &Path| {
            let parent = path.parent().filter(|parent| *parent != source)?;
            parent.file_name().map(|name| name.to_string_lossy().into_owned())
        };
        paths.into_iter().map(|path| Entry { person: person(&path), path }).collect()
    } else {
        let text =
            std::fs::read_to_string(source).map_err(|error| wrong(format!("not a list of pictures: {error}")))?;
        let folder = source.parent().unwrap_or(Path::new("."));
        let line = |line: &str| {
            let (file, person) = match line.split_once('\t') {
                Some((file, person)) => (file, Some(person.trim().to_owned())),
                None => (line, None),
            };
            Entry { path: folder.join(file.trim()), person }
        };
        text.lines().filter(|text| !text.trim().is_empty()).map(line).collect::<Vec<_>>()
    };
    if entries.is_empty() {
        return Err(wrong("no pictures here; expected PNG, JPEG, WebP, BMP, TIFF or PGM files".to_owned()));
    }
    Ok(entries)
}

/// `above` holds the folders on the way here: a link back to one of them would lead round in circles.
fn walk(folder: &Path, above: &mut Vec<PathBuf>, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let real = folder.canonicalize()?;
    if above.contains(&real) {
        return Ok(());
    }
    above.push(real);
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(&path, above, found)?;
        } else if has_picture_ending(&path) {
            found.push(path);
        }
    }
    above.pop();
    Ok(())
}
