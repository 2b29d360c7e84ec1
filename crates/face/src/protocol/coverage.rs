//! How many entries of the protocols a (filtered) dataset still covers.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::lines::{Line, Lines, PersonCount, PictureName};
use crate::dataset::{Dataset, Problem, ProblemKind, Walk};
use crate::error::{Error, Result};
use crate::text::{composed, decode_name, person_key};

/// Entries of a protocol file or folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Count {
    /// Entries whose picture the dataset lacks. Negative for a person of whom the dataset has more pictures than the
    /// protocol states.
    pub missing: i64,
    /// All entries: a named picture counts 1, a person with a number of pictures counts that number.
    pub entries: i64,
}

impl Count {
    /// Share of missing entries; 0 where there are none.
    pub fn ratio(self) -> f64 {
        if self.entries == 0 { 0.0 } else { self.missing as f64 / self.entries as f64 }
    }

    fn add(&mut self, other: Self) {
        self.missing += other.missing;
        self.entries += other.entries;
    }
}

/// What one protocol file asks for.
#[derive(Clone, Debug)]
pub struct ProtocolFile {
    /// Path below the protocols' folder, its parts joined by `/`.
    pub file: String,
    /// What lies between lines of a single number: a fold, or everything.
    pub(super) sections: Vec<Section>,
}

/// People, pictures and pairs that belong together.
#[derive(Clone, Debug, Default)]
pub(super) struct Section {
    pub(super) people: Vec<PersonCount>,
    pub(super) pictures: Vec<PictureName>,
    pub(super) pairs: Vec<[PictureName; 2]>,
}

impl ProtocolFile {
    pub(super) fn people(&self) -> impl Iterator<Item = &PersonCount> {
        self.sections.iter().flat_map(|section| &section.people)
    }

    /// Every picture, those of pairs included.
    pub(super) fn pictures(&self) -> impl Iterator<Item = &PictureName> {
        self.sections.iter().flat_map(|section| section.pictures.iter().chain(section.pairs.iter().flatten()))
    }
}

/// Every protocol file, read once, to be counted against any number of datasets.
#[derive(Clone, Debug)]
pub struct Protocols {
    /// The files: those of a folder sorted before those of its subfolders.
    pub files: Vec<ProtocolFile>,
    /// Files and lines that could not be understood; they are not counted.
    pub problems: Vec<Problem>,
}

impl Protocols {
    /// Reads every `.txt` file below a folder; hidden folders are left out.
    ///
    /// # Errors
    /// [`Error::Dataset`] if the folder cannot be listed. Files that cannot be understood become problems.
    pub fn read(folder: &Path) -> Result<Self> {
        let is_list = |path: &Path| path.extension().is_some_and(|ending| ending == "txt");
        let failed = |error: std::io::Error| Error::Dataset { path: folder.to_owned(), reason: error.to_string() };
        let names = |path: &Path| -> Vec<String> {
            path.strip_prefix(folder).unwrap_or(path).iter().map(decode_name).collect()
        };
        let files = Walk::of(folder, is_list).complete().map_err(failed)?;
        let mut files: Vec<(Vec<String>, PathBuf)> = files.into_iter().map(|path| (names(&path), path)).collect();
        // The files of a folder come before those of its subfolders.
        let order = |names: &[String]| -> Vec<(bool, String)> {
            (1..=names.len()).zip(names).map(|(place, name)| (place < names.len(), name.clone())).collect()
        };
        files.sort_by_cached_key(|(names, _)| order(names));
        let mut protocols = Self { files: Vec::new(), problems: Vec::new() };
        for (names, path) in files {
            protocols.read_file(&path, names.join("/"));
        }
        Ok(protocols)
    }

