//! How datasets lie on disk, and how they are to be read.

use std::path::PathBuf;

use crate::domain::Domain;

/// How a dataset lies on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// `OriginalImages`, `FacialPoints`, `Filenames`, `EvaluationProtocols`, or some of them.
    WebCaricature,
    /// A folder for each person.
    People,
    /// Pictures in one folder; each is taken for another person.
    Folder,
    /// A text file that names pictures.
    List,
}

/// How to read a dataset.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// Where a derived dataset finds what it lacks, instead of the sibling that its `config.json` names.
    pub base: Option<PathBuf>,
    /// The domain of pictures whose names do not show it.
    pub domain: Domain,
    /// Folders that are not looked into: those that results are written to.
    pub left_out: Vec<PathBuf>,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self { base: None, domain: Domain::Photo, left_out: Vec::new() }
    }
}
