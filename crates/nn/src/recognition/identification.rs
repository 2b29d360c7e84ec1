//! The identification protocols: galleries, probes, and how alike they are.

use std::collections::HashSet;

use portraitist_face::dataset::Dataset;
use portraitist_face::protocol::PictureName;
use portraitist_face::protocol::identification::{Direction, Set, identification};
use rayon::prelude::*;

use super::features::{Features, Similarity};
use super::index::PictureIndex;
use super::repeats::repeated;
use super::{EvaluationError, View};
use crate::metrics::MetricsError;
use crate::metrics::identification::{Placed, Search, place_all};

/// A gallery and its probes, as positions in the index.
struct Lookup {
    gallery: Vec<u32>,
    probes: Vec<u32>,
}

/// Identification that is ready to be scored.
pub struct IdentificationTask<'a> {
    index: PictureIndex<'a>,
    lookups: Vec<Lookup>,
}

/// The sets of a view: view 1 has one, view 2 ten.
pub fn sets(view: View) -> Vec<Set> {
    match view {
        View::Development => vec![Set::Development],
        View::Test => (1..=10).map(Set::Numbered).collect(),
    }
}

impl<'a> IdentificationTask<'a> {
    /// Reads the protocol's sets and finds their pictures. With `skip_missing`, pictures that the dataset has not got are left
    /// out, and so are probes of people whose gallery pictures are missing.
    ///
    /// # Errors
    /// [`EvaluationError`] for a dataset without protocols, protocols that cannot be understood, pictures missing, fewer than two
    /// people in a gallery, and probes of nobody in it.
    pub fn new(
        dataset: &'a Dataset,
        direction: Direction,
        sets: &[Set],
        skip_missing: bool,
    ) -> Result<Self, EvaluationError> {
        let protocols = dataset.require_protocols()?;
        let mut index = PictureIndex::new(dataset, direction.name());
        let mut lookups = Vec::new();
        for &set in sets {
            let task = identification(protocols, direction, set)?;
            let mut positions =
                |names: &[PictureName]| names.iter().filter_map(|name| index.insert(name)).collect::<Vec<u32>>();
            lookups.push(Lookup { gallery: positions(&task.gallery), probes: positions(&task.probes) });
        }
        if !skip_missing {
            index.require_all()?;
        }
        let mut task = Self { index, lookups };
        if skip_missing {
            task.leave_out_strangers();
        }
        task.check()?;
        Ok(task)
    }

    fn leave_out_strangers(&mut self) {
        let person = |position: &u32| self.index.entries()[*position as usize].person;
        for lookup in &mut self.lookups {
            let known: std::collections::HashSet<u32> = lookup.gallery.iter().map(person).collect();
            lookup.probes.retain(|probe| known.contains(&person(probe)));
        }
    }

    fn check(&self) -> Result<(), EvaluationError> {
        for lookup in &self.lookups {
            let people = self.people_at(&lookup.gallery);
            if people.len() < 2 {
                return Err(self.index.wrong("two or more people in each gallery", people.len().to_string()));
            }
            if lookup.probes.is_empty() {
                return Err(self.index.wrong("pictures to look up", "none"));
            }
            let stranger = lookup.probes.iter().find(|&&probe| !people.contains(&self.person(probe)));
            if let Some(&probe) = stranger {
                let found = self.index.label(&self.index.entries()[probe as usize]);
                return Err(self.index.wrong("probes of people in the gallery", format!("{found}, who is not")));
            }
        }
        Ok(())
    }

    fn person(&self, position: u32) -> u32 {
        self.index.entries()[position as usize].person
    }

    fn people_at(&self, positions: &[u32]) -> std::collections::BTreeSet<u32> {
        positions.iter().map(|&position| self.person(position)).collect()
    }

    /// The pictures to embed.
    pub fn index(&self) -> &PictureIndex<'a> {
        &self.index
    }

    /// What the protocol names more than once in one gallery or list of probes, in sentences: each counts as often.
    pub fn repeats(&self) -> Vec<String> {
        let again = |positions: &Vec<u32>| positions.len() - positions.iter().collect::<HashSet<_>>().len();
        let count = |list: fn(&Lookup) -> &Vec<u32>| self.lookups.iter().map(|lookup| again(list(lookup))).sum();
        let lists = [
            repeated(count(|lookup| &lookup.gallery), "gallery pictures"),
            repeated(count(|lookup| &lookup.probes), "probes"),
        ];
        lists.into_iter().flatten().collect()
    }

    /// Everyone looked up or looked up among.
    pub fn tested_people(&self) -> Vec<&str> {
        self.index.people().iter().map(String::as_str).collect()
    }

    /// Finds every probe's person; `features` has a row for each entry of the index.
    ///
    /// # Errors
    /// [`MetricsError`], as [`Search::places`].
    pub fn place(&self, features: &Features, similarity: Similarity) -> Result<Vec<Placed>, MetricsError> {
        let mut placed = Vec::new();
        for Lookup { gallery, probes } in &self.lookups {
            let row = |&probe: &u32| {
                let alike = move |&picture: &u32| features.similarity(probe as usize, picture as usize, similarity);
                gallery.par_iter().map(alike).collect::<Vec<f32>>()
            };
            let people = |positions: &[u32]| positions.iter().map(|&position| self.person(position)).collect();
            let similarities = probes.iter().flat_map(row).collect();
            placed.extend(place_all(&[Search { gallery: people(gallery), probes: people(probes), similarities }])?);
        }
        Ok(placed)
    }
}
