//! Tone and colour of drawings, technique by technique.

use super::artist::{Artist, Technique};
use super::ink::Ink;
use super::layers::{Layer, Material};
use crate::drawing::plane::{Plane, smoothstep};
use crate::drawing::{ToneKind, ToneStyle, noise, tone};
use crate::error::Result;
use crate::picture::Picture;
use crate::synthetic::photo::scene::pixel_samples;
use crate::synthetic::shape::vector::{mix, mix_colour, scale_colour};

/// Puts lines and tone onto paper; colours here are coded as in files, 0..=1.
pub(crate) fn paint(layers: &[Layer], ink: &Ink, artist: &Artist, side_px: usize, seed: u64) -> Result<Picture> {
    let canvas = Canvas { layers, ink, artist, side_px, seed };
    let ground = match artist.technique {
        Technique::InkLine => canvas.ink(),
        Technique::PencilHatching => canvas.pencil(),
        Technique::FlatColour => canvas.flat(),
        Technique::Wash => canvas.wash(),
    };
    canvas.finish(&ground)
}

struct Canvas<'a> {
    layers: &'a [Layer],
    ink: &'a Ink,
    artist: &'a Artist,
    side_px: usize,
    seed: u64,
}

impl Canvas<'_> {
    fn paper(&self) -> [f32; 3] {
        self.artist.paper.map(|value| f32::from(value) / 255.0)
    }

    /// Mean over a pixel's samples.
    fn mean<const N: usize>(&self, x: usize, y: usize, value: impl Fn(&Layer) -> [f32; N]) -> [f32; N] {
        let samples = pixel_samples(x, y, self.ink.side);
        let mut sum = [0.0; N];
        for index in samples {
            let one = value(&self.layers[index]);
            (0..N).for_each(|k| sum[k] += one[k]);
        }
        sum.map(|total| total / samples.len() as f32)
    }

    /// How much of the drawing stays towards the lower edge.
    fn kept(&self, x: usize, y: usize) -> f32 {
        let (u, v) = (x as f32 / self.side_px as f32, y as f32 / self.side_px as f32);
        let ragged = 0.10 * (noise::fractal(self.seed ^ 0x71, u * 9.0, v * 9.0, 2) - 0.5);
        smoothstep(1.02, 0.86, v + ragged + 0.10 * (2.0 * u - 1.0).powi(2))
    }

    /// A plane of the wanted darkness from every sample's.
    fn darkness(&self, value: impl Fn(&Layer) -> f32 + Sync) -> Plane {
        Plane::from_fn(self.side_px, self.side_px, |x, y| self.mean(x, y, |layer| [value(layer)])[0] * self.kept(x, y))
    }

    fn tone(&self, darkness: &Plane, kind: ToneKind, spacing: f32, levels: u32, strength: f32) -> Plane {
        let style = ToneStyle {
            kind,
            strength: (strength * self.artist.shade).clamp(0.0, 1.0),
            levels,
            spacing,
            angle_degrees: self.artist.hatching_degrees,
            gamma: 1.0,
        };
        tone::draw_tone(darkness, &style, self.side_px as f32 / 448.0, self.seed ^ 0x70E)
    }

    fn pixels(&self, colour: impl Fn(usize, usize) -> [f32; 3]) -> Vec<[f32; 3]> {
        (0..self.side_px * self.side_px).map(|index| colour(index % self.side_px, index / self.side_px)).collect()
    }

    /// Black where things are dark, sparse hatching in shade.
    fn ink(&self) -> Vec<[f32; 3]> {
        let seed = self.seed;
        let black = self.darkness(|layer| match layer.material {
            Material::Pupil => 1.0,
            Material::Iris => 0.75,
            Material::Mouth => 1.0,
            Material::Hair | Material::Beard => {
                let [across, along] = layer.strand;
                let lock = noise::smooth(seed ^ 0x81, across * 8.0, along * 1.3);
                let dark = smoothstep(0.16, 0.05, luminance(layer.colour));
                dark * smoothstep(0.86, 0.72, layer.light + 0.45 * (lock - 0.5))
            }
            Material::Cloth => smoothstep(0.06, 0.03, luminance(layer.colour)),
            Material::Glasses => smoothstep(0.2, 0.1, luminance(layer.colour)),
            _ => 0.0,
        });
        let shade = self.darkness(|layer| match layer.material {
            Material::Skin | Material::Ear | Material::Cloth => {
                0.75 * smoothstep(0.62, 0.28, layer.light) + 0.22 * smoothstep(0.30, 0.08, luminance(layer.colour))
            }
            Material::Lip => 0.42,
            _ => 0.0,
        });
        let hatching = self.tone(&shade, ToneKind::Hatching, 6.0, 2, 0.95);
        let (paper, pen) = (self.paper(), self.pen());
        self.pixels(|x, y| mix_colour(paper, pen, black.at(x, y).max(hatching.at(x, y))))
    }

    fn pencil(&self) -> Vec<[f32; 3]> {
        let wanted = self.darkness(|layer| {
            let own = 1.0 - luminance(layer.colour).powf(1.0 / 2.4);
            let shade = smoothstep(1.0, 0.25, layer.light);
            match layer.material {
                Material::Paper => 0.0,
                Material::EyeWhite | Material::Teeth => 0.12 * shade,
                Material::Pupil | Material::Mouth => 1.0,
                Material::Hair | Material::Beard => 0.62 * own + 0.45 * shade,
                Material::Skin | Material::Ear => 0.34 * own + 0.56 * shade,
                _ => 0.60 * own + 0.42 * shade,
            }
        });
        let hatching = self.tone(&wanted, ToneKind::Hatching, 5.2, 3, 0.85);
        let smudge = wanted.blurred(self.side_px as f32 / 150.0);
        let (paper, pen) = (self.paper(), self.pen());
        self.pixels(|x, y| mix_colour(paper, pen, (hatching.at(x, y) + 0.16 * smudge.at(x, y)).min(1.0)))
    }

    /// Plain areas with one step of shade.
    fn flat(&self) -> Vec<[f32; 3]> {
        let paper = self.paper();
        self.pixels(|x, y| {
            self.mean(x, y, |layer| {
                if layer.material == Material::Paper {
                    return paper;
                }
                let plain = self.saturated(coded(layer.colour));
                let plain = mix_colour(plain, [plain[0], plain[1] * 0.80, plain[2] * 0.80], 0.8 * layer.blush);
                let shade = smoothstep(0.66, 0.60, layer.light) * 0.85 + smoothstep(0.40, 0.36, layer.light) * 0.5;
                let gloss = match layer.material {
                    Material::Hair => {
                        let lock = noise::smooth(self.seed ^ 0x91, layer.strand[0] * 7.0, layer.strand[1]) - 0.5;
                        0.45 * smoothstep(0.93, 0.97, layer.light + 0.16 * lock)
                    }
                    _ => 0.0,
                };
                let depth = match layer.material {
                    Material::EyeWhite | Material::Teeth => 0.10,
                    Material::Iris | Material::Pupil => 0.0,
                    _ => 0.27 * self.artist.shade,
                };
                // Shade is cooler than light.
                let dark = std::array::from_fn(|k| plain[k] * (1.0 - depth * shade * [1.0, 1.08, 0.85][k]));
                mix_colour(dark, [1.0; 3], 0.35 * gloss)
            })
        })
    }

    /// Transparent paint in layers that run a little over their borders.
    fn wash(&self) -> Vec<[f32; 3]> {
        let unit = self.side_px as f32 / 256.0;
        let channel = |k: usize| {
            let plane = Plane::from_fn(self.side_px, self.side_px, |x, y| {
                self.mean(x, y, |layer| {
                    let colour = self.saturated(coded(layer.colour));
                    let warm = if k == 0 { 0.0 } else { 0.22 * layer.blush };
                    [if layer.material == Material::Paper { 0.0 } else { (1.0 - colour[k]) * (1.0 - warm) + warm }]
                })[0]
            });
            plane.blurred(1.1 * unit)
        };
        let pigments = [channel(0), channel(1), channel(2)];
        let wanted = self.darkness(|layer| match layer.material {
            Material::Paper => 0.0,
            Material::EyeWhite | Material::Teeth => 0.25 * smoothstep(1.0, 0.4, layer.light),
            _ => 0.30 + 0.70 * smoothstep(1.0, 0.3, layer.light),
        });
        let washed = self.tone(&wanted, ToneKind::Wash, 9.0, 4, 0.95);
        let paper = self.paper();
        self.pixels(|x, y| {
            let (u, v) = (x as f32 / unit, y as f32 / unit);
            let kept = self.kept(x, y);
            let granules = 0.82 + 0.36 * noise::fractal(self.seed ^ 0xA1, u / 7.0, v / 7.0, 3);
            let shade = washed.at(x, y);
            std::array::from_fn(|k| {
                let paint = pigments[k].at(x, y) * kept * (0.50 + 0.38 * shade) * granules;
                let cool = [1.0, 0.96, 0.84][k];
                paper[k] * (1.0 - paint).max(0.0) * (1.0 - 0.30 * shade * cool * kept)
            })
        })
    }

    fn pen(&self) -> [f32; 3] {
        self.artist.ink.map(|value| f32::from(value) / 255.0)
    }

    fn saturated(&self, colour: [f32; 3]) -> [f32; 3] {
        let grey = (colour[0] + colour[1] + colour[2]) / 3.0;
        colour.map(|value| mix(grey, value, self.artist.saturation).clamp(0.0, 1.0))
    }

    /// Lines over the ground, with the tooth of the paper.
    fn finish(&self, ground: &[[f32; 3]]) -> Result<Picture> {
        let pen = self.pen();
        let fades = self.artist.technique != Technique::FlatColour;
        let tooth = match self.artist.technique {
            Technique::PencilHatching => 0.55,
            Technique::Wash => 0.25,
            _ => 0.0,
        };
        let grain = if self.artist.technique == Technique::FlatColour { 0.0 } else { 0.035 };
        let mut pixels = Vec::with_capacity(3 * ground.len());
        for (index, colour) in ground.iter().enumerate() {
            let (x, y) = (index % self.side_px, index / self.side_px);
            let samples = pixel_samples(x, y, self.ink.side);
            let mut line = samples.iter().map(|&sample| self.ink.darkness[sample]).sum::<f32>() / samples.len() as f32;
            let unit = self.side_px as f32 / 256.0;
            let fibres = noise::fractal(self.seed ^ 0xC1, x as f32 / (1.6 * unit), y as f32 / (1.6 * unit), 2) - 0.5;
            line *= 1.0 - tooth * (fibres + 0.5);
            if fades {
                line *= smoothstep(0.0, 0.5, self.kept(x, y));
            }
            let drawn = scale_colour(mix_colour(*colour, pen, line), 1.0 + grain * fibres);
            pixels.extend(drawn.map(|value| (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8));
        }
        Picture::from_rgb(self.side_px, self.side_px, pixels)
    }
}

fn luminance(colour: [f32; 3]) -> f32 {
    0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2]
}

/// Linear light to a file's coding, brightened as paint is.
fn coded(colour: [f32; 3]) -> [f32; 3] {
    colour.map(|value| (value * 1.25).clamp(0.0, 1.0).powf(1.0 / 2.2))
}
