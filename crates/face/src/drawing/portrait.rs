//! From a photo to its drawing: what is on the photo, then paper, tone and lines.

use super::canvas::Canvas;
use super::colour::Colours;
use super::flat::Flat;
use super::flow::Flow;
use super::head::{self, Head};
use super::lines;
use super::plane::{Plane, smoothstep};
use super::strokes::{self, Scene};
use super::style::{DrawingStyle, ToneKind};
use super::tone;
use crate::edit::resample;
use crate::error::Result;
use crate::picture::Picture;
use crate::transform::Point;

/// Height of a picture in style units.
const UNITS: f32 = 448.0;
/// Smallest height that is drawn at; smaller pictures are drawn at this height and shrunk.
const SMALLEST_HEIGHT: usize = 384;
/// Largest height that is drawn at; larger pictures are drawn at this height and enlarged.
const LARGEST_HEIGHT: usize = 1344;
/// Largest area that is drawn at, in pixels, whatever the shape.
const LARGEST_AREA: f64 = 3_000_000.0;

/// Draws a photo in a style; the drawing has the photo's size. The same photo, style and seed give the same bytes, on any number of
/// threads.
///
/// Best for portraits with the face in the middle; from 64 to about 1300 pixels high. Smaller pictures are enlarged for drawing and
/// shrunk again.
///
/// # Errors
/// [`crate::Error::OutOfRange`] for a setting outside its documented range.
pub fn draw(photo: &Picture, style: &DrawingStyle, seed: u64) -> Result<Picture> {
    draw_portrait(photo, None, style, seed)
}

/// As [`draw`], with the 68 landmarks of the face (iBUG's order, pixels of the photo), which say where the head is.
///
/// # Errors
/// As [`draw`].
pub fn draw_portrait(
    photo: &Picture,
    landmarks: Option<&[Point; 68]>,
    style: &DrawingStyle,
    seed: u64,
) -> Result<Picture> {
    style.check()?;
    let study = Study::new(photo, landmarks, style);
    let fades = study.fades(photo, style, seed ^ 0x7160);
    let lines = lines::draw_lines(&study.luma, &study.flow, &fades.tone, &style.line, study.tip, seed);
    let (width, height) = (lines.width, lines.height);
    let mut canvas = Canvas::paper(width, height, &style.paper, study.unit, seed ^ 0x9A_9E12);
    study.lay_tone(&mut canvas, &fades, style, seed ^ 0x70_0E);
    canvas.lines(&lines, &fades.lines, style.line_colour);
    Ok(resample(&canvas.into_picture()?, photo.width(), photo.height()))
}

/// What is seen on the photo before anything is drawn.
struct Study {
    head: Head,
    /// The photo at the size that is drawn at.
    photo: Picture,
    /// The brightness that becomes 0 and 1.
    levels: (f32, f32),
    /// Brightness, smoothed along the flow.
    luma: Plane,
    flow: Flow,
    /// Pixels per style unit.
    unit: f32,
    /// Pixels per style unit for lines: `unit` times the size of the tool to the power of 0.35, so that a coarse tool
    /// still draws the details of a face.
    tip: f32,
}

/// How much of the drawing stays, 0..=1.
struct Fades {
    tone: Plane,
    lines: Plane,
    /// How much a place belongs to the sitter, where that counts.
    sitter: Option<Plane>,
}

impl Study {
    fn new(photo: &Picture, landmarks: Option<&[Point; 68]>, style: &DrawingStyle) -> Self {
        let head = landmarks.map_or(Head::USUAL, |points| Head::of_landmarks(points, photo.width(), photo.height()));
        let (width, height) = working_size(photo);
        let unit = height as f32 / UNITS;
        let tip = unit * style.tool.powf(0.35);
        let enlarged = height as f32 / photo.height() as f32;
        let photo = resample(photo, width, height);
        let (luma, levels) = prepare(&photo, enlarged, &head, tip, style.local_contrast);
        let luma = Flow::new(&luma, 3.0 * tip).smooth_along(&luma, 2.5 * tip);
        let flow = Flow::new(&luma, 2.5 * tip);
        Self { head, photo, levels, luma, flow, unit, tip }
    }

