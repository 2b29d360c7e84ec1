//! Datasets of faces as they lie on disk: who there is, which pictures show them, where the landmarks are.
//!
//! One file per layout: [`webcaricature`] (and datasets derived from it), `folders` (plain pictures, or a folder for each
//! person), `list` (a text file that names pictures). Opening reads names only; pictures and landmarks are read when needed.

mod folders;
mod list;
pub mod overview;
pub mod webcaricature;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::domain::Domain;
use crate::error::{Error, Result};
use crate::landmarks::Landmarks;
use crate::text::person_key;

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

/// One picture of a dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Name within its person, without ending: `C00001`.
    pub name: String,
    /// Photo or drawing.
    pub domain: Domain,
    /// The picture file; it need not exist.
    pub picture: PathBuf,
    /// The file of its 17 landmarks; `None` where the dataset has none, and it need not exist.
    pub landmarks: Option<PathBuf>,
}

impl Entry {
    /// The landmarks, if the dataset has any for this picture.
    ///
    /// # Errors
    /// As [`Landmarks::read`].
    pub fn read_landmarks(&self) -> Result<Option<Landmarks>> {
        self.landmarks.as_deref().map(Landmarks::read).transpose()
    }
}

/// A person and their pictures: drawings first in WebCaricature, each in the order of its list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The name as the folder or list has it.
    pub name: String,
    /// The pictures.
    pub pictures: Vec<Entry>,
}

impl Person {
    /// What a picture is called in messages and tables: `Ada Quill/C00001`, or its own name where it stands for the person.
    pub fn label(&self, entry: &Entry) -> String {
        if self.name == entry.name { entry.name.clone() } else { format!("{}/{}", self.name, entry.name) }
    }
}

/// Something wrong with a picture or a list of a dataset; the rest can be used.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// The picture (`Ada Quill/C00001`), or the file that names it.
    pub picture: String,
    /// What is wrong, in one word.
    pub kind: ProblemKind,
    /// The same in a sentence.
    pub detail: String,
}

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProblemKind {
    /// A listed picture has no file.
    PictureMissing,
    /// The file is damaged or no picture.
    PictureUnreadable,
    /// The landmark file is missing or unreadable.
    LandmarksMissing,
    /// The landmark file does not hold 17 points.
    LandmarksCount,
    /// A line of the landmark file is not two finite numbers.
    LandmarksSyntax,
    /// A list or protocol cannot be read.
    ListUnreadable,
    /// A protocol names a picture that the dataset does not list.
    ProtocolPicture,
    /// Some points lie outside the picture.
    PointOutside,
    /// Another picture looks the same.
    Duplicate,
    /// Nearly one colour.
    NearConstant,
    /// The face lies where a template would put it.
    AlreadyAligned,
    /// The same picture is listed twice.
    ListedTwice,
}

impl ProblemKind {
    /// Whether something cannot be used; the others are worth a look.
    pub fn is_error(self) -> bool {
        use ProblemKind::{AlreadyAligned, Duplicate, ListedTwice, NearConstant, PointOutside};
        !matches!(self, PointOutside | Duplicate | NearConstant | AlreadyAligned | ListedTwice)
    }
}

/// How to read a dataset.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// Where a derived dataset finds what it lacks, instead of the sibling that its `config.json` names.
    pub base: Option<PathBuf>,
    /// What pictures are where names do not tell.
    pub domain: Domain,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self { base: None, domain: Domain::Photo }
    }
}

/// A dataset: people in the order of their names.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Folder or list file.
    pub root: PathBuf,
    /// How it lies on disk.
    pub layout: Layout,
    /// Everyone.
    pub people: Vec<Person>,
    /// The folder of evaluation protocols, if there is one.
    pub protocols: Option<PathBuf>,
    /// Which dataset each of WebCaricature's folders was found in.
    pub owners: BTreeMap<&'static str, PathBuf>,
    /// What was taken from another dataset, in sentences.
    pub remarks: Vec<String>,
    /// What is wrong with the lists.
    pub problems: Vec<Problem>,
}

impl Dataset {
    /// Opens a folder or a list file; the layout is seen from what is there.
    ///
    /// # Errors
    /// [`Error::Dataset`] if there is nothing, no pictures, or a part that cannot be found anywhere.
    pub fn open(root: impl AsRef<Path>, options: &OpenOptions) -> Result<Self> {
        let root = root.as_ref();
        let failed = |reason: String| Error::Dataset { path: root.to_owned(), reason };
        let metadata = std::fs::metadata(root).map_err(|error| failed(format!("cannot open the dataset: {error}")))?;
        let dataset = if !metadata.is_dir() {
            list::open(root, options)?
        } else if webcaricature::is_one(root) {
            webcaricature::open(root, options)?
        } else {
            folders::open(root, options)?
        };
        // A derived dataset may have lost all its pictures; that is a result, not a mistake.
        if dataset.layout != Layout::WebCaricature && dataset.entries().next().is_none() {
            return Err(failed("expected pictures, found none".to_owned()));
        }
        Ok(dataset)
    }

    /// Every picture with the person it shows.
    pub fn entries(&self) -> impl Iterator<Item = (&Person, &Entry)> {
        self.people.iter().flat_map(|person| person.pictures.iter().map(move |entry| (person, entry)))
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

    /// Removes pictures that are listed twice, and says so.
    fn without_repeats(mut self) -> Self {
        for person in &mut self.people {
            let mut seen = std::collections::HashSet::new();
            let name = person.name.clone();
            person.pictures.retain(|entry| {
                let fresh = seen.insert(entry.name.clone());
                if !fresh {
                    self.problems.push(Problem {
                        picture: format!("{name}/{}", entry.name),
                        kind: ProblemKind::ListedTwice,
                        detail: "the list names this picture twice; it is used once".to_owned(),
                    });
                }
                fresh
            });
        }
        self
    }
}

/// Whether two names mean one person.
pub fn same_person(one: &str, other: &str) -> bool {
    person_key(one) == person_key(other)
}
