//! Who is kept for testing: people, never pictures, so that nobody is on both sides.

use std::collections::{BTreeSet, HashSet};

use super::recipe::{SplitRecipe, hash};
use crate::error::{Error, Result};
use crate::text::person_key;

/// The people kept for testing.
#[derive(Clone, Debug)]
pub struct Partition {
    test: HashSet<String>,
}

impl Partition {
    /// Splits people: the named ones, or a share of them chosen by hashes of seed and name, are for testing. The choice
    /// depends on neither the order of the names nor the pictures, and hardly changes when people are added or removed.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a name in the recipe that the dataset does not have.
    pub fn new<'a>(people: impl Iterator<Item = &'a str>, recipe: &SplitRecipe) -> Result<Self> {
        let keys: BTreeSet<String> = people.map(person_key).collect();
        if !recipe.test_people.is_empty() {
            let test: HashSet<String> = recipe.test_people.iter().map(|name| person_key(name)).collect();
            return match test.iter().find(|name| !keys.contains(*name)) {
                None => Ok(Self { test }),
                Some(name) => Err(Error::OutOfRange {
                    what: "test_people",
                    expected: "people of the dataset",
                    found: name.clone(),
                }),
            };
        }
        let mut ranked: Vec<(String, String)> =
            keys.into_iter().map(|key| (hash(format!("{}:{key}", recipe.seed).as_bytes()), key)).collect();
        ranked.sort();
        let count = (ranked.len() as f64 * recipe.test_share).round() as usize;
        Ok(Self { test: ranked.into_iter().take(count).map(|(_, key)| key).collect() })
    }

    /// `test` or `train`.
    pub fn side(&self, person: &str) -> &'static str {
        if self.test.contains(&person_key(person)) { "test" } else { "train" }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;

    #[test]
    fn the_parts_depend_on_seed_and_names_only() {
        let people: Vec<String> = (0..252).map(|index| format!("Person {index}")).collect();
        let reversed: Vec<String> = people.iter().rev().map(|name| name.replace(' ', "_")).collect();
        let recipe = SplitRecipe::default();
        let one = Partition::new(people.iter().map(String::as_str), &recipe).unwrap();
        let other = Partition::new(reversed.iter().map(String::as_str), &recipe).unwrap();
        let tested = people.iter().filter(|name| one.side(name) == "test").count();
        assert_eq!(tested, 50);
        for (name, spelled) in people.iter().zip(reversed.iter().rev()) {
            assert_eq!(one.side(name), other.side(spelled), "one person, two spellings");
        }
        let seeded = SplitRecipe { seed: 2, ..recipe };
        let moved = Partition::new(people.iter().map(String::as_str), &seeded).unwrap();
        assert!(people.iter().any(|name| one.side(name) != moved.side(name)));
    }

    #[test]
    fn hardly_anybody_changes_sides_when_somebody_joins() {
        let people: Vec<String> = (0..200).map(|index| format!("Person {index}")).collect();
        let names = || people.iter().map(String::as_str);
        let recipe = SplitRecipe::default();
        let before = Partition::new(names(), &recipe).unwrap();
        let after = Partition::new(names().chain(["New"]), &recipe).unwrap();
        let changed = people.iter().filter(|name| before.side(name) != after.side(name)).count();
        assert!(changed <= 1, "{changed}");
    }

    #[test]
    fn named_people_must_be_there() {
        let named = |name: &str| SplitRecipe { test_people: vec![name.to_owned()], ..SplitRecipe::default() };
        let partition = Partition::new(["Ada Quill", "Bo"].into_iter(), &named("Ada_Quill")).unwrap();
        assert_eq!((partition.side("Ada Quill"), partition.side("Bo")), ("test", "train"));
        assert!(Partition::new(["Bo"].into_iter(), &named("Ada")).is_err());
    }
}
