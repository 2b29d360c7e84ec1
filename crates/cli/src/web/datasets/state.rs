//! What requests of the viewer share.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;

use super::catalogue::Catalogue;
use super::marks::Marks;
use super::renditions::Renditions;

/// The datasets, and what was said of them. Clones share it.
#[derive(Clone)]
pub(crate) struct DatasetsState {
    pub(super) catalogue: Arc<Catalogue>,
    /// `None` without a folder for data: nothing is kept then.
    pub(super) marks: Option<Arc<Marks>>,
    pub(super) renditions: Renditions,
    /// A folder for renditions that goes with the server.
    _temporary: Option<Arc<tempfile::TempDir>>,
}

impl DatasetsState {
    /// Datasets below a folder; marks and thumbnails are kept in `data`, thumbnails for the time being without it.
    ///
    /// # Errors
    /// If a folder is not there or cannot be written.
    pub(crate) fn open(datasets: &Path, data: Option<&Path>, pixels: u64) -> anyhow::Result<Self> {
        let catalogue = Catalogue::new(datasets);
        let catalogue = catalogue.with_context(|| format!("{}: cannot read the datasets", datasets.display()))?;
        let wrong = |folder: &Path| format!("{}: cannot keep data there", folder.display());
        let (marks, folder, temporary) = match data {
            Some(data) => (Some(Marks::open(data).with_context(|| wrong(data))?), data.join("thumbs"), None),
            None => {
                let folder = tempfile::tempdir().context("cannot make a folder for thumbnails")?;
                (None, folder.path().to_owned(), Some(folder))
            }
        };
        let renditions = Renditions::new(folder.clone(), pixels).with_context(|| wrong(&folder))?;
        Ok(Self {
            catalogue: Arc::new(catalogue),
            marks: marks.map(Arc::new),
            renditions,
            _temporary: temporary.map(Arc::new),
        })
    }
}
