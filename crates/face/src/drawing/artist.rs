//! A few artists with settings of their own.

use super::noise::Dice;
use super::style::{DrawingStyle, LineStyle, PaperStyle, ToneKind, ToneStyle};
use crate::error::{Error, Result};

/// Artists with a style of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Artist {
    /// Clean ink lines with filled dark masses.
    InkLine,
    /// Pencil outlines with hatching.
    PencilHatching,
    /// Soft charcoal.
    Charcoal,
    /// Ink lines with diluted ink.
    Wash,
    /// Ink lines with dots.
    Stipple,
    /// Reddish chalk on toned paper.
    Sanguine,
}

impl Artist {
    /// All artists.
    pub const ALL: [Self; 6] =
        [Self::InkLine, Self::PencilHatching, Self::Charcoal, Self::Wash, Self::Stipple, Self::Sanguine];

    /// The name by which the artist is chosen on a command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::InkLine => "ink",
            Self::PencilHatching => "pencil",
            Self::Charcoal => "charcoal",
            Self::Wash => "wash",
            Self::Stipple => "stipple",
            Self::Sanguine => "sanguine",
        }
    }

    /// The artist of that name.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] listing the names.
    pub fn from_name(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|artist| artist.name() == name).ok_or_else(|| Error::OutOfRange {
            what: "artist",
            expected: "ink, pencil, charcoal, wash, stipple or sanguine",
            found: name.to_owned(),
        })
    }

    /// The artist's usual settings.
    pub fn style(self) -> DrawingStyle {
        match self {
            Self::InkLine => ink_line(),
            Self::PencilHatching => DrawingStyle::default(),
            Self::Charcoal => charcoal(),
            Self::Wash => wash(),
            Self::Stipple => stipple(),
            Self::Sanguine => sanguine(),
        }
    }
}

fn ink_line() -> DrawingStyle {
    let base = DrawingStyle::default();
    DrawingStyle {
        line: LineStyle {
            width: 1.6,
            sharpness: 17.0,
            fill: 0.75,
            threshold: 0.5,
            softness: 8.0,
            strength: 1.0,
            ..base.line
        },
        tone: ToneStyle { kind: ToneKind::None, ..base.tone },
        line_colour: [18, 18, 22],
        ..base
    }
}

fn charcoal() -> DrawingStyle {
    let base = DrawingStyle::default();
    DrawingStyle {
        line: LineStyle { width: 2.0, softness: 2.2, strength: 0.8, variation: 0.5, ..base.line },
        tone: ToneStyle { kind: ToneKind::Grain, strength: 0.85, spacing: 3.2, gamma: 1.0, ..base.tone },
        paper: PaperStyle { colour: [240, 236, 228], grain: 0.08 },
        line_colour: [30, 28, 28],
        tone_colour: [38, 36, 36],
        ..base
    }
}

fn wash() -> DrawingStyle {
    let base = DrawingStyle::default();
    DrawingStyle {
        line: LineStyle { width: 1.4, strength: 0.95, ..base.line },
        tone: ToneStyle { kind: ToneKind::Wash, strength: 0.8, levels: 4, spacing: 9.0, gamma: 1.1, ..base.tone },
        paper: PaperStyle { colour: [250, 247, 240], grain: 0.05 },
        line_colour: [28, 26, 34],
        tone_colour: [62, 64, 80],
        ..base
    }
}

fn stipple() -> DrawingStyle {
    let base = DrawingStyle::default();
    DrawingStyle {
        line: LineStyle { fill: 0.4, threshold: 0.74, ..base.line },
        tone: ToneStyle { kind: ToneKind::Stipple, strength: 0.95, spacing: 4.6, gamma: 1.5, ..base.tone },
        line_colour: [20, 20, 24],
        tone_colour: [24, 24, 28],
        ..base
    }
}

fn sanguine() -> DrawingStyle {
    let base = DrawingStyle::default();
    DrawingStyle {
        line: LineStyle { width: 1.7, softness: 3.0, strength: 0.9, ..base.line },
        tone: ToneStyle { kind: ToneKind::Hatching, strength: 0.75, spacing: 6.0, angle_degrees: 50.0, ..base.tone },
        paper: PaperStyle { colour: [243, 230, 208], grain: 0.09 },
        line_colour: [110, 42, 26],
        tone_colour: [150, 66, 40],
        ..base
    }
}

impl DrawingStyle {
    /// A style drawn at random: one of the artists with settings varied around their usual ones. The same seed gives the same style.
    pub fn sample(seed: u64) -> Self {
        let mut dice = Dice::new(seed ^ 0x5EED_5717_1E00);
        let artist = Artist::ALL[dice.index(Artist::ALL.len())];
        artist.style().varied(seed)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;

    #[test]
    fn every_artist_and_sample_is_within_the_ranges() {
        for artist in Artist::ALL {
            assert_eq!(Artist::from_name(artist.name()).unwrap(), artist);
            artist.style().check().unwrap();
        }
        for seed in 0..500 {
            DrawingStyle::sample(seed).check().unwrap();
        }
        assert_eq!(DrawingStyle::sample(5), DrawingStyle::sample(5));
        assert!(Artist::from_name("nobody").unwrap_err().to_string().contains("charcoal"));
    }
}
