//! Drawings from photos without learning: lines and tone as an artist puts them on paper.
//!
//! Lines are a flow-based extended difference of Gaussians (Winnemöller, Kyprianidis, Olsen 2012, Computers & Graphics 36); tone is
//! hatching, grain, wash or dots of this project's own making. Everything is a function of photo, style and seed alone.

mod flow;
mod lines;
pub(crate) mod noise;
pub(crate) mod plane;
mod style;
pub(crate) mod tone;

pub use style::{Artist, DrawingStyle, LineStyle, PaperStyle, ToneKind, ToneStyle};

use crate::edit::resample;
use crate::error::Result;
use crate::picture::Picture;
use flow::Flow;
use plane::{Plane, smoothstep};

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
    style.check()?;
    let (width, height) = working_size(photo);
    let unit = height as f32 / UNITS;
    let luma = prepare(photo, width, height, unit, style.local_contrast);
    let flow = Flow::new(&luma, 3.0 * unit);
    let smooth = flow.smooth_along(&luma, 2.5 * unit);
    let flow = Flow::new(&smooth, 2.5 * unit);

    let kept = vignette(width, height, style.vignette, unit, seed ^ 0x7160);
    let lines = lines::draw_lines(&smooth, &flow, &kept, &style.line, unit, seed);
    let darkness = shade(&smooth, &kept, style.tone.gamma, unit);
    let tone = tone::draw_tone(&darkness, &style.tone, unit, seed ^ 0x70_0E);
    let drawing = put_on_paper(&lines, &tone, &kept, style, unit, seed ^ 0x9A_9E12)?;
    Ok(resample(&drawing, photo.width(), photo.height()))
}

fn working_size(photo: &Picture) -> (usize, usize) {
    let height = photo.height().clamp(SMALLEST_HEIGHT, LARGEST_HEIGHT) as f64;
    let width = height * photo.width() as f64 / photo.height() as f64;
    // Extreme shapes shrink until their area is bounded, too.
    let shrink = (LARGEST_AREA / (width * height)).sqrt().min(1.0);
    let side = |length: f64| ((length * shrink).round() as usize).clamp(8, 30_000);
    (side(width), side(height))
}

/// The photo's brightness, about 0..=1: smoothed to the photo's own resolution, levels stretched, local contrast raised.
fn prepare(photo: &Picture, width: usize, height: usize, unit: f32, local_contrast: f32) -> Plane {
    let grey = resample(photo, width, height).luma();
    let raw = Plane { width, height, values: grey.into_iter().map(|v| f32::from(v) / 255.0).collect() };
    // An enlarged picture shows its pixels as facets: smooth them away.
    let enlarged = height as f32 / photo.height() as f32;
    let plain = raw.blurred(0.45 * (enlarged - 1.0).max(0.0) + 0.5 * unit);
    let high = plain.percentile(0.98, |x, y| in_middle(x, y, width, height));
    // A flat picture is all light, not all shade.
    let low = plain.percentile(0.02, |x, y| in_middle(x, y, width, height)).min(high - 0.15);
    let stretched = plain.map(|value| ((value - low) / (high - low)).clamp(-0.1, 1.1));
    let wide = stretched.blurred(28.0 * unit);
    Plane::from_fn(width, height, |x, y| {
        let value = stretched.at(x, y);
        value + local_contrast * (value - wide.at(x, y))
    })
}

/// The ellipse in which a portrait has its head.
fn in_middle(x: usize, y: usize, width: usize, height: usize) -> bool {
    let across = (x as f32 + 0.5) / width as f32 - 0.5;
    let down = (y as f32 + 0.5) / height as f32 - 0.52;
    (across / 0.42).powi(2) + (down / 0.46).powi(2) < 1.0
}

/// How much of the drawing stays, 1 in the middle, fading towards the corners by `strength` along an uneven border.
fn vignette(width: usize, height: usize, strength: f32, unit: f32, seed: u64) -> Plane {
    Plane::from_fn(width, height, |x, y| {
        let across = ((x as f32 + 0.5) / width as f32 - 0.5).abs() / 0.54;
        let down = ((y as f32 + 0.5) / height as f32 - 0.48).abs() / 0.58;
        let distance = (across.powf(2.6) + down.powf(2.6)).powf(1.0 / 2.6);
        let uneven = (noise::fractal(seed, x as f32 / (30.0 * unit), y as f32 / (30.0 * unit), 2) - 0.5) * 0.3;
        1.0 - strength * smoothstep(0.72, 1.06, distance + uneven)
    })
}

/// The shade that the tone layer should have, 0 (paper) to 1: skin stays mostly paper, whatever its colour and the light.
fn shade(smooth: &Plane, kept: &Plane, gamma: f32, unit: f32) -> Plane {
    let luma = smooth.blurred(2.6 * unit);
    let (width, height) = (luma.width, luma.height);
    let light = luma.percentile(0.70, |x, y| in_middle(x, y, width, height));
    let dark = luma.percentile(0.04, |x, y| in_middle(x, y, width, height)).min(light - 0.2);
    Plane::from_fn(width, height, |x, y| {
        let share = ((light - luma.at(x, y)) / (light - dark)).clamp(0.0, 1.0);
        share.powf(gamma) * kept.at(x, y)
    })
}

/// Lines over tone over paper, in colour.
fn put_on_paper(
    lines: &Plane,
    tone: &Plane,
    kept: &Plane,
    style: &DrawingStyle,
    unit: f32,
    seed: u64,
) -> Result<Picture> {
    let (width, height) = (lines.width, lines.height);
    let paper = Plane::from_fn(width, height, |x, y| {
        let (u, v) = (x as f32 / unit, y as f32 / unit);
        let fibres = noise::fractal(seed, u / 3.5, v / 3.5, 3) - 0.5;
        let clouds = noise::fractal(seed ^ 1, u / 160.0, v / 160.0, 2) - 0.5;
        1.0 + style.paper.grain * (fibres + 0.6 * clouds)
    });
    let mut pixels = Vec::with_capacity(3 * width * height);
    for index in 0..width * height {
        // Lines reach further out than tone.
        let line = lines.values[index] * smoothstep(0.0, 0.4, kept.values[index]);
        // Rough paper takes less pigment in its hollows.
        let pigment = (1.0 - 3.0 * (paper.values[index] - 1.0).max(0.0)).clamp(0.6, 1.0);
        for channel in 0..3 {
            let ground = f32::from(style.paper.colour[channel]) * paper.values[index];
            let toned = mix(ground, f32::from(style.tone_colour[channel]), tone.values[index] * pigment);
            let drawn = mix(toned, f32::from(style.line_colour[channel]).min(toned), line * pigment);
            pixels.push((drawn + 0.5) as u8);
        }
    }
    Picture::from_rgb(width, height, pixels)
}

fn mix(from: f32, to: f32, share: f32) -> f32 {
    from + (to - from) * share
}
