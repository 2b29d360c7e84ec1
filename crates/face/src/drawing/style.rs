//! Everything that can be set about a drawing.

use super::noise::Dice;
use crate::error::{Error, Result};

/// All settings of a drawing. Lengths are in units of 1/448 of the picture's height, so a style looks the same at every size.
#[derive(Clone, Debug, PartialEq)]
pub struct DrawingStyle {
    /// The lines.
    pub line: LineStyle,
    /// Light and shade.
    pub tone: ToneStyle,
    /// The strokes of [`ToneKind::Strokes`].
    pub strokes: StrokeStyle,
    /// The paper.
    pub paper: PaperStyle,
    /// Colour of the lines, RGB.
    pub line_colour: [u8; 3],
    /// Colour of the tone, RGB.
    pub tone_colour: [u8; 3],
    /// How far the drawing fades towards the corners, 0 (not at all) to 1 (to paper).
    pub vignette: f32,
    /// Strength of local contrast before drawing, 0..=2; brings out features in flat light.
    pub local_contrast: f32,
    /// Size of the tool against the picture, 0.5..=4: all strokes grow with it, as on a smaller sheet. 1 suits pictures of about 448
    /// pixels' height.
    pub tool: f32,
    /// How much of the background is drawn, 0 (none) to 1 (like the sitter).
    pub background: f32,
    /// How much the skin's own darkness counts as tone, 0 (skin stays mostly paper, whatever its colour and the light) to 1.
    pub complexion: f32,
    /// How vivid the photo's colours are in strokes and flat colours, 0..=3; 0 draws in the tone's colour alone.
    pub hue: f32,
}

/// The lines: extended difference of Gaussians, names as in Winnemöller et al. 2012.
#[derive(Clone, Debug, PartialEq)]
pub struct LineStyle {
    /// Deviation of the narrow Gaussian, 0.5..=6 units: about half the width of a line.
    pub width: f32,
    /// Weight `p` of the difference of Gaussians, 0..=100.
    pub sharpness: f32,
    /// `epsilon`, 0..=1.5: larger draws more and weaker lines.
    pub threshold: f32,
    /// `phi`, 0.5..=50: larger makes harder edges.
    pub softness: f32,
    /// Deviation of the smoothing along the flow, 0..=20 units: larger joins lines and removes specks.
    pub flow_length: f32,
    /// Share of the picture's own brightness in the threshold, 0..=1: larger fills dark masses such as hair.
    pub fill: f32,
    /// Darkness of the lines, 0..=1.
    pub strength: f32,
    /// How far lines wander, 0..=5 units.
    pub wobble: f32,
    /// How much the pressure varies, 0..=1.
    pub variation: f32,
}

/// Light and shade.
#[derive(Clone, Debug, PartialEq)]
pub struct ToneStyle {
    /// How tone is put down.
    pub kind: ToneKind,
    /// Darkness of the tone, 0..=1.
    pub strength: f32,
    /// Number of hatching directions (1..=3) or wash shades (2..=6).
    pub levels: u32,
    /// Distance of hatching lines or dots, size of grain, 1..=20 units.
    pub spacing: f32,
    /// Direction of the first hatching layer in degrees, any.
    pub angle_degrees: f32,
    /// Exponent of the tone curve, 0.3..=3; below 1 darkens the half-tones.
    pub gamma: f32,
}

/// Ways of putting tone on paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToneKind {
    /// Lines only.
    None,
    /// Pencil strokes in one to three directions.
    Hatching,
    /// Charcoal or soft pencil on rough paper.
    Grain,
    /// Diluted ink in a few shades.
    Wash,
    /// Dots.
    Stipple,
    /// Strokes that follow the form, as [`StrokeStyle`] says.
    Strokes,
    /// A few flat colours; as many as [`ToneStyle::levels`] says.
    Flat,
}

