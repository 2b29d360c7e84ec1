//! Who is in a dataset and with which pictures, in the form of the original's viewer.

use std::collections::BTreeMap;

use super::people::Dataset;
use crate::domain::Domain;

/// People with blanks replaced by underscores, and their drawings (`c`) and photos (`p`).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Overview {
    /// Everyone, sorted by the name with its blanks.
    pub people_names: Vec<String>,
    /// Names of drawings and photos of each.
    pub image_names: BTreeMap<String, PersonPictures>,
}

/// The pictures of one person.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct PersonPictures {
    /// Drawings: `C00001`, …
    pub c: Vec<String>,
    /// Photos: `P00001`, …
    pub p: Vec<String>,
}

/// The overview of a dataset.
pub fn overview(dataset: &Dataset) -> Overview {
    let mut overview = Overview { people_names: Vec::new(), image_names: BTreeMap::new() };
    for person in &dataset.people {
        let mut pictures = PersonPictures::default();
        for entry in &person.pictures {
            let list = match entry.domain {
                Domain::Drawing => &mut pictures.c,
                Domain::Photo => &mut pictures.p,
            };
            list.push(entry.name.clone());
        }
        let name = person.name.replace(' ', "_");
        overview.people_names.push(name.clone());
        overview.image_names.insert(name, pictures);
    }
    overview
}
