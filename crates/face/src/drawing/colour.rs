//! The photo's colours, as pencils and paints take them.

use rayon::prelude::*;

use super::noise;
use super::plane::Plane;
use crate::picture::Picture;

/// Colours of the photo at the size it is drawn at, levels stretched like the brightness, about 0..=1 a channel.
pub(super) struct Colours {
    pub(super) channels: [Plane; 3],
    /// How vivid they are drawn; 1 is the photo.
    pub(super) vividness: f32,
}

impl Colours {
    /// `photo` at the drawing's size; `low` and `high` are the brightness that becomes 0 and 1.
    pub(super) fn new(photo: &Picture, (low, high): (f32, f32), blur: f32, vividness: f32) -> Self {
        let channels = std::array::from_fn(|k| {
            let values = photo
                .pixels()
                .par_chunks_exact(3)
                .map(|rgb| ((f32::from(rgb[k]) / 255.0 - low) / (high - low)).clamp(0.0, 1.0))
                .collect();
            Plane { width: photo.width(), height: photo.height(), values }.blurred(blur)
        });
        Self { channels, vividness }
    }

    pub(super) fn at(&self, index: usize) -> [f32; 3] {
        std::array::from_fn(|k| self.channels[k].values[index])
    }

    /// How much pigment a place needs: 0 where it is white.
    pub(super) fn need(&self) -> Plane {
        let [red, green, blue] = &self.channels;
        Plane::from_fn(red.width, red.height, |x, y| {
            let (r, g, b) = (red.at(x, y), green.at(x, y), blue.at(x, y));
            let luma = 0.299 * r + 0.587 * g + 0.114 * b;
            (0.55 * (1.0 - luma) + 0.45 * (1.0 - r.min(g).min(b))).clamp(0.0, 1.0)
        })
    }

    /// The pencil for a stroke through a place, 0..=255: stronger than the photo, because paper shines between strokes; `depth` from 1.
    pub(super) fn pencil(&self, x: f32, y: f32, depth: f32, seed: u64, number: i64) -> [f32; 3] {
        let colour: [f32; 3] = std::array::from_fn(|k| self.channels[k].sample(x, y));
        let jitter = |k: usize| 0.06 * (noise::random(seed, number, k as i64) - 0.5);
        let darker = 0.08 * (noise::random(seed, number, 7) - 0.5);
        let strong = pigment(vivid(colour, self.vividness), 1.1 * depth);
        std::array::from_fn(|k| 255.0 * (strong[k] + jitter(k) + darker).clamp(0.03, 0.97))
    }

    /// The colours of all places as even pigment, 0..=255.
    pub(super) fn pigments(&self) -> Vec<[f32; 3]> {
        (0..self.channels[0].values.len())
            .into_par_iter()
            .map(|index| {
                pigment(vivid(self.at(index), self.vividness), 1.1).map(|value| 255.0 * value.clamp(0.03, 0.97))
            })
            .collect()
    }
}

/// Further from grey.
pub(super) fn vivid(colour: [f32; 3], strength: f32) -> [f32; 3] {
    let grey = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2];
    colour.map(|value| grey + strength * (value - grey))
}

/// Further from white.
fn pigment(colour: [f32; 3], strength: f32) -> [f32; 3] {
    colour.map(|value| 1.0 - strength * (1.0 - value))
}
