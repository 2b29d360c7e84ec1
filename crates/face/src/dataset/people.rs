//! What a dataset is: people, their pictures, and what is wrong with them.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::layout::Layout;
use super::problem::{Problem, ProblemKind};
use crate::domain::Domain;
use crate::error::Result;
use crate::landmarks::Landmarks;
use crate::text::decode_name;

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

    /// Removes pictures that are listed twice, and says so. Different pictures of one name (`a.jpg`, `a.png`) stay: the second
    /// has its ending in its name, further ones a number.
    pub(super) fn without_repeats(mut self) -> Self {
        for person in &mut self.people {
            let mut seen: HashMap<String, PathBuf> = HashMap::new();
            let mut kept = Vec::with_capacity(person.pictures.len());
            for mut entry in std::mem::take(&mut person.pictures) {
                let name = entry.name.clone();
                let mut number = 1;
                while let Some(other) = seen.get(&entry.name) {
                    if is_same_file(other, &entry.picture) {
                        break;
                    }
                    let ending = entry.picture.extension().map(decode_name).unwrap_or_default();
                    let counted = if number == 1 { String::new() } else { format!("-{number}") };
                    entry.name = format!("{name}{counted}.{ending}");
                    number += 1;
                }
                if seen.contains_key(&entry.name) {
                    self.problems.push(Problem {
                        picture: format!("{}/{name}", person.name),
                        kind: ProblemKind::ListedTwice,
                        detail: "the list names this picture twice; it is used once".to_owned(),
                    });
                } else {
                    seen.insert(entry.name.clone(), entry.picture.clone());
                    kept.push(entry);
                }
            }
            person.pictures = kept;
        }
        self
    }
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    one == other || one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_of_one_name_stay_apart_and_one_picture_is_used_once() {
        let entry = |picture: &str| Entry {
            name: "a".to_owned(),
            domain: Domain::Photo,
            picture: picture.into(),
            landmarks: None,
        };
        let pictures = ["a.jpg", "a.png", "a.jpg", "x/a.png"].map(entry).to_vec();
        let dataset = Dataset {
            root: ".".into(),
            layout: Layout::List,
            people: vec![Person { name: "Ada".to_owned(), pictures }],
            protocols: None,
            owners: BTreeMap::new(),
            remarks: Vec::new(),
            problems: Vec::new(),
        };
        let dataset = dataset.without_repeats();
        let names: Vec<&str> = dataset.entries().map(|(_, entry)| entry.name.as_str()).collect();
        assert_eq!(names, ["a", "a.png", "a-2.png"]);
        assert_eq!(dataset.problems.len(), 1);
    }
}
