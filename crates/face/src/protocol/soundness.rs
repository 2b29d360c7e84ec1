//! What is wrong with protocols that can be read: nothing in them, entries twice, probes of nobody, pictures that are counted and
//! not there.

use std::collections::{BTreeMap, HashSet};

use super::coverage::{Available, ProtocolFile, Protocols};
use super::lines::PictureName;
use crate::dataset::{Problem, ProblemKind};
use crate::domain::Domain;
use crate::text::person_key;

/// What a picture is compared by.
type Key = (String, String);

fn key(picture: &PictureName) -> Key {
    (person_key(&picture.person), picture.name.clone())
}

/// Everything wrong with the protocols of a dataset, besides lines that cannot be understood and pictures that it lacks.
pub(crate) fn problems(protocols: &Protocols, available: &Available) -> Vec<Problem> {
    let mut problems = Vec::new();
    if protocols.files.is_empty() && protocols.problems.is_empty() {
        let picture = crate::dataset::webcaricature::PROTOCOLS.to_owned();
        let detail = "the folder holds no protocols; expected .txt files".to_owned();
        problems.push(Problem { picture, kind: ProblemKind::ProtocolEmpty, detail });
    }
    let mut counted = HashSet::new();
    for file in &protocols.files {
        let mut found: Vec<(ProblemKind, String)> = Vec::new();
        found.extend(empty(file).map(|detail| (ProblemKind::ProtocolEmpty, detail)));
        found.extend(repeated(file).into_iter().map(|detail| (ProblemKind::ProtocolRepeats, detail)));
        found.extend(people_twice(file).into_iter().map(|detail| (ProblemKind::ProtocolPersonTwice, detail)));
        found.extend(strangers(file, protocols).into_iter().map(|detail| (ProblemKind::ProbeWithoutGallery, detail)));
        found.extend(
            beyond(file, available, &mut counted).into_iter().map(|detail| (ProblemKind::ProtocolCount, detail)),
        );
        let problem = |(kind, detail)| Problem { picture: file.file.clone(), kind, detail };
        problems.extend(found.into_iter().map(problem));
    }
    problems
}

fn empty(file: &ProtocolFile) -> Option<String> {
    let is_empty = file.people().next().is_none() && file.pictures().next().is_none();
    is_empty.then(|| format!("{} names nobody and no pictures", file.file))
}

/// How many entries were there before, and the first of them.
fn repeats<T: std::hash::Hash + Eq>(entries: impl Iterator<Item = (T, String)>) -> Option<(usize, String)> {
    let mut seen = HashSet::new();
    let again: Vec<String> = entries.filter_map(|(key, name)| (!seen.insert(key)).then_some(name)).collect();
    Some((again.len(), again.into_iter().next()?))
}

fn repeated(file: &ProtocolFile) -> Vec<String> {
    let pairs = file.sections.iter().flat_map(|section| &section.pairs).map(|[first, second]| {
        let mut keys = [key(first), key(second)];
        keys.sort();
        (keys, format!("{first} with {second}"))
    });
    let pictures = file.sections.iter().flat_map(|section| &section.pictures);
    let pictures = pictures.map(|picture| (key(picture), picture.to_string()));
    let say = |what: &str, (count, first): (usize, String)| {
        format!("{}: {count} {what} named again ({first}); each counts as often as it is named", file.file)
    };
    let [pairs, pictures] = [
        repeats(pairs).map(|found| say("pairs are", found)),
        repeats(pictures).map(|found| say("pictures are", found)),
    ];
    pairs.into_iter().chain(pictures).collect()
}

/// People whom one fold names twice: their pictures would be compared with themselves.
fn people_twice(file: &ProtocolFile) -> Vec<String> {
    let of_section = |people: &[super::PersonCount]| {
        repeats(people.iter().map(|person| (person_key(&person.person), person.person.clone())))
    };
    let twice = file.sections.iter().filter_map(|section| of_section(&section.people));
    twice.map(|(_, person)| format!("{} names {person} twice in one list of people", file.file)).collect()
}

