//! Opening a dataset: the layout is seen from what is there.

use std::path::Path;

use super::layout::{Layout, OpenOptions};
use super::people::Dataset;
use super::{folders, list, prepared, webcaricature};
use crate::error::{Error, Result};
use crate::picture::Header;
use crate::prepare::manifest::is_prepared;
use crate::text::NameFinder;

impl Dataset {
    /// Opens a folder or a list file; the layout is seen from what is there.
    ///
    /// # Errors
    /// [`Error::Dataset`] if there is nothing, no pictures, or a part that cannot be found anywhere.
    pub fn open(root: impl AsRef<Path>, options: &OpenOptions) -> Result<Self> {
        let root = &NameFinder::default().find(root.as_ref());
        let failed = |reason: String| Error::Dataset { path: root.to_owned(), reason };
        let metadata = std::fs::metadata(root).map_err(|error| failed(format!("cannot open the dataset: {error}")))?;
        let dataset = if !metadata.is_dir() {
            if let Ok(header) = Header::read(root) {
                return Err(failed(format!(
                    "this is a picture ({}x{} pixels); expected a dataset: a folder of pictures, a folder with a folder for each \
                     person, one in WebCaricature's layout, or a list (a text file with a picture a line)",
                    header.width, header.height
                )));
            }
            list::open(root, options)?
        } else if webcaricature::is_one(root, options.base.as_deref())? {
            webcaricature::open(root, options)?
        } else if is_prepared(root) {
            prepared::open(root)?
        } else {
            folders::open(root, options)?
        };
        // A derived dataset may have lost all its pictures; that is a result, not a mistake.
        if dataset.layout != Layout::WebCaricature && dataset.entries().next().is_none() {
            return Err(failed("expected pictures, found none".to_owned()));
        }
        Ok(dataset)
    }

    /// The protocols' folder.
    ///
    /// # Errors
    /// [`Error::Dataset`] if there is none.
    pub fn require_protocols(&self) -> Result<&Path> {
        let reason = || {
            let named = webcaricature::PROTOCOLS;
            format!(
                "expected a folder {named} here or in the dataset it is derived from, found none; name one with --base"
            )
        };
        self.protocols.as_deref().ok_or_else(|| Error::Dataset { path: self.root.clone(), reason: reason() })
    }
}
