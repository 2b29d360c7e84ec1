//! Drawings from photos without learning: lines and tone as an artist puts them on paper.
//!
//! Lines are a flow-based extended difference of Gaussians (Winnemöller, Kyprianidis, Olsen 2012, Computers & Graphics 36); tone is
//! hatching, grain, wash or dots of this project's own making. Everything is a function of photo, style and seed alone.

mod canvas;
mod colour;
mod field;
mod flat;
mod flow;
mod head;
mod lines;
pub(crate) mod noise;
pub(crate) mod plane;
mod streamlines;
mod strokes;
mod style;
mod technique;
pub(crate) mod tone;

pub use style::{Artist, DrawingStyle, LineStyle, PaperStyle, StrokeStyle, ToneKind, ToneStyle};
pub use technique::Technique;

use crate::error::Result;
use crate::geometry::Point;
use crate::picture::Picture;
use crate::resample;
use canvas::Canvas;
use colour::Colours;
use flat::Flat;
use flow::Flow;
use head::Head;
use plane::{Plane, smoothstep};
use strokes::Scene;

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
    let head = landmarks.map_or(Head::USUAL, |points| Head::of_landmarks(points, photo.width(), photo.height()));
    let (width, height) = working_size(photo);
    let plain_unit = height as f32 / UNITS;
    let unit = plain_unit * style.tool;
    // A coarse tool loses details of a face last: lines are drawn with its tip.
    let tip = plain_unit * style.tool.powf(0.35);
    let resized = resample::resize(photo, width, height);
    let enlarged = height as f32 / photo.height() as f32;
    let (luma, levels) = prepare(&resized, enlarged, &head, tip, style.local_contrast);
    let flow = Flow::new(&luma, 3.0 * tip);
    let smooth = flow.smooth_along(&luma, 2.5 * tip);
    let flow = Flow::new(&smooth, 2.5 * tip);

    let vignette = head::vignette(width, height, style.vignette, plain_unit, seed ^ 0x7160);
    let sitter = (style.background < 1.0 || style.tone.kind == ToneKind::Flat)
        .then(|| head::sitter(photo, &head, width, height));
    let (mut kept, mut lines_kept) = (vignette.clone(), vignette);
    if let Some(sitter) = sitter.as_ref().filter(|_| style.background < 1.0) {
        let behind = style.background;
        kept = kept.times(&sitter.map(|belongs| behind + (1.0 - behind) * belongs));
        // Lines stand out more than tone: behind the sitter they fade sooner, at its rim later.
        let (low, reach) = (0.4 * behind * behind, 1.0 - 0.4 * behind * behind);
        lines_kept = lines_kept.times(&sitter.map(|belongs| low + reach * smoothstep(0.05, 0.5, belongs)));
    }
    let lines = lines::draw_lines(&smooth, &flow, &kept, &style.line, tip, seed);
    let mut canvas = Canvas::paper(width, height, &style.paper, plain_unit, seed ^ 0x9A_9E12);
    let seed = seed ^ 0x70_0E;
    let colours = (style.hue > 0.0).then(|| Colours::new(&resized, levels, 1.2 * tip, style.hue));
    match (style.tone.kind, &colours) {
        (ToneKind::Flat, Some(colours)) => {
            let flat = Flat { colours, flow: &flow, head: &head, sitter: sitter.as_ref(), style, unit: tip, seed };
            canvas.colours(&flat.paint(), |index| style.tone.strength * kept.values[index]);
        }
        (ToneKind::Strokes, colours) => {
            let darkness = match colours {
                Some(colours) => colours.need().blurred(unit).map(|need| need.powf(style.tone.gamma)).times(&kept),
                None => shade(&smooth, &kept, &head, style.tone.gamma, unit),
            };
            let (luma, darkness, kept, head) = (&smooth, &darkness, &kept, &head);
            let scene = Scene { luma, darkness, kept, head, colours: colours.as_ref(), unit, seed };
            strokes::draw_strokes(&mut canvas, &scene, style);
        }
        _ => {
            let darkness = shade(&smooth, &kept, &head, style.tone.gamma, unit);
            canvas.tone(&tone::draw_tone(&darkness, &style.tone, unit, seed), style.tone_colour);
        }
    }
    canvas.lines(&lines, &lines_kept, style.line_colour);
    Ok(resample::resize(&canvas.into_picture()?, photo.width(), photo.height()))
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

/// The shade that the tone layer should have, 0 (paper) to 1: skin stays mostly paper, whatever its colour and the light.
fn shade(smooth: &Plane, kept: &Plane, head: &Head, gamma: f32, unit: f32) -> Plane {
    let luma = smooth.blurred(2.6 * unit);
    let (width, height) = (luma.width, luma.height);
    let light = luma.percentile(0.70, |x, y| head.holds(x, y, width, height));
    let dark = luma.percentile(0.04, |x, y| head.holds(x, y, width, height)).min(light - 0.2);
    Plane::from_fn(width, height, |x, y| {
        let share = ((light - luma.at(x, y)) / (light - dark)).clamp(0.0, 1.0);
        share.powf(gamma) * kept.at(x, y)
    })
}
