//! What is wrong with a dataset: files that cannot be read, landmarks that cannot be right, pictures that are there twice, that show
//! little, or that show someone else. [`rule`] states the limits.

mod fingerprint;
mod landmarks;
mod outliers;
mod people;
mod plausibility;
mod quality;
mod rules;
mod summary;

use rayon::prelude::*;

use self::fingerprint::Fingerprint;
use self::landmarks::{aligned_to, coincident, no_landmarks, points_outside};
use self::outliers::outliers;
pub use self::people::{ALIKE, Seen, check_people};
use self::plausibility::{bounds, cut_off, implausible};
use self::quality::Quality;
pub use self::rules::rule;
pub use self::summary::{Sizes, Summary, summarise};
use crate::dataset::{Dataset, Entry, Person, Problem, ProblemKind};
use crate::domain::Domain;
use crate::landmarks::Landmarks;
use crate::picture::{Decoded, Picture};
use crate::protocol::coverage::{Available, Protocols};
use crate::protocol::soundness;

/// Pictures whose brightness varies by less than this many grey levels (standard deviation) show nothing.
pub(crate) const LEAST_DEVIATION: f64 = 3.0;

/// Everything wrong with a dataset: its lists, its pictures, its landmarks, its protocols. `done` is called after each picture,
/// from any thread.
pub fn check(dataset: &Dataset, done: impl Fn() + Sync) -> Vec<Problem> {
    let entries: Vec<(&Person, &Entry)> = dataset.entries().collect();
    let looked: Vec<Looked> = entries
        .par_iter()
        .map(|(person, entry)| {
            let looked = look(&person.label(entry), entry);
            done();
            looked
        })
        .collect();
    let mut problems = dataset.problems.clone();
    let domains = || entries.iter().map(|(_, entry)| entry.domain).zip(&looked);
    let qualities: Vec<(Domain, Option<Quality>)> =
        domains().map(|(domain, looked)| (domain, looked.quality)).collect();
    let faces: Vec<(Domain, Option<Landmarks>)> =
        domains().map(|(domain, looked)| (domain, looked.landmarks)).collect();
    let among_others = outliers(&qualities).into_iter().chain(implausible(&faces)).map(|(place, kind, detail)| {
        let (person, entry) = entries[place];
        Problem { picture: person.label(entry), kind, detail }
    });
    let among_others: Vec<Problem> = among_others.collect();
    let prints: Vec<Option<Fingerprint>> = looked.iter().map(|looked| looked.print).collect();
    problems.extend(looked.into_iter().flat_map(|looked| looked.problems));
    problems.extend(among_others);
    problems.extend(no_landmarks(dataset));
    problems.extend(duplicates(&entries, &prints));
    problems.extend(protocol_problems(dataset));
    problems
}

/// What was found out about one picture.
#[derive(Default)]
struct Looked {
    problems: Vec<Problem>,
    print: Option<Fingerprint>,
    quality: Option<Quality>,
    landmarks: Option<Landmarks>,
}

fn look(label: &str, entry: &Entry) -> Looked {
    let mut looked = Looked::default();
    let mut problem = |kind, detail| looked.problems.push(Problem { picture: label.to_owned(), kind, detail });
    let picture = match Decoded::open(&entry.picture) {
        Ok(Decoded { picture, warnings }) => {
            warnings.iter().for_each(|warning| problem(ProblemKind::OddPicture, warning.to_string()));
            Some(picture)
        }
        Err(error) => {
            problem(ProblemKind::of_picture(&error), error.to_string());
            None
        }
    };
    let landmarks = match entry.read_landmarks() {
        Ok(landmarks) => landmarks,
        Err(error) => {
            problem(ProblemKind::of_landmarks(&error), error.to_string());
            None
        }
    };
    if let Some(Problem { kind, detail, .. }) = landmarks.as_ref().and_then(|landmarks| coincident(label, landmarks)) {
        problem(kind, detail);
    }
    let Some(picture) = picture else { return looked };
    let size = [picture.width(), picture.height()];
    let (deviation, quality) = (deviation(&picture), Quality::of(&picture));
    if deviation < LEAST_DEVIATION {
        problem(ProblemKind::NearConstant, format!("brightness varies by {deviation:.1} grey levels only"));
    } else if let Some((kind, detail)) = quality.problem(entry.domain) {
        problem(kind, detail);
    }
    if let Some(landmarks) = landmarks {
        if let Some(detail) = cut_off(bounds(&landmarks.0), size) {
            problem(ProblemKind::FaceCutOff, detail);
        }
        let outside = points_outside(&landmarks, size);
        if !outside.is_empty() {
            let numbers = outside.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let detail = format!("landmarks {numbers} lie outside the {}x{} picture", size[0], size[1]);
            problem(ProblemKind::PointOutside, detail);
        }
        if let Some(name) = aligned_to(&landmarks.five_points(), size) {
            problem(
                ProblemKind::AlreadyAligned,
                format!("eyes, nose and mouth lie where the {name} template has them"),
            );
        }
    }
    looked.landmarks = landmarks;
    looked.quality = Some(quality);
    looked.print = Some(Fingerprint::of(&picture));
    looked
}

