//! Techniques: families of styles for photos, each with a hand that varies by seed.

use sha2::{Digest, Sha256};

use super::artist::Artist;
use super::noise::Dice;
use super::portrait::draw_portrait;
use super::style::{DrawingStyle, LineStyle, PaperStyle, StrokeStyle, ToneKind, ToneStyle};
use crate::error::{Error, Result};
use crate::picture::Picture;
use crate::transform::Point;

/// Ways of drawing a photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Technique {
    /// Graphite: hatching with pressure over rubbed tone.
    Pencil,
    /// Coloured pencils on white paper.
    ColouredPencil,
    /// Charcoal: broad dark strokes, much of it rubbed.
    Charcoal,
    /// Red chalk on toned paper, with white chalk on the lights.
    Sanguine,
    /// Pen and black ink: crossing lines.
    PenHatching,
    /// Wood engraving: long lines along the form that swell with the tone.
    Woodcut,
    /// Pen and diluted ink.
    Wash,
    /// A few flat colours with outlines.
    Cartoon,
}

/// White to warm drawing papers.
const WHITE_PAPERS: [[u8; 3]; 4] = [[252, 252, 252], [250, 248, 243], [247, 243, 234], [244, 244, 242]];
/// Toned papers for chalks.
const TONED_PAPERS: [[u8; 3]; 4] = [[243, 230, 208], [232, 214, 186], [226, 217, 203], [238, 222, 196]];
/// Red chalks, earths and browns.
const CHALKS: [[u8; 3]; 4] = [[150, 62, 38], [128, 48, 32], [142, 76, 44], [112, 58, 40]];

impl Technique {
    /// All techniques.
    pub const ALL: [Self; 8] = [
        Self::Pencil,
        Self::ColouredPencil,
        Self::Charcoal,
        Self::Sanguine,
        Self::PenHatching,
        Self::Woodcut,
        Self::Wash,
        Self::Cartoon,
    ];

    /// The name by which the technique is chosen on a command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pencil => "pencil",
            Self::ColouredPencil => "coloured-pencil",
            Self::Charcoal => "charcoal",
            Self::Sanguine => "sanguine",
            Self::PenHatching => "pen-hatching",
            Self::Woodcut => "woodcut",
            Self::Wash => "wash",
            Self::Cartoon => "cartoon",
        }
    }

    /// The technique of that name.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] listing the names.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|technique| technique.name() == name).ok_or_else(|| Error::OutOfRange {
            what: "technique",
            expected: "pencil, coloured-pencil, charcoal, sanguine, pen-hatching, woodcut, wash or cartoon",
            found: name.to_owned(),
        })
    }

    /// Whether drawings show the photo's colours; others depend on its brightness alone (and on its background).
    pub fn keeps_colours(self) -> bool {
        matches!(self, Self::ColouredPencil | Self::Cartoon)
    }

    /// A style of this technique, varied by seed: paper, tool, direction of the hand, pressure.
    pub fn style(self, seed: u64) -> DrawingStyle {
        let mut dice = Dice::new(seed ^ 0x7EC4);
        let style = match self {
            Self::Pencil => pencil(&mut dice),
            Self::ColouredPencil => coloured_pencil(&mut dice),
            Self::Charcoal => charcoal(&mut dice),
            Self::Sanguine => sanguine(&mut dice),
            Self::PenHatching => pen_hatching(&mut dice),
            Self::Woodcut => woodcut(&mut dice),
            Self::Wash => wash(&mut dice),
            Self::Cartoon => cartoon(&mut dice),
        };
        let levels = style.tone.levels;
        let mut style = style.varied(seed);
        style.tone.levels = levels;
        style
    }

    /// A seed for the drawing of a photo that is called `name`: it depends on nothing but name, technique and `seed`.
    pub fn seed_for(self, name: &str, seed: u64) -> u64 {
        let digest = Sha256::digest(format!("{seed}:{}:{name}", self.name()));
        u64::from_le_bytes(std::array::from_fn(|index| digest[index]))
    }

    /// Draws a photo in this technique, with the seed's hand; `landmarks` are the 68 of the face in pixels, where they are known.
    ///
    /// # Errors
    /// None that a photo could cause.
    pub fn draw(self, photo: &Picture, landmarks: Option<&[Point; 68]>, seed: u64) -> Result<Picture> {
        draw_portrait(photo, landmarks, &self.style(seed), seed)
    }
}

fn one_of<T: Copy>(dice: &mut Dice, choices: &[T]) -> T {
    choices[dice.index(choices.len())]
}

