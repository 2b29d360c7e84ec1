//! An index of the pictures that a protocol names: each once, found in the dataset.

use std::collections::{BTreeMap, HashMap, HashSet};

use portraitist_face::Domain;
use portraitist_face::dataset::{Dataset, Entry};
use portraitist_face::protocol::PictureName;
use portraitist_face::text::person_key;

use super::EvaluationError;

/// A picture in the index.
#[derive(Clone, Copy, Debug)]
pub struct IndexEntry<'a> {
    /// The picture.
    pub entry: &'a Entry,
    /// Position of its person among [`PictureIndex::people`].
    pub person: u32,
}

/// Every picture that was asked for, in the order of asking.
pub struct PictureIndex<'a> {
    dataset: &'a Dataset,
    protocol: &'static str,
    dataset_entries: HashMap<(String, &'a str), &'a Entry>,
    positions: HashMap<(String, String), Option<u32>>,
    people: BTreeMap<String, u32>,
    names: Vec<String>,
    entries: Vec<IndexEntry<'a>>,
    first_missing: Option<String>,
    missing: HashSet<(String, String)>,
}

impl<'a> PictureIndex<'a> {
    /// An empty index; `protocol` names it in errors.
    pub fn new(dataset: &'a Dataset, protocol: &'static str) -> Self {
        let entries = dataset.entries();
        let dataset_entries =
            entries.map(|(person, entry)| ((person_key(&person.name), entry.name.as_str()), entry)).collect();
        Self {
            dataset,
            protocol,
            dataset_entries,
            positions: HashMap::new(),
            people: BTreeMap::new(),
            names: Vec::new(),
            entries: Vec::new(),
            first_missing: None,
            missing: HashSet::new(),
        }
    }

    /// The position of a picture, which is added if need be; `None` if the dataset has not got it.
    pub fn insert(&mut self, picture: &PictureName) -> Option<u32> {
        let person = person_key(&picture.person);
        let key = (person, picture.name.clone());
        if let Some(position) = self.positions.get(&key) {
            return *position;
        }
        let position = match self.dataset_entries.get(&(key.0.clone(), picture.name.as_str())) {
            Some(&entry) => {
                let person = self.person(&key.0);
                self.entries.push(IndexEntry { entry, person });
                Some(self.entries.len() as u32 - 1) // a dataset has far less than 2^32 pictures
            }
            None => {
                self.first_missing.get_or_insert_with(|| picture.to_string());
                self.missing.insert(key.clone());
                None
            }
        };
        self.positions.insert(key, position);
        position
    }

    fn person(&mut self, key: &str) -> u32 {
        if let Some(&position) = self.people.get(key) {
            return position;
        }
        let position = self.names.len() as u32;
        self.people.insert(key.to_owned(), position);
        self.names.push(key.to_owned());
        position
    }

    /// The pictures, by their positions.
    pub fn entries(&self) -> &[IndexEntry<'a>] {
        &self.entries
    }

    /// The people, by their positions.
    pub fn people(&self) -> &[String] {
        &self.names
    }

    /// Pictures that were asked for and are not there.
    pub fn num_missing(&self) -> usize {
        self.missing.len()
    }

    /// What a picture is called in messages.
    pub fn label(&self, picture: &IndexEntry<'_>) -> String {
        format!("{}/{}", self.names[picture.person as usize], picture.entry.name)
    }

    /// What kind the picture at a position is.
    ///
    /// # Panics
    /// If nothing is at that position.
    pub fn domain(&self, position: u32) -> Domain {
        self.entries[position as usize].entry.domain
    }

    /// Refuses an index with pictures missing.
    ///
    /// # Errors
    /// [`EvaluationError::Missing`].
    pub fn require_all(&self) -> Result<(), EvaluationError> {
        match &self.first_missing {
            None => Ok(()),
            Some(first) => Err(EvaluationError::Missing {
                dataset: self.dataset.root.clone(),
                protocol: self.protocol,
                first: first.clone(),
                missing: self.missing.len(),
                named: self.positions.len(),
            }),
        }
    }

    /// An error about what the protocol compares.
    pub(super) fn wrong(&self, expected: &'static str, found: impl Into<String>) -> EvaluationError {
        let (dataset, protocol) = (self.dataset.root.clone(), self.protocol);
        EvaluationError::Protocol { dataset, protocol, expected, found: found.into() }
    }
}
