//! WebCaricature's evaluation protocols for synthetic people: the same files, no person on both sides.

use std::collections::HashSet;
use std::fmt::Write;

use crate::drawing::noise::Dice;
use crate::synthetic::identity::spread;

/// Pairs of the same person that a restricted list has for each person.
const PAIRS_PER_PERSON: u64 = 10;
/// Folds of the second views.
const FOLDS: usize = 10;

/// A person of a list and how many pictures there are.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) drawings: u32,
    pub(crate) photos: u32,
}

/// A file of `EvaluationProtocols`: its path below that folder and its text.
pub(crate) struct ProtocolFile {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// All protocol files for these people.
pub(crate) fn protocols(people: &[Person], seed: u64) -> Vec<ProtocolFile> {
    let mut files = Vec::new();
    let mut add = |path: String, text: String| files.push(ProtocolFile { path, text });
    let (train, test) = halves(people, spread(seed, 1));
    for (part, people, salt) in [("Train", &train, 2), ("Test", &test, 3)] {
        add(
            format!("FaceVerification/Restricted/RestrictedView1_Dev{part}.txt"),
            restricted(people, spread(seed, salt)),
        );
        let text = format!("{}\n{}", people.len(), lines(people));
        add(format!("FaceVerification/UnRestricted/UnRestrictedView1_Dev{part}.txt"), text);
    }
    let folds = folds(people, spread(seed, 4));
    let pairs = folds.iter().zip(10..).map(|(fold, salt)| restricted(fold, spread(seed, salt)));
    add("FaceVerification/Restricted/RestrictedView2.txt".to_owned(), pairs.collect());
    let people_of = folds.iter().map(|fold| format!("{}\n{}", fold.len(), lines(fold)));
    let text = format!("{}\n{}", folds.len(), people_of.collect::<String>());
    add("FaceVerification/UnRestricted/UnRestrictedView2.txt".to_owned(), text);
    for trial in 0..=10 {
        let label = if trial == 0 { "_dev".to_owned() } else { trial.to_string() };
        let (train, test) = halves(people, spread(seed, 100 + trial));
        add(format!("FaceIdentification/FR_Train{label}.txt"), lines(&train));
        for (direction, gallery, probe) in [("C2P", 'P', 'C'), ("P2C", 'C', 'P')] {
            let first = |kind: char| test.iter().map(|person| format!("{}\t{kind}00001\n", person.name)).collect();
            add(format!("FaceIdentification/{direction}/FR_Gallery_{direction}{label}.txt"), first(gallery));
            let all = test.iter().flat_map(|person| {
                let count = if probe == 'C' { person.drawings } else { person.photos };
                (1..=count).map(|number| format!("{}\t{probe}{number:05}\n", person.name))
            });
            add(format!("FaceIdentification/{direction}/FR_Probe_{direction}{label}.txt"), all.collect());
        }
    }
    files
}

/// `Name<TAB>drawings<TAB>photos` for every person.
fn lines(people: &[Person]) -> String {
    people.iter().map(|person| format!("{}\t{}\t{}\n", person.name, person.drawings, person.photos)).collect()
}

/// The people in another order.
fn shuffled(people: &[Person], seed: u64) -> Vec<Person> {
    let mut dice = Dice::new(seed);
    let mut people = people.to_vec();
    for last in (1..people.len()).rev() {
        people.swap(last, dice.index(last + 1));
    }
    people
}

/// People to train on and people to test on; with an odd number one more to train on.
fn halves(people: &[Person], seed: u64) -> (Vec<Person>, Vec<Person>) {
    let mut train = shuffled(people, seed);
    let test = train.split_off(people.len().div_ceil(2));
    (train, test)
}

/// Ten folds; fewer where a fold would have less than two people.
fn folds(people: &[Person], seed: u64) -> Vec<Vec<Person>> {
    let count = FOLDS.min(people.len() / 2).max(1);
    let mut folds = vec![Vec::new(); count];
    for (index, person) in shuffled(people, seed).into_iter().enumerate() {
        folds[index % count].push(person);
    }
    folds
}

/// A restricted list: a count, that many pairs of the same person, that many of different people.
fn restricted(people: &[Person], seed: u64) -> String {
    let mut dice = Dice::new(seed);
    let mut same = Vec::new();
    for person in people {
        let total = u64::from(person.drawings) * u64::from(person.photos);
        // A step without common factors meets every pair once.
        let (mut place, step) = (dice.index(total as usize) as u64, coprime(total, 0.618));
        for _ in 0..total.min(PAIRS_PER_PERSON) {
            let (drawing, photo) = (place / u64::from(person.photos) + 1, place % u64::from(person.photos) + 1);
            same.push(format!("{}\tC{drawing:05}\tP{photo:05}\n", person.name));
            place = (place + step) % total;
        }
    }
    let different = different_people(people, same.len(), &mut dice);
    let count = same.len().min(different.len());
    let mut text = format!("{count}\n");
    for line in same.iter().take(count).chain(different.iter().take(count)) {
        let _ = write!(text, "{line}"); // writing to a string cannot fail
    }
    text
}

/// Up to `wanted` different pairs of a drawing of one person and a photo of another.
fn different_people(people: &[Person], wanted: usize, dice: &mut Dice) -> Vec<String> {
    let mut pairs = Vec::new();
    if people.len() < 2 {
        return pairs;
    }
    let mut known = HashSet::new();
    for number in 0..wanted {
        for _ in 0..20 {
            let one = number % people.len();
            let other = (one + 1 + dice.index(people.len() - 1)) % people.len();
            let drawing = dice.index(people[one].drawings as usize) + 1;
            let photo = dice.index(people[other].photos as usize) + 1;
            let line = format!("{}\tC{drawing:05}\t{}\tP{photo:05}\n", people[one].name, people[other].name);
            if known.insert(line.clone()) {
                pairs.push(line);
                break;
            }
        }
    }
    pairs
}

/// A number near that share of `total` that has no factor in common with it; 1 for small totals.
fn coprime(total: u64, share: f64) -> u64 {
    let near = (total as f64 * share) as u64;
    let common = |a: u64, b: u64| {
        let (mut a, mut b) = (a, b);
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    (near.max(1)..=total).find(|&step| common(step, total) == 1).unwrap_or(1)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;

    fn people(count: u32) -> Vec<Person> {
        (0..count).map(|n| Person { name: format!("Some One{n}"), drawings: 3 + n % 2, photos: 4 }).collect()
    }

    #[test]
    fn nobody_is_on_both_sides_and_all_are_somewhere() {
        for count in [1, 2, 3, 7, 24, 53] {
            for seed in 0..4 {
                let (train, test) = halves(&people(count), seed);
                let names: HashSet<&str> = train.iter().chain(&test).map(|person| person.name.as_str()).collect();
                assert_eq!((names.len(), train.len() + test.len()), (count as usize, count as usize));
                let folds = folds(&people(count), seed);
                let names: HashSet<&str> = folds.iter().flatten().map(|person| person.name.as_str()).collect();
                assert_eq!((names.len(), folds.iter().flatten().count()), (count as usize, count as usize));
                assert!(count < 20 || folds.len() == 10);
            }
        }
    }

    #[test]
    fn restricted_lists_have_as_many_same_as_different_pairs_and_none_twice() {
        let text = restricted(&people(6), 3);
        let lines: Vec<&str> = text.lines().collect();
        let count: usize = lines[0].parse().unwrap();
        assert!(count >= 50 && lines.len() == 2 * count + 1, "{count}");
        assert_eq!(lines[1..].iter().collect::<HashSet<_>>().len(), 2 * count);
        assert!(lines[1..=count].iter().all(|line| line.split('\t').count() == 3));
        assert!(lines[count + 1..].iter().all(|line| {
            let words: Vec<&str> = line.split('\t').collect();
            words.len() == 4 && words[0] != words[2]
        }));
        assert_eq!(restricted(&people(1), 3), "0\n");
    }

    #[test]
    fn one_file_of_each_kind_for_every_trial() {
        let files = protocols(&people(5), 9);
        assert_eq!(files.len(), 6 + 11 * 5);
        assert_eq!(files.iter().map(|file| &file.path).collect::<HashSet<_>>().len(), files.len());
    }
}