    fn read_file(&mut self, path: &Path, file: String) {
        let mut problem = |error: Error| {
            let detail = error.to_string();
            self.problems.push(Problem { picture: file.clone(), kind: ProblemKind::ListUnreadable, detail });
        };
        let mut lines = match Lines::read(path) {
            Ok(lines) => lines,
            Err(error) => return problem(error),
        };
        let (mut sections, mut section) = (Vec::new(), Section::default());
        loop {
            match lines.next() {
                Ok(None) => break,
                Ok(Some(Line::Number(_))) => sections.push(std::mem::take(&mut section)),
                Ok(Some(Line::Person(person))) => section.people.push(person),
                Ok(Some(Line::Picture(picture))) => section.pictures.push(picture),
                Ok(Some(Line::Match(first, second) | Line::Mismatch(first, second))) => {
                    section.pairs.push([first, second]);
                }
                Err(error) => problem(error),
            }
        }
        sections.push(section);
        self.files.push(ProtocolFile { file, sections });
    }

    /// Counts every file against the pictures that are there.
    pub fn count(&self, available: &Available) -> Coverage {
        let count = |file: &ProtocolFile| {
            let mut count = Count::default();
            for person in file.people() {
                let listed = i64::from(person.drawings) + i64::from(person.photos);
                count.add(Count { missing: listed - available.of_person(&person.person) as i64, entries: listed });
            }
            for picture in file.pictures() {
                count.add(Count { missing: i64::from(!available.has(picture)), entries: 1 });
            }
            (file.file.clone(), count)
        };
        Coverage { files: self.files.iter().map(count).collect() }
    }

    /// Every picture that some file names and the dataset lacks, once, with the first file that names it.
    pub fn missing_pictures(&self, available: &Available) -> Vec<Problem> {
        let mut reported = HashSet::new();
        let mut problems = Vec::new();
        for file in &self.files {
            let missing = file.pictures().filter(|picture| !available.has(picture));
            for picture in missing.filter(|picture| reported.insert((*picture).clone())) {
                let detail = format!("{} names {picture}, which the dataset does not list", file.file);
                problems.push(Problem { picture: picture.to_string(), kind: ProblemKind::ProtocolPicture, detail });
            }
        }
        problems
    }
}

/// Which pictures a dataset has, for looking up.
#[derive(Clone, Debug, Default)]
pub struct Available {
    people: HashMap<String, HashSet<String>>,
}

impl Available {
    /// Every picture that a dataset lists.
    pub fn of(dataset: &Dataset) -> Self {
        let mut available = Self::default();
        dataset.entries().for_each(|(person, entry)| available.insert(&person.name, &entry.name));
        available
    }

    /// Adds a picture.
    pub fn insert(&mut self, person: &str, picture: &str) {
        self.people.entry(person_key(person)).or_default().insert(composed(picture));
    }

    pub(super) fn of_person(&self, person: &str) -> usize {
        self.people.get(&person_key(person)).map_or(0, HashSet::len)
    }

    pub(super) fn has(&self, picture: &PictureName) -> bool {
        self.people.get(&person_key(&picture.person)).is_some_and(|names| names.contains(&composed(&picture.name)))
    }
}

/// How much of the protocols is covered, file by file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Files with their counts.
    pub files: Vec<(String, Count)>,
}

impl Coverage {
    /// All files together.
    pub fn total(&self) -> Count {
        self.below("")
    }

    /// The files below a folder together; `folder` ends with `/` or is empty.
    pub fn below(&self, folder: &str) -> Count {
        let mut total = Count::default();
        self.files.iter().filter(|(file, _)| file.starts_with(folder)).for_each(|(_, count)| total.add(*count));
        total
    }

    /// Every folder that holds files or folders with files, outermost first, without the topmost.
    pub fn folders(&self) -> Vec<(String, Count)> {
        let mut folders: Vec<String> = Vec::new();
        for (file, _) in &self.files {
            for (end, _) in file.match_indices('/') {
                let folder = file[..=end].to_owned();
                if !folders.contains(&folder) {
                    folders.push(folder);
                }
            }
        }
        folders.into_iter().map(|folder| (folder.clone(), self.below(&folder))).collect()
    }
}