/// Standard deviation of the brightness in grey levels.
fn deviation(picture: &Picture) -> f64 {
    let luma = picture.luma();
    let (sum, squares) = luma.iter().fold((0u64, 0u64), |(sum, squares), &value| {
        let value = u64::from(value);
        (sum + value, squares + value * value)
    });
    let count = luma.len() as f64;
    let mean = sum as f64 / count;
    (squares as f64 / count - mean * mean).max(0.0).sqrt()
}

/// Every picture that looks like an earlier one.
fn duplicates(entries: &[(&Person, &Entry)], prints: &[Option<Fingerprint>]) -> Vec<Problem> {
    let earlier = |index: usize| {
        let print = prints[index].as_ref()?;
        (0..index).find(|&other| prints[other].as_ref().is_some_and(|other| print.looks_like(other)))
    };
    let problem = |(index, other): (usize, usize)| {
        let label = |index: usize| entries[index].0.label(entries[index].1);
        let is_same = prints[index].zip(prints[other]).is_some_and(|(one, other)| one.has_the_pixels_of(&other));
        let (kind, words) = if is_same {
            (ProblemKind::Duplicate, "has the same pixels as")
        } else {
            (ProblemKind::NearDuplicate, "looks the same as")
        };
        Problem { picture: label(index), kind, detail: format!("{words} {}", label(other)) }
    };
    let found: Vec<Option<usize>> = (0..entries.len()).into_par_iter().map(earlier).collect();
    found.into_iter().enumerate().filter_map(|(index, other)| Some(problem((index, other?)))).collect()
}

/// Protocols that cannot be read, and pictures they name that are not there. A derived dataset lacks pictures on purpose; its
/// coverage says how many.
fn protocol_problems(dataset: &Dataset) -> Vec<Problem> {
    let Some(folder) = dataset.protocols.as_ref().filter(|folder| folder.starts_with(&dataset.root)) else {
        return Vec::new();
    };
    match Protocols::read(folder) {
        Ok(protocols) => {
            let available = Available::of(dataset);
            let missing = protocols.missing_pictures(&available);
            let unsound = soundness::problems(&protocols, &available);
            protocols.problems.into_iter().chain(missing).chain(unsound).collect()
        }
        Err(error) => {
            let picture = folder.display().to_string();
            vec![Problem { picture, kind: ProblemKind::ListUnreadable, detail: error.to_string() }]
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;

    #[test]
    fn brightness_varies_by_its_standard_deviation() {
        let values: Vec<u8> = (0..12).map(|index| if index % 3 == 0 { 200 } else { 50 }).collect();
        // A third 200, two thirds 50: 150 times the root of 2/9.
        let expected = 150.0 * (2.0_f64 / 9.0).sqrt();
        let found = deviation(&Picture::from_grey(4, 3, &values).unwrap());
        assert!((found - expected).abs() < 1e-9, "{found}, expected {expected}");
        assert_eq!(deviation(&Picture::from_grey(4, 3, &[90; 12]).unwrap()), 0.0);
    }
}
