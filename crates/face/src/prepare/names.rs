//! Every crop's own file.

use crate::dataset::{Dataset, Entry, Person};
use crate::files::OutputNames;

/// The folder of the crops below the prepared folder.
pub(super) const CROPS: &str = "crops";

/// The crop's file of every picture, in order: `crops/PERSON/PICTURE.png`, with a number where another has that name already.
/// With `flip`, mirrored crops have names of their own, too.
pub(super) fn crop_files(dataset: &Dataset, flip: bool) -> Vec<String> {
    let stems = dataset.entries().map(|(person, entry)| stem(person, entry));
    let endings: &[&str] = if flip { &[".png", "-flipped.png"] } else { &[".png"] };
    let inputs: [&str; 0] = [];
    let decided = OutputNames::new(CROPS, inputs).decide(stems, endings);
    decided.iter().map(|stem| format!("{CROPS}/{}.png", stem.display())).collect()
}

/// `PERSON/PICTURE`; parts that would lead out of the folder are replaced, and long ones cut.
fn stem(person: &Person, entry: &Entry) -> String {
    let person = harmless(&person.name.replace('/', "_"));
    let picture: Vec<String> = entry.name.split('/').map(harmless).collect();
    format!("{person}/{}", picture.join("/"))
}

/// Longest name of a folder in bytes: names in Latin-1 may grow when they become text.
const LONGEST: usize = 240;

fn harmless(part: &str) -> String {
    if matches!(part, "" | "." | "..") {
        return "_".to_owned();
    }
    let part: String = part
        .chars()
        .map(|letter| if letter.is_control() || matches!(letter, '\\' | ':') { '_' } else { letter })
        .collect();
    let end = (0..=LONGEST.min(part.len())).rev().find(|end| part.is_char_boundary(*end)).unwrap_or(0);
    part[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Layout, Problem};
    use crate::domain::Domain;

    fn dataset(people: &[(&str, &[&str])]) -> Dataset {
        let entry = |name: &&str| Entry {
            name: (*name).to_owned(),
            domain: Domain::Photo,
            picture: (*name).into(),
            landmarks: None,
        };
        let people = people.iter().map(|(name, pictures)| Person {
            name: (*name).to_owned(),
            pictures: pictures.iter().map(entry).collect(),
        });
        Dataset {
            root: ".".into(),
            layout: Layout::People,
            people: people.collect(),
            protocols: None,
            owners: std::collections::BTreeMap::new(),
            remarks: Vec::new(),
            problems: Vec::<Problem>::new(),
        }
    }

    #[test]
    fn crops_stay_below_their_folder_under_names_of_their_own() {
        let set = dataset(&[("Ada Quill", &["C00001"]), ("../..", &["../x/./y"]), ("a:b", &["1"]), ("a_b", &["1"])]);
        let expected =
            ["crops/Ada Quill/C00001.png", "crops/.._../_/x/_/y.png", "crops/a_b/1.png", "crops/a_b/1-2.png"];
        assert_eq!(crop_files(&set, false), expected);
        let set = dataset(&[("Ada", &["b", "b-flipped", "B"])]);
        assert_eq!(crop_files(&set, false), ["crops/Ada/b.png", "crops/Ada/b-flipped.png", "crops/Ada/B-2.png"]);
        assert_eq!(crop_files(&set, true), ["crops/Ada/b.png", "crops/Ada/b-flipped-2.png", "crops/Ada/B-2.png"]);
    }

    #[test]
    fn long_names_are_cut() {
        let long = "\u{e9}".repeat(250);
        for crop in crop_files(&dataset(&[(&long, &[&long, &format!("{long}2")])]), true) {
            assert!(crop.split('/').all(|part| part.len() + "-flipped".len() <= 255), "{crop}");
        }
    }
}
