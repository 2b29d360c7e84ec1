//! Which datasets there are below a folder. Names come from the folder itself: what a client says is only compared with them.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use portraitist_face::dataset::read_list;

use super::listing::Listing;
use crate::web::reply::Failure;

/// The folder, and the datasets that were opened.
pub(super) struct Catalogue {
    /// Without links.
    root: PathBuf,
    names: Mutex<Names>,
    /// The datasets that are open, the one that was asked for last at the end.
    open: Mutex<Vec<Opened>>,
    /// Pictures that open datasets may have in all.
    most_pictures: usize,
}

/// The names in the folder as they were when it was changed last.
#[derive(Default)]
struct Names {
    changed: Option<SystemTime>,
    known: BTreeSet<String>,
}

struct Opened {
    name: String,
    /// When the dataset's folder or its manifest was changed last.
    changed: Option<SystemTime>,
    listing: Arc<Listing>,
}

/// Datasets that are kept open.
const MOST_OPEN: usize = 16;

impl Catalogue {
    /// A catalogue of a folder. Of several open datasets those are closed that were not asked for lately, until the others have at
    /// most `most_pictures`.
    ///
    /// # Errors
    /// If there is no such folder.
    pub(super) fn new(root: &Path, most_pictures: usize) -> io::Result<Self> {
        let root = root.canonicalize()?;
        std::fs::read_dir(&root)?;
        Ok(Self { root, names: Mutex::default(), open: Mutex::default(), most_pictures })
    }

    /// Folders and lists of pictures in the folder, sorted. Texts that are no such list are left out.
    pub(super) fn datasets(&self) -> io::Result<Vec<String>> {
        let names = self.names()?;
        let is_dataset = |name: &String| {
            let path = self.root.join(name);
            // A list's first line names a picture that is there.
            path.is_dir() || read_list(&path).is_ok_and(|lines| lines.first().is_some_and(|line| line.path.is_file()))
        };
        Ok(names.into_iter().filter(is_dataset).collect())
    }

    /// Folders and texts in the folder, sorted. Links that leave it are left out.
    fn names(&self) -> io::Result<BTreeSet<String>> {
        let mut names = BTreeSet::new();
        for entry in std::fs::read_dir(&self.root)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let path = entry.path();
            let is_list = path.extension().is_some_and(|ending| ending == "txt") && path.is_file();
            if !name.starts_with('.') && (path.is_dir() || is_list) && self.inside(&path).is_ok() {
                names.insert(name);
            }
        }
        Ok(names)
    }

    /// Whether the folder has such a name. The folder is read again when it has changed, and for names that are not known: its
    /// time may be too coarse to tell.
    fn has(&self, name: &str) -> io::Result<bool> {
        let changed = self.root.metadata()?.modified().ok();
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if names.changed != changed || !names.known.contains(name) {
            *names = Names { changed, known: self.names()? };
        }
        Ok(names.known.contains(name))
    }

    /// A dataset by its name, read again when it has changed.
    ///
    /// # Errors
    /// If there is no such name in the folder, or it is no dataset.
    pub(super) fn open(&self, name: &str) -> Result<Arc<Listing>, Failure> {
        let is_there =
            self.has(name).map_err(|error| Failure::internal(format!("the datasets cannot be listed: {error}")))?;
        if !is_there {
            return Err(Failure::not_there("there is no such dataset", "/api/datasets lists those that there are"));
        }
        let path = self.root.join(name);
        let times = [path.clone(), path.join(portraitist_face::prepare::manifest::MANIFEST)];
        let changed = times.iter().filter_map(|path| path.metadata().ok()?.modified().ok()).max();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let place = open.iter().position(|opened| opened.name == name);
        if let Some(opened) = place.map(|place| open.remove(place)).filter(|opened| opened.changed == changed) {
            let listing = Arc::clone(&opened.listing);
            open.push(opened);
            return Ok(listing);
        }
        let listing = Arc::new(Listing::read(&path).map_err(|error| {
            // Paths of this computer are nobody's business.
            let text = error.to_string().replace(&self.root.display().to_string(), "");
            Failure::unprocessable("unusable", text, "dataset info says more")
        })?);
        open.push(Opened { name: name.to_owned(), changed, listing: Arc::clone(&listing) });
        let count = |open: &[Opened]| open.iter().map(|opened| opened.listing.pictures.len()).sum::<usize>();
        while open.len() > 1 && (open.len() > MOST_OPEN || count(&open) > self.most_pictures) {
            open.remove(0);
        }
        Ok(listing)
    }

    /// The real place of a file if that is inside the folder.
    ///
    /// # Errors
    /// For files that are not there, and for links and lists that lead elsewhere.
    pub(super) fn inside(&self, path: &Path) -> Result<PathBuf, Failure> {
        let missing = |_: io::Error| Failure::not_there("the file is not there", "dataset check says more");
        let real = path.canonicalize().map_err(missing)?;
        if real.starts_with(&self.root) {
            Ok(real)
        } else {
            Err(Failure::refused(
                "the file lies outside the folder of datasets",
                "start the server with another --datasets",
            ))
        }
    }
}