    fn fades(&self, photo: &Picture, style: &DrawingStyle, seed: u64) -> Fades {
        let (width, height) = (self.luma.width, self.luma.height);
        let vignette = head::vignette(width, height, style.vignette, self.unit, seed);
        let counts = style.background < 1.0 || style.tone.kind == ToneKind::Flat;
        let sitter = counts.then(|| head::sitter(photo, &self.head, width, height));
        let (mut tone, mut lines) = (vignette.clone(), vignette);
        if let Some(sitter) = sitter.as_ref().filter(|_| style.background < 1.0) {
            let behind = style.background;
            tone = tone.times(&sitter.map(|belongs| behind + (1.0 - behind) * belongs));
            // Lines stand out more than tone: behind the sitter they fade sooner.
            let least = 0.4 * behind * behind;
            lines = lines.times(&sitter.map(|belongs| least + (1.0 - least) * smoothstep(0.15, 0.65, belongs)));
        }
        Fades { tone, lines, sitter }
    }

    fn lay_tone(&self, canvas: &mut Canvas, fades: &Fades, style: &DrawingStyle, seed: u64) {
        let unit = self.unit * style.tool;
        let grey = || shade(&self.luma, &fades.tone, &self.head, style, unit);
        let colours = |vividness: f32| Colours::new(&self.photo, self.levels, 1.2 * self.tip, vividness);
        let (head, kept) = (&self.head, &fades.tone);
        match style.tone.kind {
            ToneKind::Flat => {
                let (colours, sitter) = (&colours(style.hue), fades.sitter.as_ref());
                let flat = Flat { colours, flow: &self.flow, head, sitter, style, unit: self.tip, seed };
                canvas.colours(&flat.paint(), |index| style.tone.strength * kept.values[index]);
            }
            ToneKind::Strokes => {
                let colours = (style.hue > 0.0).then(|| colours(style.hue));
                let darkness = colours.as_ref().map_or_else(grey, |colours| {
                    colours.need().blurred(unit).map(|need| need.powf(style.tone.gamma)).times(kept)
                });
                let (luma, darkness, colours) = (&self.luma, &darkness, colours.as_ref());
                strokes::draw_strokes(canvas, &Scene { luma, darkness, kept, head, colours, unit, seed }, style);
            }
            _ => canvas.tone(&tone::draw_tone(&grey(), &style.tone, unit, seed), style.tone_colour),
        }
    }
}

fn working_size(photo: &Picture) -> (usize, usize) {
    let height = photo.height().clamp(SMALLEST_HEIGHT, LARGEST_HEIGHT) as f64;
    let width = height * photo.width() as f64 / photo.height() as f64;
    // Extreme shapes shrink until their area is bounded, too.
    let shrink = (LARGEST_AREA / (width * height)).sqrt().min(1.0);
    let side = |length: f64| ((length * shrink).round() as usize).clamp(8, 30_000);
    (side(width), side(height))
}

/// The photo's brightness, about 0..=1: smoothed to the photo's own resolution, levels stretched, local contrast raised; and the
/// brightness that becomes 0 and 1. `enlarged` says how far the photo was enlarged.
fn prepare(photo: &Picture, enlarged: f32, head: &Head, unit: f32, local_contrast: f32) -> (Plane, (f32, f32)) {
    let (width, height) = (photo.width(), photo.height());
    let raw = Plane { width, height, values: photo.luma().into_iter().map(|v| f32::from(v) / 255.0).collect() };
    // An enlarged picture shows its pixels as facets: smooth them away.
    let plain = raw.blurred(0.45 * (enlarged - 1.0).max(0.0) + 0.5 * unit);
    let high = plain.percentile(0.98, |x, y| head.holds(x, y, width, height));
    // A flat picture is all light, not all shade.
    let low = plain.percentile(0.02, |x, y| head.holds(x, y, width, height)).min(high - 0.15);
    let stretched = plain.map(|value| ((value - low) / (high - low)).clamp(-0.1, 1.1));
    let wide = stretched.blurred(28.0 * unit);
    let luma = Plane::from_fn(width, height, |x, y| {
        let value = stretched.at(x, y);
        value + local_contrast * (value - wide.at(x, y))
    });
    (luma, (low, high))
}

/// The shade that the tone layer should have, 0 (paper) to 1.
fn shade(smooth: &Plane, kept: &Plane, head: &Head, style: &DrawingStyle, unit: f32) -> Plane {
    let luma = smooth.blurred(2.6 * unit);
    let (width, height) = (luma.width, luma.height);
    let light = luma.percentile(0.70, |x, y| head.holds(x, y, width, height));
    let light = light + style.complexion * (0.95 - light).max(0.0);
    let dark = luma.percentile(0.04, |x, y| head.holds(x, y, width, height)).min(light - 0.2);
    Plane::from_fn(width, height, |x, y| {
        let share = ((light - luma.at(x, y)) / (light - dark)).clamp(0.0, 1.0);
        share.powf(style.tone.gamma) * kept.at(x, y)
    })
}
