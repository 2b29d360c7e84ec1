//! A dataset in numbers: people, pictures, sizes, colours.

use rayon::prelude::*;

use crate::dataset::{Dataset, Entry, Layout, Person, Problem, ProblemKind};
use crate::domain::Domain;
use crate::error::Error;
use crate::picture::Header;

/// What [`summarise`] counts.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    /// How it lies on disk.
    pub layout: Layout,
    /// People.
    pub people: usize,
    /// Drawings listed.
    pub drawings: usize,
    /// Photos listed.
    pub photos: usize,
    /// Pictures for which a landmark file exists.
    pub landmarks: usize,
    /// Readable pictures with three channels.
    pub colour: usize,
    /// Readable pictures with one channel.
    pub grey: usize,
    /// Width and height of the readable pictures in pixels; `None` if there are none.
    pub sizes: Option<Sizes>,
    /// Pictures whose header cannot be read.
    pub problems: Vec<Problem>,
}

/// Sizes in pixels, `[width, height]`; ordered by area.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Sizes {
    /// The smallest picture.
    pub smallest: [usize; 2],
    /// The one in the middle.
    pub median: [usize; 2],
    /// The largest.
    pub largest: [usize; 2],
    /// How many sizes there are.
    pub different: usize,
}

/// Counts people, pictures, sizes and colours; reads headers only.
pub fn summarise(dataset: &Dataset, done: impl Fn() + Sync) -> Summary {
    let entries: Vec<(&Person, &Entry)> = dataset.entries().collect();
    let headers: Vec<Result<Header, Error>> = entries
        .par_iter()
        .map(|(_, entry)| {
            let header = Header::read(&entry.picture);
            done();
            header
        })
        .collect();
    let mut problems = dataset.problems.clone();
    let mut read = Vec::new();
    for ((person, entry), header) in entries.iter().zip(headers) {
        match header {
            Ok(header) => read.push(header),
            Err(error) => {
                let (picture, kind) = (person.label(entry), ProblemKind::of_picture(&error));
                problems.push(Problem { picture, kind, detail: error.to_string() });
            }
        }
    }
    let mut sizes: Vec<[usize; 2]> = read.iter().map(|header| [header.width, header.height]).collect();
    sizes.sort_by_key(|&[width, height]| (width * height, width));
    let median = sizes.get(sizes.len() / 2).copied();
    let ends = (sizes.first().copied(), sizes.last().copied());
    sizes.dedup();
    let sizes = match (ends, median) {
        ((Some(smallest), Some(largest)), Some(median)) => {
            Some(Sizes { smallest, median, largest, different: sizes.len() })
        }
        _ => None,
    };
    let count = |domain| entries.iter().filter(|(_, entry)| entry.domain == domain).count();
    let grey = read.iter().filter(|header| header.grey).count();
    Summary {
        layout: dataset.layout,
        people: dataset.people.len(),
        drawings: count(Domain::Drawing),
        photos: count(Domain::Photo),
        landmarks: entries
            .iter()
            .filter(|(_, entry)| entry.landmarks.as_ref().is_some_and(|path| path.is_file()))
            .count(),
        colour: read.len() - grey,
        grey,
        sizes,
        problems,
    }
}
