//! What a dataset is: people, their pictures, and what is wrong with them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::layout::Layout;
use super::problem::{Problem, ProblemKind};
use crate::domain::Domain;
use crate::error::Result;
use crate::landmarks::Landmarks;

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
    /// Every picture with the person it shows.
    pub fn entries(&self) -> impl Iterator<Item = (&Person, &Entry)> {
        self.people.iter().flat_map(|person| person.pictures.iter().map(move |entry| (person, entry)))
    }

    /// Removes pictures that are listed twice, and says so.
    pub(super) fn without_repeats(mut self) -> Self {
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
