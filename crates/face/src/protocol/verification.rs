//! Face verification: are two pictures the same person?

use std::path::Path;

use super::lines::{Line, Lines, PersonCount, PictureName};
use crate::domain::Domain;
use crate::error::{Error, Result};
use crate::mersenne::MersenneTwister;

/// The original draws this many matched and as many mismatched pairs for each fold of the unrestricted protocol.
pub const ORIGINAL_FOLD_LENGTH: usize = 1000;
/// The original's seed of those draws.
pub const ORIGINAL_SEED: u32 = 1;

/// The halves of view 1, on which settings are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// `DevTrain`.
    Train,
    /// `DevTest`.
    Test,
}

impl Part {
    /// `Train` or `Test`, as file names have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "Train",
            Self::Test => "Test",
        }
    }
}

/// Two pictures.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Pair {
    /// One picture.
    pub first: PictureName,
    /// The other.
    pub second: PictureName,
    /// Whether they show the same person.
    pub same: bool,
}

/// `RestrictedView1_DevTrain.txt` or `…DevTest.txt`: the pairs of one part.
///
/// # Errors
/// [`Error::ReadText`], [`Error::Protocol`].
pub fn restricted_view1(protocols: &Path, part: Part) -> Result<Vec<Pair>> {
    let file = format!("FaceVerification/Restricted/RestrictedView1_Dev{}.txt", part.name());
    let mut lines = Lines::read(&protocols.join(file))?;
    read_fold(&mut lines)
}

/// `RestrictedView2.txt`: ten folds of pairs, matched ones first in each.
///
/// # Errors
/// [`Error::ReadText`], [`Error::Protocol`].
pub fn restricted_view2(protocols: &Path) -> Result<Vec<Vec<Pair>>> {
    let mut lines = Lines::read(&protocols.join("FaceVerification/Restricted/RestrictedView2.txt"))?;
    let mut folds = Vec::new();
    while !lines.at_end() {
        folds.push(read_fold(&mut lines)?);
    }
    if folds.is_empty() {
        return Err(lines.wrong("the number of matched pairs of a fold"));
    }
    Ok(folds)
}

/// A number n, n matched pairs, n mismatched ones.
fn read_fold(lines: &mut Lines) -> Result<Vec<Pair>> {
    let count = lines.number()?;
    let mut pairs = Vec::new();
    for index in 0..2 * u64::from(count) {
        let same = index < u64::from(count);
        let (first, second) = match lines.next()? {
            Some(Line::Match(first, second)) if same => (first, second),
            Some(Line::Mismatch(first, second)) if !same => (first, second),
            _ if same => return Err(lines.wrong("a matched pair: a person and two pictures")),
            _ => return Err(lines.wrong("a mismatched pair: a person and a picture, twice")),
        };
        pairs.push(Pair { first, second, same });
    }
    Ok(pairs)
}

/// `UnRestrictedView1_DevTrain.txt` or `…DevTest.txt`: the people of one part.
///
/// # Errors
/// [`Error::ReadText`], [`Error::Protocol`].
pub fn unrestricted_view1(protocols: &Path, part: Part) -> Result<Vec<PersonCount>> {
    let file = format!("FaceVerification/UnRestricted/UnRestrictedView1_Dev{}.txt", part.name());
    let mut lines = Lines::read(&protocols.join(file))?;
    let count = lines.number()?;
    (0..count).map(|_| lines.person()).collect()
}

/// `UnRestrictedView2.txt`: the people of each fold.
///
/// # Errors
/// [`Error::ReadText`], [`Error::Protocol`].
pub fn unrestricted_view2(protocols: &Path) -> Result<Vec<Vec<PersonCount>>> {
    let mut lines = Lines::read(&protocols.join("FaceVerification/UnRestricted/UnRestrictedView2.txt"))?;
    let folds = lines.number()?;
    let mut read = Vec::new();
    for _ in 0..folds {
        let count = lines.number()?;
        read.push((0..count).map(|_| lines.person()).collect::<Result<Vec<_>>>()?);
    }
    Ok(read)
}

/// Draws pairs for every fold as the original does: `fold_length` matched ones, then as many mismatched ones, from one stream of
/// numpy's `RandomState(seed)`.
///
/// # Errors
/// [`Error::OutOfRange`] for a person with fewer than two pictures or a fold of fewer than two people.
pub fn sample_pairs(folds: &[Vec<PersonCount>], fold_length: usize, seed: u32) -> Result<Vec<Vec<Pair>>> {
    for fold in folds {
        check_fold(fold)?;
    }
    let mut random = MersenneTwister::new(seed);
    let mut sampled = Vec::new();
    for people in folds {
        let mut pairs = Vec::with_capacity(2 * fold_length.min(1_000_000));
        for _ in 0..fold_length {
            let person = &people[random.below(people.len() as u32) as usize];
            let (first, second) = two_of(&mut random, total(person));
            pairs.push(Pair { first: nth(person, first), second: nth(person, second), same: true });
        }
        for _ in 0..fold_length {
            let (first, second) = two_of(&mut random, people.len() as u32);
            let (first, second) = (&people[first as usize], &people[second as usize]);
            let first = nth(first, random.below(total(first)));
            let second = nth(second, random.below(total(second)));
            pairs.push(Pair { first, second, same: false });
        }
        sampled.push(pairs);
    }
    Ok(sampled)
}

fn check_fold(people: &[PersonCount]) -> Result<()> {
    if people.len() < 2 {
        let found = format!("{} people", people.len());
        return Err(Error::OutOfRange {
            what: "fold of the unrestricted protocol",
            expected: "two or more people",
            found,
        });
    }
    match people.iter().find(|person| total(person) < 2) {
        None => Ok(()),
        Some(person) => {
            let found = format!("{} of {}", total(person), person.person);
            Err(Error::OutOfRange { what: "pictures of a person", expected: "two or more", found })
        }
    }
}

fn total(person: &PersonCount) -> u32 {
    person.drawings.saturating_add(person.photos)
}

/// Two different numbers below `bound`.
fn two_of(random: &mut MersenneTwister, bound: u32) -> (u32, u32) {
    let first = random.below(bound);
    let step = u64::from(random.below(bound - 1));
    let second = (u64::from(first) + 1 + step) % u64::from(bound);
    (first, second as u32)
}

/// A picture by its place among the drawings, then the photos.
fn nth(person: &PersonCount, index: u32) -> PictureName {
    match index.checked_sub(person.drawings) {
        None => PictureName::numbered(&person.person, Domain::Drawing, index + 1),
        Some(photo) => PictureName::numbered(&person.person, Domain::Photo, photo + 1),
    }
}
