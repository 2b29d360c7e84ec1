//! The class lists of the original's data loaders: people of the unrestricted protocol's view 1 and their pictures by number.

use super::lines::{PersonCount, PictureName};
use super::verification::{Part, unrestricted_view1};
use crate::dataset::Dataset;
use crate::domain::Domain;
use crate::error::{Error, Result};
use crate::filter::LandmarkFilter;
use crate::landmarks::Landmarks;
use crate::text::person_key;
use std::collections::HashMap;

/// Classes and their pictures.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ClassList {
    /// People in the order of the protocol; the index is the class.
    pub class_names: Vec<String>,
    /// Pictures with their class.
    pub pictures: Vec<(PictureName, usize)>,
}

/// The pictures of one part, for each person the `domains` in the order given, by number.
///
/// With `clear` only pictures whose landmarks, *as published and not aligned*, pass the filter: what the original calls
/// `clear_mode`.
///
/// # Errors
/// [`Error::ReadText`], [`Error::Protocol`]; with `clear`, [`Error::Landmarks`] for a landmark file that is missing or wrong.
pub fn class_list(
    dataset: &Dataset,
    part: Part,
    domains: &[Domain],
    clear: Option<&LandmarkFilter>,
) -> Result<ClassList> {
    let people = unrestricted_view1(dataset.require_protocols()?, part)?;
    let passes = clear.map(|filter| Clearance::new(dataset, filter));
    let mut pictures = Vec::new();
    for (class, person) in people.iter().enumerate() {
        for &domain in domains {
            for number in 1..=count(person, domain) {
                let picture = PictureName::numbered(&person.person, domain, number);
                if passes.as_ref().map_or(Ok(true), |passes| passes.check(&picture, domain))? {
                    pictures.push((picture, class));
                }
            }
        }
    }
    Ok(ClassList { class_names: people.into_iter().map(|person| person.person).collect(), pictures })
}

fn count(person: &PersonCount, domain: Domain) -> u32 {
    match domain {
        Domain::Drawing => person.drawings,
        Domain::Photo => person.photos,
    }
}

/// Looks landmarks up and filters them.
struct Clearance<'a> {
    filter: &'a LandmarkFilter,
    files: HashMap<(String, &'a str), Option<&'a std::path::Path>>,
    dataset: &'a Dataset,
}

impl<'a> Clearance<'a> {
    fn new(dataset: &'a Dataset, filter: &'a LandmarkFilter) -> Self {
        let key = |person: &str, name: &'a str| (person_key(person), name);
        let entries = dataset.entries();
        let files =
            entries.map(|(person, entry)| (key(&person.name, &entry.name), entry.landmarks.as_deref())).collect();
        Self { filter, files, dataset }
    }

    fn check(&self, picture: &PictureName, domain: Domain) -> Result<bool> {
        let file = self.files.get(&(person_key(&picture.person), picture.name.as_str())).copied().flatten();
        let file = file.ok_or_else(|| Error::Dataset {
            path: self.dataset.root.clone(),
            reason: format!("the protocol names {picture}, for which the dataset has no landmarks"),
        })?;
        Ok(self.filter.check(&Landmarks::read(file)?, domain).is_ok())
    }
}