fn pencil(dice: &mut Dice) -> DrawingStyle {
    let base = DrawingStyle::default();
    let lead = dice.between(34.0, 62.0) as u8;
    DrawingStyle {
        line: LineStyle { width: 1.35, strength: 0.85, softness: 3.6, threshold: 0.83, fill: 0.15, ..base.line },
        tone: ToneStyle {
            kind: ToneKind::Strokes,
            strength: 0.72,
            levels: 2 + dice.index(2) as u32,
            spacing: dice.between(3.4, 4.6),
            gamma: 1.0,
            ..base.tone
        },
        strokes: StrokeStyle {
            crossing: dice.between(18.0, 50.0),
            width: 2.4,
            smudge: dice.between(0.1, 0.4),
            follow: dice.between(0.25, 0.6),
            ..base.strokes
        },
        paper: PaperStyle { colour: one_of(dice, &WHITE_PAPERS), grain: 0.05 },
        line_colour: [lead; 3],
        tone_colour: [lead.saturating_add(8); 3],
        complexion: 0.5,
        background: dice.between(0.0, 0.5),
        local_contrast: 0.4,
        ..base
    }
}

fn coloured_pencil(dice: &mut Dice) -> DrawingStyle {
    let base = DrawingStyle::default();
    DrawingStyle {
        line: LineStyle { width: 1.2, strength: 0.6, softness: 3.0, threshold: 0.82, fill: 0.1, ..base.line },
        tone: ToneStyle {
            kind: ToneKind::Strokes,
            strength: 0.62,
            levels: 3,
            spacing: dice.between(3.0, 3.8),
            gamma: 1.0,
            ..base.tone
        },
        strokes: StrokeStyle {
            crossing: dice.between(15.0, 40.0),
            width: 2.6,
            length: 50.0,
            onset: 0.04,
            sparse: 0.5,
            smudge: dice.between(0.7, 0.95),
            follow: dice.between(0.3, 0.6),
            tooth: 0.35,
            pressure: 0.8,
            ..base.strokes
        },
        paper: PaperStyle { colour: one_of(dice, &WHITE_PAPERS), grain: 0.05 },
        line_colour: one_of(dice, &[[52, 40, 40], [44, 42, 58], [60, 46, 36]]),
        background: dice.between(0.0, 0.5),
        hue: 1.45,
        ..base
    }
}

fn charcoal(dice: &mut Dice) -> DrawingStyle {
    let base = DrawingStyle::default();
    DrawingStyle {
        line: LineStyle {
            width: 2.3,
            softness: 2.4,
            strength: 0.85,
            threshold: 0.82,
            fill: 0.35,
            variation: 0.5,
            ..base.line
        },
        tone: ToneStyle {
            kind: ToneKind::Strokes,
            strength: 0.85,
            levels: 2,
            spacing: dice.between(5.5, 7.5),
            gamma: 0.95,
            ..base.tone
        },
        strokes: StrokeStyle {
            crossing: dice.between(15.0, 40.0),
            width: 7.0,
            length: 70.0,
            onset: 0.12,
            smudge: dice.between(0.4, 0.75),
            follow: dice.between(0.3, 0.7),
            tooth: 0.95,
            unevenness: 0.7,
            ..base.strokes
        },
        paper: PaperStyle { colour: one_of(dice, &[[250, 250, 248], [240, 238, 232], [232, 231, 228]]), grain: 0.08 },
        line_colour: [28; 3],
        tone_colour: [34; 3],
        complexion: 0.5,
        background: dice.between(0.0, 0.6),
        local_contrast: 0.45,
        ..base
    }
}

fn sanguine(dice: &mut Dice) -> DrawingStyle {
    let base = DrawingStyle::default();
    let chalk = one_of(dice, &CHALKS);
    DrawingStyle {
        line: LineStyle { width: 1.7, softness: 3.0, strength: 0.9, fill: 0.2, ..base.line },
        tone: ToneStyle {
            kind: ToneKind::Strokes,
            strength: 0.8,
            levels: 2 + dice.index(2) as u32,
            spacing: dice.between(4.2, 5.6),
            angle_degrees: -50.0,
            ..base.tone
        },
        strokes: StrokeStyle {
            crossing: dice.between(18.0, 50.0),
            width: 3.6,
            smudge: dice.between(0.2, 0.5),
            follow: dice.between(0.3, 0.6),
            tooth: 0.85,
            highlight: if dice.index(3) == 0 { 0.0 } else { 0.7 },
            ..base.strokes
        },
        paper: PaperStyle { colour: one_of(dice, &TONED_PAPERS), grain: 0.08 },
        line_colour: chalk.map(|value| (f32::from(value) * 0.78) as u8),
        tone_colour: chalk,
        complexion: 0.45,
        background: dice.between(0.0, 0.4),
        local_contrast: 0.4,
        ..base
    }
}

