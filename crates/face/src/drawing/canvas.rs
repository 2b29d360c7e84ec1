//! Paper, and pigment on it.

use rayon::prelude::*;

use super::noise;
use super::plane::{Plane, smoothstep};
use super::style::PaperStyle;
use crate::error::Result;
use crate::picture::Picture;

/// A drawing being made, in colour, 0..=255 a channel.
pub(super) struct Canvas {
    pub(super) width: usize,
    pub(super) height: usize,
    pixels: Vec<[f32; 3]>,
    /// Share of the pigment that stays: rough paper takes less in its hollows.
    takes: Plane,
}

impl Canvas {
    /// Empty paper; `unit` is the number of pixels per style unit.
    pub(super) fn paper(width: usize, height: usize, style: &PaperStyle, unit: f32, seed: u64) -> Self {
        let clouds = Plane::slowly(width, height, 8, |x, y| {
            noise::fractal(seed ^ 1, x as f32 / (160.0 * unit), y as f32 / (160.0 * unit), 2) - 0.5
        });
        let paper = Plane::from_fn(width, height, |x, y| {
            if style.grain <= 0.0 {
                return 1.0;
            }
            let fibres = noise::fractal(seed, x as f32 / (3.5 * unit), y as f32 / (3.5 * unit), 3) - 0.5;
            1.0 + style.grain * (fibres + 0.6 * clouds.at(x, y))
        });
        let pixels = paper.values.iter().map(|&value| style.colour.map(|channel| f32::from(channel) * value)).collect();
        let takes = paper.map(|value| (1.0 - 3.0 * (value - 1.0).max(0.0)).clamp(0.6, 1.0));
        Self { width, height, pixels, takes }
    }

    /// Lays an even tone of one colour, as dark as `tone` says, 0..=1.
    pub(super) fn tone(&mut self, tone: &Plane, colour: [u8; 3]) {
        let colour = colour.map(f32::from);
        self.pixels.par_iter_mut().enumerate().for_each(|(index, pixel)| {
            *pixel = mix_colour(*pixel, colour, tone.values[index] * self.takes.values[index]);
        });
    }

    /// Lays colours (`[height, width]`, 0..=255) with a share of 0..=1 a place.
    pub(super) fn colours(&mut self, colours: &[[f32; 3]], share: impl Fn(usize) -> f32 + Sync) {
        self.pixels.par_iter_mut().enumerate().for_each(|(index, pixel)| {
            *pixel = mix_colour(*pixel, colours[index], share(index) * self.takes.values[index]);
        });
    }

    /// Lays lines, which never lighten what they cross. They reach further out than tone: `kept` as for the vignette.
    pub(super) fn lines(&mut self, lines: &Plane, kept: &Plane, colour: [u8; 3]) {
        let colour = colour.map(f32::from);
        self.pixels.par_iter_mut().enumerate().for_each(|(index, pixel)| {
            let line = lines.values[index] * smoothstep(0.0, 0.4, kept.values[index]) * self.takes.values[index];
            let darker = std::array::from_fn(|k| colour[k].min(pixel[k]));
            *pixel = mix_colour(*pixel, darker, line);
        });
    }

    /// Lays one place of a stroke.
    pub(super) fn stamp(&mut self, index: usize, colour: [f32; 3], share: f32) {
        self.pixels[index] = mix_colour(self.pixels[index], colour, share);
    }

    pub(super) fn into_picture(self) -> Result<Picture> {
        let pixels = self.pixels.iter().flat_map(|pixel| pixel.map(|value| (value + 0.5) as u8)).collect();
        Picture::from_rgb(self.width, self.height, pixels)
    }
}

fn mix_colour(from: [f32; 3], to: [f32; 3], share: f32) -> [f32; 3] {
    std::array::from_fn(|k| from[k] + (to[k] - from[k]) * share)
}
