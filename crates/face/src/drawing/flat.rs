//! Flat colours: a few of them, with outlines over them.
//!
//! Colours are smoothed along the flow and, by value, across it (orientation-aligned bilateral filter: Kyprianidis and Döllner 2008, "Image
//! abstraction by structure adaptive filtering"), then quantised (Winnemöller, Olsen, Gooch 2006, "Real-time video abstraction", whose
//! luminance steps are replaced by a palette of the picture's own: k-means in CIELAB, from far-apart starts).

use rayon::prelude::*;

use super::colour::{Colours, vivid};
use super::flow::Flow;
use super::head::Head;
use super::noise::Dice;
use super::plane::{Plane, smoothstep};
use super::style::DrawingStyle;

/// What flat colours are made from; lengths in pixels.
pub(super) struct Flat<'a> {
    pub(super) colours: &'a Colours,
    pub(super) flow: &'a Flow,
    pub(super) head: &'a Head,
    /// How much a place belongs to the sitter, 0..=1.
    pub(super) sitter: Option<&'a Plane>,
    pub(super) style: &'a DrawingStyle,
    pub(super) unit: f32,
    pub(super) seed: u64,
}

impl Flat<'_> {
    /// The colours of all places, 0..=255.
    pub(super) fn paint(&self) -> Vec<[f32; 3]> {
        // Areas are found at half the size; their borders are blurred, so nothing is lost.
        let smooth = self.smoothed();
        let (width, height) = (smooth[0].width, smooth[0].height);
        let lab: Vec<[f32; 3]> = (0..width * height)
            .into_par_iter()
            .map(|index| lab_of(std::array::from_fn(|k| smooth[k].values[index])))
            .collect();
        let palette = self.palette(&lab, width, height);
        // Every colour's share of a place, blurred: borders between colours become smooth curves.
        let shares: Vec<Plane> = (0..palette.len())
            .into_par_iter()
            .map(|entry| {
                Plane::from_fn(width, height, |x, y| {
                    let nearest = nearest(&palette, lab[y * width + x]);
                    if nearest == entry { 1.0 } else { 0.0 }
                })
                .blurred(0.75 * self.unit)
            })
            .collect();
        let colours: Vec<[f32; 3]> = palette.iter().map(|&entry| self.coloured(entry)).collect();
        let (full_width, full_height) = (self.colours.channels[0].width, self.colours.channels[0].height);
        (0..full_width * full_height)
            .into_par_iter()
            .map(|index| {
                let (x, y) = ((index % full_width) as f32, (index / full_width) as f32);
                let (mut sum, mut total) = ([0.0; 3], 1e-9);
                for (share, colour) in shares.iter().zip(&colours) {
                    // A steep power picks the largest share, with a rim of a pixel.
                    let weight = share.sample(0.5 * x - 0.25, 0.5 * y - 0.25).powi(6);
                    total += weight;
                    for (sum, value) in sum.iter_mut().zip(colour) {
                        *sum += weight * value;
                    }
                }
                sum.map(|value| value / total)
            })
            .collect()
    }

    /// Twice across the flow by value, and along it.
    fn smoothed(&self) -> [Plane; 3] {
        let flow = self.flow.halved();
        let mut channels = self.colours.channels.each_ref().map(Plane::halved);
        for _ in 0..2 {
            channels = bilateral_across(&flow, &channels, 1.3 * self.unit);
            channels = channels.map(|channel| flow.smooth_along(&channel, 1.5 * self.unit));
        }
        channels
    }

    /// K-means in CIELAB, the sitter's places counting more; starts are far from each other.
    fn palette(&self, lab: &[[f32; 3]], width: usize, height: usize) -> Vec<[f32; 3]> {
        let mut dice = Dice::new(self.seed ^ 0xF1A7);
        let samples: Vec<([f32; 3], f32)> = (0..1500)
            .map(|_| {
                let (x, y) = (dice.index(width), dice.index(height));
                let head = if self.head.holds(x, y, width, height) { 1.0 } else { 0.2 };
                (lab[y * width + x], head * (0.25 + self.sitter.map_or(1.0, |sitter| sitter.at(2 * x, 2 * y))))
            })
            .collect();
        let mut centers = vec![samples[0].0];
        let mut apart: Vec<f32> = samples.iter().map(|sample| distance(sample.0, centers[0])).collect();
        let count = self.style.tone.levels.clamp(2, 32) as usize;
        while centers.len() < count {
            let score = |index: usize| apart[index] * samples[index].1;
            let best = (0..samples.len()).max_by(|&a, &b| score(a).total_cmp(&score(b))).unwrap_or(0);
            if score(best) < 4.0 {
                break;
            }
            let center = samples[best].0;
            centers.push(center);
            apart.iter_mut().zip(&samples).for_each(|(apart, sample)| *apart = apart.min(distance(sample.0, center)));
        }
        for _ in 0..8 {
            let mut sums = vec![([0.0; 3], 0.0); centers.len()];
            for &(colour, weight) in &samples {
                let (sum, total) = &mut sums[nearest(&centers, colour)];
                *total += weight;
                for k in 0..3 {
                    sum[k] += weight * colour[k];
                }
            }
            for (center, (sum, total)) in centers.iter_mut().zip(sums) {
                if total > 0.0 {
                    *center = sum.map(|value| value / total);
                }
            }
        }
        centers
    }

    /// A palette entry as paint: more vivid, blacks and whites pulled to the ends.
    fn coloured(&self, lab: [f32; 3]) -> [f32; 3] {
        let light = lab[0] / 100.0;
        let light = 0.5 * light + 0.5 * smoothstep(0.0, 1.0, light);
        // What is nearly grey stays so: a cool gleam on skin would become blue paint.
        let chroma = smoothstep(6.0, 24.0, lab[1].hypot(lab[2]));
        let vividness = 0.75 + chroma * (self.colours.vividness - 0.75);
        let colour = vivid(rgb_of([100.0 * light, lab[1], lab[2]]), vividness);
        colour.map(|value| 255.0 * value.clamp(0.0, 1.0))
    }
}

