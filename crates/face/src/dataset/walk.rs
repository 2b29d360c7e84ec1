//! The one walker of folders.

use std::io;
use std::path::{Path, PathBuf};

use crate::text::decode_name;

/// What a walk found.
#[derive(Debug, Default)]
pub struct Walk {
    /// The files, sorted by path. Everything that is not a folder counts as one, a link to nothing too.
    pub files: Vec<PathBuf>,
    /// Folders that could not be looked into, and why, in the order met.
    pub unreadable: Vec<(PathBuf, io::Error)>,
}

impl Walk {
    /// Walks a folder with its subfolders; `takes` says which files are wanted.
    ///
    /// A link that leads back to a folder on the way to it is not followed.
    pub fn of(folder: &Path, takes: impl Fn(&Path) -> bool) -> Self {
        let mut walk = Self::default();
        walk.enter(folder, &takes, &mut Vec::new());
        walk.files.sort();
        walk
    }

    /// The files, if every folder could be looked into.
    ///
    /// # Errors
    /// Why the first folder could not be looked into.
    pub fn complete(self) -> io::Result<Vec<PathBuf>> {
        match self.unreadable.into_iter().next() {
            Some((_, error)) => Err(error),
            None => Ok(self.files),
        }
    }

    /// `above` holds the real folders on the way here.
    fn enter(&mut self, folder: &Path, takes: &dyn Fn(&Path) -> bool, above: &mut Vec<PathBuf>) {
        let opened = folder.canonicalize().and_then(|real| Ok((real, std::fs::read_dir(folder)?)));
        let (real, entries) = match opened {
            Ok(opened) => opened,
            Err(error) => return self.unreadable.push((folder.to_owned(), error)),
        };
        if above.contains(&real) {
            return;
        }
        above.push(real);
        for entry in entries {
            match entry.map(|entry| entry.path()) {
                Ok(path) if path.is_dir() => self.enter(&path, takes, above),
                Ok(path) if takes(&path) => self.files.push(path),
                Ok(_) => {}
                Err(error) => self.unreadable.push((folder.to_owned(), error)),
            }
        }
        above.pop();
    }
}

/// The subfolders of a folder with their names as text, in the order of the names; hidden ones are left out.
///
/// # Errors
/// If the folder cannot be looked into.
pub(crate) fn subfolders(folder: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let (name, path) = (decode_name(&entry.file_name()), entry.path());
        if !name.starts_with('.') && path.is_dir() {
            found.push((name, path));
        }
    }
    found.sort();
    Ok(found)
}

/// The files of one folder, in no particular order; none if it cannot be looked into.
pub(crate) fn files_in(folder: &Path) -> impl Iterator<Item = PathBuf> {
    std::fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;

    #[test]
    fn folders_are_walked_in_order_and_links_back_are_not_followed() {
        let place = tempfile::tempdir().unwrap();
        let deep = place.path().join("b/c");
        std::fs::create_dir_all(&deep).unwrap();
        for file in ["b/c/1.png", "a.png", "b/2.png", "b/notes.txt"] {
            std::fs::write(place.path().join(file), "").unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(place.path(), deep.join("back")).unwrap();
        let walk = Walk::of(place.path(), |path| path.extension().is_some_and(|ending| ending == "png"));
        let below: Vec<&Path> = walk.files.iter().map(|path| path.strip_prefix(place.path()).unwrap()).collect();
        assert_eq!(below, ["a.png", "b/2.png", "b/c/1.png"].map(Path::new));
        assert!(walk.unreadable.is_empty());
        let missing = Walk::of(&place.path().join("missing"), |_| true);
        assert_eq!(missing.unreadable.len(), 1);
    }
}
