//! Artists: a technique, a hand, a palette, and what each of them likes to exaggerate.

use crate::drawing::noise::Dice;
use crate::synthetic::identity::{normal, spread};
use crate::synthetic::shape::traits::TRAIT_COUNT;

/// How an artist draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Technique {
    /// Ink lines with filled dark masses, no colour.
    InkLine,
    /// Pencil outlines with hatching.
    PencilHatching,
    /// Outlined areas of plain colour with one shade.
    FlatColour,
    /// Thin lines under diluted paint.
    Wash,
}

impl Technique {
    /// All techniques.
    pub const ALL: [Self; 4] = [Self::InkLine, Self::PencilHatching, Self::FlatColour, Self::Wash];

    /// The name that a manifest uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::InkLine => "ink_line",
            Self::PencilHatching => "pencil_hatching",
            Self::FlatColour => "flat_colour",
            Self::Wash => "wash",
        }
    }
}

/// One artist. Numbers 0, 1, 2 and 3 have different techniques, and so on in turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Artist {
    /// How the artist draws.
    pub technique: Technique,
    /// Width of lines relative to the technique's usual one.
    pub line: f32,
    /// How far lines wander, in pixels of a 256 pixel picture.
    pub wobble: f32,
    /// How much lines swell and thin, 0..=1.
    pub swell: f32,
    /// Direction of hatching in degrees.
    pub hatching_degrees: f32,
    /// Saturation of colours, about 1.
    pub saturation: f32,
    /// Strength of shade, about 1.
    pub shade: f32,
    /// Paper or background, RGB.
    pub paper: [u8; 3],
    /// Colour of the lines, RGB.
    pub ink: [u8; 3],
    /// How strongly each trait is exaggerated, about 1.
    pub emphasis: [f32; TRAIT_COUNT],
    /// How this artist likes the head in the picture: factor of its size.
    pub head: f32,
}

/// Number of artists of a dataset.
pub const ARTIST_COUNT: u64 = 8;

impl Artist {
    /// Artist number `number` of a seed.
    pub fn sample(seed: u64, number: u64) -> Self {
        let mut dice = Dice::new(spread(seed ^ 0xA271, number));
        let technique = Technique::ALL[(number % 4) as usize];
        const PAPERS: [[u8; 3]; 5] =
            [[252, 251, 247], [247, 243, 233], [240, 232, 214], [235, 238, 240], [255, 255, 255]];
        const SETTINGS: [[u8; 3]; 6] =
            [[196, 214, 224], [232, 214, 188], [206, 218, 196], [226, 202, 204], [250, 246, 236], [178, 190, 206]];
        const INKS: [[u8; 3]; 4] = [[18, 17, 20], [44, 34, 30], [30, 34, 52], [24, 24, 24]];
        let coloured = technique == Technique::FlatColour;
        Self {
            technique,
            line: dice.between(0.7, 1.5),
            wobble: dice.between(0.2, 0.9),
            swell: dice.between(0.3, 0.9),
            hatching_degrees: if dice.between(0.0, 1.0) < 0.7 {
                dice.between(-60.0, -30.0)
            } else {
                dice.between(30.0, 60.0)
            },
            saturation: dice.between(0.75, 1.35),
            shade: dice.between(0.7, 1.25),
            paper: if coloured { SETTINGS[dice.index(SETTINGS.len())] } else { PAPERS[dice.index(PAPERS.len())] },
            ink: if technique == Technique::PencilHatching { [52, 50, 52] } else { INKS[dice.index(INKS.len())] },
            emphasis: std::array::from_fn(|_| (1.0 + 0.45 * normal(&mut dice)).clamp(0.1, 2.0)),
            head: dice.between(0.95, 1.10),
        }
    }
}
