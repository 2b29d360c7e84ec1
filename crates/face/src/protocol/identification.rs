//! Face identification: who of the gallery is the probe?

use std::path::Path;

use super::lines::{Line, Lines, PersonCount, PictureName};
use crate::error::Result;

/// What is looked up among what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub enum Direction {
    /// Drawings (probes) among photos (gallery).
    C2P,
    /// Photos among drawings.
    P2C,
}

impl Direction {
    /// `C2P` or `P2C`, as files are named.
    pub fn name(self) -> &'static str {
        match self {
            Self::C2P => "C2P",
            Self::P2C => "P2C",
        }
    }
}

/// View 1 or one of the ten sets of view 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    /// View 1.
    Development,
    /// Set 1 to 10 of view 2.
    Numbered(u8),
}

impl Set {
    /// View 1, then sets 1 to 10 of view 2.
    pub fn all() -> impl Iterator<Item = Self> {
        std::iter::once(Self::Development).chain((1..=10).map(Self::Numbered))
    }

    fn suffix(self) -> String {
        match self {
            Self::Development => "_dev".to_owned(),
            Self::Numbered(number) => number.to_string(),
        }
    }
}

/// One identification task.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Identification {
    /// People to train with.
    pub training: Vec<PersonCount>,
    /// One picture of each person to be found.
    pub gallery: Vec<PictureName>,
    /// Pictures to look up.
    pub probes: Vec<PictureName>,
}

/// Reads `FR_Train…`, `FR_Gallery_…` and `FR_Probe_…` of one set.
///
/// # Errors
/// [`crate::Error::ReadText`], [`crate::Error::Protocol`].
pub fn identification(protocols: &Path, direction: Direction, set: Set) -> Result<Identification> {
    let folder = protocols.join("FaceIdentification");
    let (name, suffix) = (direction.name(), set.suffix());
    let pictures = |kind: &str| pictures(&folder.join(name).join(format!("FR_{kind}_{name}{suffix}.txt")));
    Ok(Identification {
        training: people(&folder.join(format!("FR_Train{suffix}.txt")))?,
        gallery: pictures("Gallery")?,
        probes: pictures("Probe")?,
    })
}

fn people(path: &Path) -> Result<Vec<PersonCount>> {
    let mut lines = Lines::read(path)?;
    let mut people = Vec::new();
    while let Some(line) = lines.next()? {
        match line {
            Line::Person(person) => people.push(person),
            Line::Number(_) if people.is_empty() => {} // some files start with the number of lines
            _ => return Err(lines.wrong("a person with the numbers of drawings and photos")),
        }
    }
    Ok(people)
}

fn pictures(path: &Path) -> Result<Vec<PictureName>> {
    let mut lines = Lines::read(path)?;
    let mut pictures = Vec::new();
    while let Some(line) = lines.next()? {
        match line {
            Line::Picture(picture) => pictures.push(picture),
            Line::Number(_) if pictures.is_empty() => {}
            _ => return Err(lines.wrong("a person and a picture")),
        }
    }
    Ok(pictures)
}
