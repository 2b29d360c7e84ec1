//! What requests of the viewer share.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use rayon::ThreadPoolBuilder;
use tokio::sync::Semaphore;

use super::catalogue::Catalogue;
use super::marks::Marks;
use super::renditions::{Renditions, most_file_bytes, pixels_of};
use crate::web::limits::{CHECK_THREADS, MAX_PICTURES_OPEN, MAX_PICTURES_OPEN_BOUNDED};
use crate::web::memory::Memory;
use crate::web::reply::Failure;

/// Where datasets lie, what may be kept of them, and how large their pictures may be.
#[derive(Clone, Debug)]
pub(crate) struct DatasetsPlace {
    pub(crate) datasets: PathBuf,
    /// `None`: nothing is kept.
    pub(crate) data: Option<PathBuf>,
    pub(crate) pixels: u64,
    /// Whether memory is bounded.
    pub(crate) is_bounded: bool,
}

/// The datasets, and what was said of them. Clones share it.
#[derive(Clone)]
pub(crate) struct DatasetsState {
    pub(super) catalogue: Arc<Catalogue>,
    /// `None` without a folder for data: nothing is kept then.
    pub(super) marks: Option<Arc<Marks>>,
    pub(super) renditions: Renditions,
    pub(super) decoding: Decoding,
    /// One permit for whoever looks at every picture of a dataset.
    pub(super) checking: Arc<Semaphore>,
    pub(super) memory: Memory,
    /// A folder for renditions that goes with the server.
    _temporary: Option<Arc<tempfile::TempDir>>,
}

impl DatasetsState {
    /// Datasets below a folder; marks and thumbnails are kept in the folder for data, thumbnails for the time being without one.
    ///
    /// # Errors
    /// If a folder is not there or cannot be written.
    pub(crate) fn open(place: &DatasetsPlace, memory: &Memory) -> anyhow::Result<Self> {
        let DatasetsPlace { datasets, data, pixels, is_bounded } = place;
        let most_pictures = if *is_bounded { MAX_PICTURES_OPEN_BOUNDED } else { MAX_PICTURES_OPEN };
        let catalogue = Catalogue::new(datasets, most_pictures);
        let catalogue = catalogue.with_context(|| format!("{}: cannot read the datasets", datasets.display()))?;
        let wrong = |folder: &Path| format!("{}: cannot keep data there", folder.display());
        let (marks, folder, temporary) = match data {
            Some(data) => (Some(Marks::open(data).with_context(|| wrong(data))?), data.join("thumbs"), None),
            None => {
                let folder = tempfile::tempdir().context("cannot make a folder for thumbnails")?;
                (None, folder.path().to_owned(), Some(folder))
            }
        };
        let renditions = Renditions::new(folder.clone(), *pixels, memory.clone()).with_context(|| wrong(&folder))?;
        Ok(Self {
            catalogue: Arc::new(catalogue),
            marks: marks.map(Arc::new),
            renditions,
            decoding: Decoding { most_pixels: is_bounded.then_some(pixels / CHECK_THREADS as u64 / 2) },
            checking: Arc::new(Semaphore::new(1)),
            memory: memory.clone(),
            _temporary: temporary.map(Arc::new),
        })
    }
}

/// How many pictures are decoded at a time where a whole dataset is looked at.
#[derive(Clone, Copy)]
pub(super) struct Decoding {
    /// Pixels of each; `None` where memory is not bounded.
    most_pixels: Option<u64>,
}

impl Decoding {
    /// Whether a picture may be decoded. One that cannot be read takes no memory.
    pub(super) fn fits(self, picture: &Path) -> bool {
        let Some(most) = self.most_pixels else { return true };
        let file_fits = picture.metadata().map_or(true, |file| file.len() <= most_file_bytes(most));
        file_fits && pixels_of(picture).is_none_or(|pixels| pixels <= most)
    }

    /// Does `work` on as many threads as there is memory for.
    ///
    /// # Errors
    /// If the system has no thread.
    pub(super) fn run<T: Send>(self, work: impl FnOnce() -> T + Send) -> Result<T, Failure> {
        if self.most_pixels.is_none() {
            return Ok(work());
        }
        let pool = ThreadPoolBuilder::new().num_threads(CHECK_THREADS).build();
        let pool = pool.map_err(|error| Failure::internal(format!("no threads: {error}")))?;
        Ok(pool.install(work))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use portraitist_face::Picture;

    use super::*;

    #[test]
    fn pictures_are_decoded_up_to_their_share_of_the_memory() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        Picture::filled(40, 30, [9; 3]).unwrap().save(&path, false).unwrap();
        let fits = |most_pixels| Decoding { most_pixels }.fits(&path);
        assert_eq!([None, Some(1200), Some(1199), Some(5000)].map(fits), [true, true, false, true]);
        let missing = folder.path().join("missing.png");
        assert!(Decoding { most_pixels: Some(1) }.fits(&missing), "what cannot be read takes no memory");
    }
}