fn pen_hatching(dice: &mut Dice) -> DrawingStyle {
    let ink = Artist::InkLine.style();
    DrawingStyle {
        line: LineStyle { width: 1.3, fill: 0.45, threshold: 0.62, softness: 9.0, ..ink.line },
        tone: ToneStyle {
            kind: ToneKind::Strokes,
            strength: 1.0,
            levels: 3,
            spacing: dice.between(4.2, 5.4),
            gamma: 1.15,
            ..ink.tone
        },
        strokes: StrokeStyle {
            crossing: dice.between(25.0, 65.0),
            width: dice.between(1.3, 1.8),
            length: 55.0,
            follow: dice.between(0.35, 0.75),
            bow: dice.between(-0.3, 0.3),
            onset: 0.14,
            sparse: 0.6,
            swell: 0.35,
            pressure: 0.0,
            taper: 0.25,
            tooth: 0.0,
            smudge: 0.0,
            unevenness: 0.35,
            ..ink.strokes
        },
        paper: PaperStyle { colour: one_of(dice, &WHITE_PAPERS), grain: 0.03 },
        tone_colour: [20; 3],
        line_colour: [18; 3],
        complexion: 0.45,
        background: dice.between(0.0, 0.5),
        local_contrast: 0.5,
        ..ink
    }
}

fn woodcut(dice: &mut Dice) -> DrawingStyle {
    let ink = Artist::InkLine.style();
    let spacing = dice.between(4.8, 6.4);
    DrawingStyle {
        line: LineStyle {
            width: 1.5,
            fill: 0.35,
            threshold: 0.62,
            softness: 12.0,
            wobble: 0.6,
            variation: 0.0,
            ..ink.line
        },
        tone: ToneStyle {
            kind: ToneKind::Strokes,
            strength: 1.0,
            levels: 1,
            spacing,
            angle_degrees: if dice.index(2) == 0 { dice.between(-20.0, 20.0) } else { dice.between(-60.0, 60.0) },
            gamma: 1.15,
        },
        strokes: StrokeStyle {
            width: spacing * 0.86,
            length: 160.0,
            follow: dice.between(0.6, 0.85),
            bow: dice.between(0.2, 0.6) * if dice.index(2) == 0 { 1.0 } else { -1.0 },
            onset: 0.05,
            sparse: 0.0,
            swell: 0.95,
            pressure: 0.0,
            taper: 0.15,
            tooth: 0.0,
            smudge: 0.0,
            unevenness: 0.12,
            ..ink.strokes
        },
        paper: PaperStyle { colour: one_of(dice, &WHITE_PAPERS), grain: 0.03 },
        tone_colour: [14; 3],
        line_colour: [14; 3],
        complexion: 0.4,
        background: dice.between(0.0, 0.7),
        local_contrast: 0.7,
        ..ink
    }
}

fn wash(dice: &mut Dice) -> DrawingStyle {
    let base = Artist::Wash.style();
    let ink = dice.between(58.0, 82.0) as u8;
    DrawingStyle {
        tone: ToneStyle { levels: 3 + dice.index(3) as u32, ..base.tone },
        paper: PaperStyle { colour: one_of(dice, &WHITE_PAPERS), grain: 0.05 },
        line_colour: [26; 3],
        tone_colour: [ink; 3],
        complexion: 0.45,
        background: dice.between(0.0, 0.5),
        ..base
    }
}

fn cartoon(dice: &mut Dice) -> DrawingStyle {
    let ink = Artist::InkLine.style();
    DrawingStyle {
        line: LineStyle { width: 1.5, fill: 0.25, threshold: 0.72, softness: 10.0, variation: 0.1, ..ink.line },
        tone: ToneStyle { kind: ToneKind::Flat, strength: 1.0, levels: 7 + dice.index(5) as u32, ..ink.tone },
        paper: PaperStyle { colour: [252, 251, 248], grain: 0.0 },
        line_colour: one_of(dice, &[[26, 22, 26], [44, 26, 22], [20, 24, 44]]),
        vignette: 0.0,
        background: if dice.index(2) == 0 { 1.0 } else { 0.15 },
        hue: 1.35,
        ..ink
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;

    #[test]
    fn names_are_parsed_and_styles_stay_within_their_ranges() {
        for technique in Technique::ALL {
            assert_eq!(Technique::parse(technique.name()).unwrap(), technique);
            for seed in 0..200 {
                technique.style(seed).check().unwrap();
            }
        }
        assert!(Technique::parse("oil").unwrap_err().to_string().contains("woodcut"));
    }
}