/// Strokes of [`ToneKind::Strokes`]: layers of evenly spaced, crossing strokes. Spacing, direction and number of layers are the tone's.
#[derive(Clone, Debug, PartialEq)]
pub struct StrokeStyle {
    /// Width of a stroke, 0.3..=20 units.
    pub width: f32,
    /// Length of a stroke, 5..=500 units.
    pub length: f32,
    /// How strongly strokes follow the form, 0 (the hand's own direction) to 1.
    pub follow: f32,
    /// How far strokes turn from the head's middle to its side, -2..=2 radians.
    pub bow: f32,
    /// Angle between the first and the second layer, 0..=90 degrees; the third turns the other way.
    pub crossing: f32,
    /// Darkness at which the first layer begins, 0..=0.8.
    pub onset: f32,
    /// How much further apart strokes are where it is light, 0..=4 times the spacing.
    pub sparse: f32,
    /// How much the width depends on the tone, 0..=1.
    pub swell: f32,
    /// How much the opacity depends on the tone, 0..=1.
    pub pressure: f32,
    /// Share of a stroke over which it runs out, 0..=1.
    pub taper: f32,
    /// How much the paper's tooth shows in a stroke, 0..=1.
    pub tooth: f32,
    /// Share of the tone that is rubbed in evenly, 0..=1.
    pub smudge: f32,
    /// How uneven spacing, length and pressure are, 0..=1.
    pub unevenness: f32,
    /// White chalk on the lights, 0..=1.
    pub highlight: f32,
}

/// The paper.
#[derive(Clone, Debug, PartialEq)]
pub struct PaperStyle {
    /// Its colour, RGB.
    pub colour: [u8; 3],
    /// How visible its fibres are, 0..=0.3.
    pub grain: f32,
}

impl Default for DrawingStyle {
    /// Pencil with hatching.
    fn default() -> Self {
        Self {
            line: LineStyle {
                width: 1.5,
                sharpness: 19.0,
                threshold: 0.84,
                softness: 4.5,
                flow_length: 5.0,
                fill: 0.2,
                strength: 0.92,
                wobble: 1.2,
                variation: 0.35,
            },
            tone: ToneStyle {
                kind: ToneKind::Hatching,
                strength: 0.8,
                levels: 3,
                spacing: 5.5,
                angle_degrees: -48.0,
                gamma: 1.0,
            },
            strokes: StrokeStyle::default(),
            paper: PaperStyle { colour: [249, 247, 242], grain: 0.06 },
            line_colour: [42, 42, 46],
            tone_colour: [70, 70, 76],
            vignette: 0.85,
            local_contrast: 0.3,
            tool: 1.0,
            background: 1.0,
            complexion: 0.0,
            hue: 0.0,
        }
    }
}

impl DrawingStyle {
    /// The same hand on another day: every setting varied a little, by seed, within its range.
    #[must_use]
    pub fn varied(&self, seed: u64) -> Self {
        let mut dice = Dice::new(seed ^ 0x0DD_DA15);
        let mut style = self.clone();
        style.line.width *= dice.between(0.85, 1.25);
        style.line.threshold += dice.between(-0.03, 0.02);
        style.line.softness *= dice.between(0.8, 1.4);
        style.line.flow_length *= dice.between(0.8, 1.4);
        style.line.strength = (style.line.strength * dice.between(0.85, 1.1)).min(1.0);
        style.line.wobble *= dice.between(0.4, 1.6);
        style.line.variation = (style.line.variation * dice.between(0.5, 1.4)).min(1.0);
        style.tone.strength = (style.tone.strength * dice.between(0.8, 1.15)).min(1.0);
        style.tone.spacing *= dice.between(0.85, 1.25);
        style.tone.gamma *= dice.between(0.85, 1.2);
        style.tone.angle_degrees += dice.between(-15.0, 15.0);
        if style.tone.kind == ToneKind::Hatching {
            style.tone.levels = 2 + dice.index(2) as u32;
            if dice.index(4) == 0 {
                style.tone.angle_degrees = -style.tone.angle_degrees; // a left-handed artist
            }
        }
        style.paper.grain *= dice.between(0.5, 1.5);
        let lighter = dice.between(-6.0, 4.0);
        style.paper.colour = style.paper.colour.map(|value| (f32::from(value) + lighter).clamp(0.0, 255.0) as u8);
        style.vignette = (style.vignette * dice.between(0.85, 1.1)).min(1.0);
        style.strokes.vary(&mut dice);
        style.background = (style.background * dice.between(0.3, 1.6)).min(1.0);
        style.complexion = (style.complexion * dice.between(0.5, 1.4)).min(1.0);
        style.hue *= dice.between(0.85, 1.2);
        style
    }

