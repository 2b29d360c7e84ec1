//! Parts of a face, and how much each is to grow.

use crate::error::{Error, Result};
use crate::landmarks::mesh::{Eye, IBUG, OUTLINE};

/// A part of a face.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Forehead: the outline above the temples.
    Forehead,
    /// Eyebrows.
    Brows,
    /// Eyes.
    Eyes,
    /// Nose.
    Nose,
    /// Mouth.
    Mouth,
    /// Jaw, chin and cheeks: the outline below the temples.
    Jaw,
}

impl Part {
    /// All parts, from top to bottom.
    pub const ALL: [Self; 6] = [Self::Forehead, Self::Brows, Self::Eyes, Self::Nose, Self::Mouth, Self::Jaw];

    /// The part's name on a command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Forehead => "forehead",
            Self::Brows => "brows",
            Self::Eyes => "eyes",
            Self::Nose => "nose",
            Self::Mouth => "mouth",
            Self::Jaw => "jaw",
        }
    }

    /// The part of that name.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] listing the names.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|part| part.name() == name).ok_or_else(|| Error::OutOfRange {
            what: "part of a face",
            expected: "forehead, brows, eyes, nose, mouth or jaw",
            found: name.to_owned(),
        })
    }
}

/// The largest amount.
const LARGEST_AMOUNT: f64 = 2.0;

/// How much each part grows: 0 leaves it as it is, 1 is what a caricaturist would do, 2 the most.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Amounts([f64; 6]);

impl Amounts {
    /// The same for all parts.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for an amount that is not 0 to 2.
    pub fn all(amount: f64) -> Result<Self> {
        Self::of_parts(&Part::ALL.map(|part| (part, amount)))
    }

    /// Of each of some parts; the others stay as they are.
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub fn of_parts(parts: &[(Part, f64)]) -> Result<Self> {
        let mut amounts = [0.0; 6];
        for (part, amount) in parts {
            if !(0.0..=LARGEST_AMOUNT).contains(amount) {
                return Err(Error::OutOfRange { what: "exaggeration", expected: "0 to 2", found: amount.to_string() });
            }
            amounts[*part as usize] = *amount;
        }
        Ok(Self(amounts))
    }

    /// That of a part.
    pub fn of(&self, part: Part) -> f64 {
        self.0[part as usize]
    }

    /// The largest of all.
    pub fn largest(&self) -> f64 {
        self.0.into_iter().fold(0.0, f64::max)
    }

    /// All of them times a share of 0 to 1.
    #[must_use]
    pub fn times(&self, share: f64) -> Self {
        Self(self.0.map(|amount| amount * share.clamp(0.0, 1.0)))
    }
}

/// The vertices that a bend is controlled by, and the part that each belongs to: iBUG's points, the face's outline and the eyes'.
pub(super) fn control_vertices() -> Vec<(usize, Part)> {
    let of_ibug = |index: usize| match index {
        0..=16 => Part::Jaw,
        17..=26 => Part::Brows,
        27..=35 => Part::Nose,
        36..=47 => Part::Eyes,
        _ => Part::Mouth,
    };
    let mut controls: Vec<(usize, Part)> =
        IBUG.iter().enumerate().map(|(index, vertex)| (*vertex, of_ibug(index))).collect();
    let eyes = [Eye::Left, Eye::Right].into_iter().flat_map(Eye::outline).map(|vertex| (vertex, Part::Eyes));
    // The outline runs clockwise from the middle of the forehead; the temples are 6 steps away on either side.
    let outline = OUTLINE.iter().enumerate().map(|(index, vertex)| {
        let from_top = index.min(OUTLINE.len() - index);
        (*vertex, if from_top <= TEMPLES { Part::Forehead } else { Part::Jaw })
    });
    for (vertex, part) in eyes.chain(outline) {
        if controls.iter().all(|(known, _)| *known != vertex) {
            controls.push((vertex, part));
        }
    }
    controls
}

/// Steps along the outline from the middle of the forehead to the temples.
const TEMPLES: usize = 6;

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;

    #[test]
    fn amounts_stay_within_their_range_and_parts_have_names() {
        assert!(Amounts::all(2.5).is_err() && Amounts::all(f64::NAN).is_err() && Amounts::all(-0.1).is_err());
        let amounts = Amounts::of_parts(&[(Part::parse("nose").unwrap(), 1.5)]).unwrap();
        assert_eq!((amounts.of(Part::Nose), amounts.of(Part::Jaw), amounts.largest()), (1.5, 0.0, 1.5));
        assert!(Part::parse("ears").unwrap_err().to_string().contains("forehead"));
        assert!(Part::ALL.iter().all(|part| control_vertices().iter().any(|(_, other)| other == part)));
    }
}
