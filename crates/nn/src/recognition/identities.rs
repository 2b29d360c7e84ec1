//! Who a recogniser was trained on, so that nobody tests it on the same people unawares.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::weights::sha256;

/// The people that a recogniser learned from, as hashes: enough to recognise a name, and no list of names in every
/// model file.
///
/// A person is a name within a namespace. Published datasets of known people share the empty namespace, so that
/// `Ada Quill` of one is `Ada Quill` of another; people who do not exist, or who are only numbered (`s1`), belong to
/// their dataset's. The order is that of the classifier's columns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TrainedIdentities(Vec<String>);

/// Hexadecimal digits of a hash that are kept: 64 bits.
const HASH_LENGTH: usize = 16;

impl TrainedIdentities {
    /// The people of a classifier, each a namespace and a name, in its order.
    pub fn new<'a>(people: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self(people.into_iter().map(|(namespace, name)| key(namespace, name)).collect())
    }

    /// A person's place among them.
    pub fn position(&self, namespace: &str, name: &str) -> Option<usize> {
        let key = key(namespace, name);
        self.0.iter().position(|known| *known == key)
    }

    /// Whether a person is among them.
    pub fn contains(&self, namespace: &str, name: &str) -> bool {
        self.position(namespace, name).is_some()
    }

    /// Adds those of another set at the end: a fine-tuned network has seen its old people, too.
    pub fn extend(&mut self, other: &Self) {
        let known: HashSet<String> = self.0.iter().cloned().collect();
        self.0.extend(other.0.iter().filter(|key| !known.contains(*key)).cloned());
    }

    /// How many people.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Upper and lower case, underscores and runs of blanks make no difference, as they make none between datasets.
fn key(namespace: &str, name: &str) -> String {
    let lower = name.to_lowercase();
    let words: Vec<&str> = lower.split(|letter: char| letter.is_whitespace() || letter == '_').collect();
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let mut hash = sha256(format!("{namespace}\n{}", words.join(" ")).as_bytes());
    hash.truncate(HASH_LENGTH);
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_found_however_their_name_is_written() {
        let trained = TrainedIdentities::new([("", "Ada Quill"), ("orl", "s1")]);
        assert!(trained.contains("", "ada_quill") && trained.contains("", " Ada  QUILL"));
        assert!(trained.contains("orl", "s1"));
        assert!(!trained.contains("", "s1") && !trained.contains("orl", "Ada Quill"));
        assert_eq!((trained.len(), trained.position("orl", "S1")), (2, Some(1)));
        let mut tuned = TrainedIdentities::new([("", "Bruno"), ("orl", "s1")]);
        tuned.extend(&trained);
        assert_eq!((tuned.len(), tuned.position("", "Ada Quill")), (3, Some(2)));
    }

    #[test]
    fn a_file_lists_no_names() {
        let text = serde_json::to_string(&TrainedIdentities::new([("", "Ada Quill")])).expect("a list of strings");
        assert!(!text.to_lowercase().contains("ada") && text.len() == HASH_LENGTH + 4, "{text}");
    }
}