/// Probes of people who are not in the gallery that belongs to them.
fn strangers(file: &ProtocolFile, protocols: &Protocols) -> Vec<String> {
    let gallery = file.file.replace("FR_Probe_", "FR_Gallery_");
    let Some(gallery) = protocols.files.iter().find(|other| other.file == gallery && gallery != file.file) else {
        return Vec::new();
    };
    let known: HashSet<String> = gallery.pictures().map(|picture| person_key(&picture.person)).collect();
    let mut unknown: BTreeMap<String, &PictureName> = BTreeMap::new();
    for picture in file.pictures().filter(|picture| !known.contains(&person_key(&picture.person))) {
        unknown.entry(person_key(&picture.person)).or_insert(picture);
    }
    let say = |picture: &&PictureName| {
        format!("{} looks {picture} up, and {} is not in {}", file.file, picture.person, gallery.file)
    };
    unknown.values().map(say).collect()
}

/// People of whom a file counts more pictures than there are; each once, with the first file.
fn beyond(file: &ProtocolFile, available: &Available, counted: &mut HashSet<(String, Domain)>) -> Vec<String> {
    let mut found = Vec::new();
    for person in file.people() {
        for (domain, count) in [(Domain::Drawing, person.drawings), (Domain::Photo, person.photos)] {
            let numbered = |number| PictureName::numbered(&person.person, domain, number);
            // The first that is missing: there are at most as many before it as the dataset has.
            let Some(number) = (1..=count).find(|&number| !available.has(&numbered(number))) else { continue };
            if counted.insert((person_key(&person.person), domain)) {
                let (name, missing) = (domain.name(), numbered(number));
                found.push(format!(
                    "{} counts {count} {name}s of {}, and {missing} is not there (the dataset has {} pictures of this person)",
                    file.file,
                    person.person,
                    available.of_person(&person.person)
                ));
            }
        }
    }
    found
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use std::path::Path;

    use super::*;

    fn kinds(place: &Path) -> Vec<(String, ProblemKind)> {
        let mut available = Available::default();
        for (person, name) in
            [("Ada", "C00001"), ("Ada", "C00002"), ("Ada", "P00001"), ("Bo", "C00001"), ("Bo", "P00001")]
        {
            available.insert(person, name);
        }
        let protocols = Protocols::read(place).unwrap();
        assert!(protocols.problems.is_empty());
        problems(&protocols, &available).into_iter().map(|problem| (problem.picture, problem.kind)).collect()
    }

    #[test]
    fn everything_wrong_is_found_and_sound_protocols_have_no_problems() {
        use ProblemKind::{ProbeWithoutGallery, ProtocolCount, ProtocolEmpty, ProtocolPersonTwice, ProtocolRepeats};
        let cases: [(&str, &str, &[ProblemKind]); 9] = [
            ("pairs.txt", "1\nAda\tC00001\tP00001\nAda\tC00001\tBo\tP00001\n", &[]),
            ("people.txt", "2\n1\nAda\t2\t1\n1\nBo\t1\t1\n", &[]),
            ("empty.txt", "", &[ProtocolEmpty]),
            ("zero.txt", "0\n", &[ProtocolEmpty]),
            ("again.txt", "1\nAda\tC00001\tP00001\nAda\tP00001\tC00001\n", &[ProtocolRepeats]),
            ("twice.txt", "2\n2\nAda\t2\t1\nAda\t2\t1\n", &[ProtocolPersonTwice]),
            ("many.txt", "1\nAda\t4000000000\t1\n", &[ProtocolCount]),
            ("nobody.txt", "Cy\t1\t0\n", &[ProtocolCount]),
            ("probes.txt", "Ada\tC00001\nAda\tC00002\nAda\tC00001\n", &[ProtocolRepeats]),
        ];
        for (file, text, expected) in cases {
            let place = tempfile::tempdir().unwrap();
            std::fs::write(place.path().join(file), text).unwrap();
            let found: Vec<ProblemKind> = kinds(place.path()).into_iter().map(|(_, kind)| kind).collect();
            assert_eq!(found, expected, "{file}");
        }
        let place = tempfile::tempdir().unwrap();
        assert_eq!(kinds(place.path()), [("EvaluationProtocols".to_owned(), ProtocolEmpty)]);
        std::fs::write(place.path().join("FR_Gallery_C2P1.txt"), "Ada\tP00001\n").unwrap();
        std::fs::write(place.path().join("FR_Probe_C2P1.txt"), "Ada\tC00001\nBo\tC00001\n").unwrap();
        assert_eq!(kinds(place.path()), [("FR_Probe_C2P1.txt".to_owned(), ProbeWithoutGallery)]);
    }
}