    /// Refuses settings outside their documented ranges.
    pub(super) fn check(&self) -> Result<()> {
        let (line, tone, strokes) = (&self.line, &self.tone, &self.strokes);
        let ranges = [
            ("line width", line.width, 0.5..=6.0, "0.5 to 6"),
            ("line sharpness", line.sharpness, 0.0..=100.0, "0 to 100"),
            ("line threshold", line.threshold, 0.0..=1.5, "0 to 1.5"),
            ("line softness", line.softness, 0.5..=50.0, "0.5 to 50"),
            ("line flow length", line.flow_length, 0.0..=20.0, "0 to 20"),
            ("line fill", line.fill, 0.0..=1.0, "0 to 1"),
            ("line strength", line.strength, 0.0..=1.0, "0 to 1"),
            ("line wobble", line.wobble, 0.0..=5.0, "0 to 5"),
            ("line variation", line.variation, 0.0..=1.0, "0 to 1"),
            ("tone strength", tone.strength, 0.0..=1.0, "0 to 1"),
            ("tone spacing", tone.spacing, 1.0..=20.0, "1 to 20"),
            ("tone angle", tone.angle_degrees, -3600.0..=3600.0, "-3600 to 3600"),
            ("tone gamma", tone.gamma, 0.3..=3.0, "0.3 to 3"),
            ("paper grain", self.paper.grain, 0.0..=0.3, "0 to 0.3"),
            ("vignette", self.vignette, 0.0..=1.0, "0 to 1"),
            ("local contrast", self.local_contrast, 0.0..=2.0, "0 to 2"),
            ("stroke width", strokes.width, 0.3..=20.0, "0.3 to 20"),
            ("stroke length", strokes.length, 5.0..=500.0, "5 to 500"),
            ("stroke follow", strokes.follow, 0.0..=1.0, "0 to 1"),
            ("stroke bow", strokes.bow, -2.0..=2.0, "-2 to 2"),
            ("stroke crossing", strokes.crossing, 0.0..=90.0, "0 to 90"),
            ("stroke onset", strokes.onset, 0.0..=0.8, "0 to 0.8"),
            ("stroke sparse", strokes.sparse, 0.0..=4.0, "0 to 4"),
            ("stroke swell", strokes.swell, 0.0..=1.0, "0 to 1"),
            ("stroke pressure", strokes.pressure, 0.0..=1.0, "0 to 1"),
            ("stroke taper", strokes.taper, 0.0..=1.0, "0 to 1"),
            ("stroke tooth", strokes.tooth, 0.0..=1.0, "0 to 1"),
            ("stroke smudge", strokes.smudge, 0.0..=1.0, "0 to 1"),
            ("stroke unevenness", strokes.unevenness, 0.0..=1.0, "0 to 1"),
            ("stroke highlight", strokes.highlight, 0.0..=1.0, "0 to 1"),
            ("tool", self.tool, 0.5..=4.0, "0.5 to 4"),
            ("background", self.background, 0.0..=1.0, "0 to 1"),
            ("complexion", self.complexion, 0.0..=1.0, "0 to 1"),
            ("hue", self.hue, 0.0..=3.0, "0 to 3"),
        ];
        for (what, value, range, expected) in ranges {
            if !range.contains(&value) {
                return Err(Error::OutOfRange { what, expected, found: value.to_string() });
            }
        }
        Ok(())
    }
}

impl Default for StrokeStyle {
    /// A pencil's strokes.
    fn default() -> Self {
        Self {
            width: 2.0,
            length: 60.0,
            follow: 0.35,
            bow: 0.0,
            crossing: 35.0,
            onset: 0.08,
            sparse: 0.8,
            swell: 0.4,
            pressure: 0.7,
            taper: 0.3,
            tooth: 0.7,
            smudge: 0.2,
            unevenness: 0.5,
            highlight: 0.0,
        }
    }
}

impl StrokeStyle {
    fn vary(&mut self, dice: &mut Dice) {
        self.width *= dice.between(0.85, 1.2);
        self.length *= dice.between(0.7, 1.4);
        self.follow = (self.follow * dice.between(0.75, 1.25)).min(1.0);
        self.bow += dice.between(-0.15, 0.15);
        self.onset *= dice.between(0.7, 1.4);
        self.sparse *= dice.between(0.7, 1.3);
        self.tooth = (self.tooth * dice.between(0.8, 1.2)).min(1.0);
        self.smudge = (self.smudge * dice.between(0.6, 1.4)).min(1.0);
        self.unevenness = (self.unevenness * dice.between(0.7, 1.3)).min(1.0);
        self.highlight = (self.highlight * dice.between(0.5, 1.3)).min(1.0);
    }
}
