//! The pictures that a protocol names, each once, found in the dataset.

use std::collections::{BTreeMap, HashMap, HashSet};

use portraitist_face::Domain;
use portraitist_face::dataset::{Dataset, Entry};
use portraitist_face::protocol::PictureName;
use portraitist_face::text::person_key;

use super::EvaluationError;

/// A picture of the roll.
#[derive(Clone, Copy, Debug)]
pub struct Enrolled<'a> {
    /// The picture.
    pub entry: &'a Entry,
    /// Place of its person among the people of the roll.
    pub person: u32,
}

/// Every picture that was asked for.
pub struct Roll<'a> {
    dataset: &'a Dataset,
    protocol: &'static str,
    entries: HashMap<(String, &'a str), &'a Entry>,
    places: HashMap<(String, String), Option<u32>>,
    people: BTreeMap<String, u32>,
    names: Vec<String>,
    pictures: Vec<Enrolled<'a>>,
    first_missing: Option<String>,
    missing: HashSet<(String, String)>,
}

impl<'a> Roll<'a> {
    /// An empty roll; `protocol` names it in errors.
    pub fn new(dataset: &'a Dataset, protocol: &'static str) -> Self {
        let entries = dataset.entries();
        let entries = entries.map(|(person, entry)| ((person_key(&person.name), entry.name.as_str()), entry)).collect();
        Self {
            dataset,
            protocol,
            entries,
            places: HashMap::new(),
            people: BTreeMap::new(),
            names: Vec::new(),
            pictures: Vec::new(),
            first_missing: None,
            missing: HashSet::new(),
        }
    }

    /// The place of a picture, which is put on the roll if need be; `None` if the dataset has not got it.
    pub fn place(&mut self, picture: &PictureName) -> Option<u32> {
        let person = person_key(&picture.person);
        let key = (person, picture.name.clone());
        if let Some(place) = self.places.get(&key) {
            return *place;
        }
        let place = match self.entries.get(&(key.0.clone(), picture.name.as_str())) {
            Some(&entry) => {
                let person = self.person(&key.0);
                self.pictures.push(Enrolled { entry, person });
                Some(self.pictures.len() as u32 - 1) // a dataset has far less than 2^32 pictures
            }
            None => {
                self.first_missing.get_or_insert_with(|| picture.to_string());
                self.missing.insert(key.clone());
                None
            }
        };
        self.places.insert(key, place);
        place
    }

    fn person(&mut self, key: &str) -> u32 {
        if let Some(&place) = self.people.get(key) {
            return place;
        }
        let place = self.names.len() as u32;
        self.people.insert(key.to_owned(), place);
        self.names.push(key.to_owned());
        place
    }

    /// The pictures, by their places.
    pub fn pictures(&self) -> &[Enrolled<'a>] {
        &self.pictures
    }

    /// The people, by their places.
    pub fn people(&self) -> &[String] {
        &self.names
    }

    /// Pictures that were asked for and are not there.
    pub fn num_missing(&self) -> usize {
        self.missing.len()
    }

    /// What a picture is called in messages.
    pub fn label(&self, picture: &Enrolled<'_>) -> String {
        format!("{}/{}", self.names[picture.person as usize], picture.entry.name)
    }

    /// What kind a picture is; `place` must be on the roll.
    pub fn domain(&self, place: u32) -> Domain {
        self.pictures[place as usize].entry.domain
    }

    /// Refuses a roll with pictures missing.
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
                named: self.places.len(),
            }),
        }
    }

    /// An error about what the protocol compares.
    pub(super) fn wrong(&self, expected: &'static str, found: impl Into<String>) -> EvaluationError {
        let (dataset, protocol) = (self.dataset.root.clone(), self.protocol);
        EvaluationError::Protocol { dataset, protocol, expected, found: found.into() }
    }
}