/// Gaussian mean across the flow of the places that look alike; `sigma` in pixels.
fn bilateral_across(flow: &Flow, channels: &[Plane; 3], sigma: f32) -> [Plane; 3] {
    let (width, height) = (channels[0].width, channels[0].height);
    let reach = (2.0 * sigma).ceil() as i32;
    let taps: Vec<(f32, f32)> =
        (-reach..=reach).map(|i| (i as f32, (-0.5 * (i as f32 / sigma).powi(2)).exp())).collect();
    let filtered: Vec<[f32; 3]> = (0..width * height)
        .into_par_iter()
        .map(|index| {
            let (x, y) = (index % width, index / width);
            let here: [f32; 3] = std::array::from_fn(|k| channels[k].values[index]);
            let (dx, dy) = flow.across(x, y);
            let (mut sum, mut total) = ([0.0; 3], 0.0);
            for &(offset, weight) in &taps {
                let (px, py) = (x as f32 + offset * dx, y as f32 + offset * dy);
                let there: [f32; 3] = std::array::from_fn(|k| channels[k].sample(px, py));
                let apart: f32 = (0..3).map(|k| (there[k] - here[k]).powi(2)).sum();
                // A rational tail in place of exp: as good an edge keeper, and cheaper.
                let weight = weight / (1.0 + apart * 60.0).powi(2);
                total += weight;
                for k in 0..3 {
                    sum[k] += weight * there[k];
                }
            }
            sum.map(|value| value / total)
        })
        .collect();
    std::array::from_fn(|k| Plane { width, height, values: filtered.iter().map(|colour| colour[k]).collect() })
}

fn distance(one: [f32; 3], other: [f32; 3]) -> f32 {
    // Lightness counts less than hue: shading shall not eat the palette.
    0.6 * (one[0] - other[0]).powi(2) + (one[1] - other[1]).powi(2) + (one[2] - other[2]).powi(2)
}

fn nearest(palette: &[[f32; 3]], colour: [f32; 3]) -> usize {
    let score = |index: usize| distance(palette[index], colour);
    (0..palette.len()).min_by(|&a, &b| score(a).total_cmp(&score(b))).unwrap_or(0)
}

/// sRGB-coded 0..=1 to CIELAB (D65).
fn lab_of(rgb: [f32; 3]) -> [f32; 3] {
    // A square is near enough to sRGB's curve for choosing colours, and its root is exact.
    let [r, g, b] = rgb.map(|value| value.max(0.0).powi(2));
    let x = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505;
    let y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    let z = (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089;
    let root = |t: f32| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
    let (x, y, z) = (root(x), root(y), root(z));
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// The way back from [`lab_of`].
fn rgb_of(lab: [f32; 3]) -> [f32; 3] {
    let y = (lab[0] + 16.0) / 116.0;
    let (x, z) = (y + lab[1] / 500.0, y - lab[2] / 200.0);
    let cube = |t: f32| if t > 0.206_9 { t.powi(3) } else { (t - 16.0 / 116.0) / 7.787 };
    let (x, y, z) = (0.9505 * cube(x), cube(y), 1.089 * cube(z));
    let linear = [
        3.2406 * x - 1.5372 * y - 0.4986 * z,
        -0.9689 * x + 1.8758 * y + 0.0415 * z,
        0.0557 * x - 0.2040 * y + 1.0570 * z,
    ];
    linear.map(|value| value.clamp(0.0, 1.0).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_survive_the_way_through_cielab() {
        for rgb in [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [0.8, 0.4, 0.2], [0.1, 0.3, 0.9]] {
            let back = rgb_of(lab_of(rgb));
            for k in 0..3 {
                assert!((back[k] - rgb[k]).abs() < 0.01, "{rgb:?} {back:?}");
            }
        }
    }
}
