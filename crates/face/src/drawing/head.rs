//! Where the head is, and what belongs to the sitter rather than to the background.
//!
//! Background: minimum barrier distance to the picture's upper border (Strand, Ciesielski, Malmberg, Saha 2013; raster scan of Zhang,
//! Sclaroff, Lin, Shen, Price, Měch 2015, "Minimum barrier salient object detection at 80 FPS"). What can be reached from the border
//! without a large change of colour is background.

use super::noise;
use super::plane::{Plane, smoothstep};
use crate::edit::resample;
use crate::picture::Picture;
use crate::transform::Point;

/// Longer side of the picture in which the background is looked for.
const COARSE_SIDE: usize = 96;
/// Share of the height below which the sides are shoulders rather than background.
const SHOULDERS: f32 = 0.66;

/// An ellipse around the head; everything in shares of the picture's width and height.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Head {
    pub(super) center: (f32, f32),
    pub(super) radius: (f32, f32),
}

impl Head {
    /// Where a portrait has its head.
    pub(super) const USUAL: Self = Self { center: (0.5, 0.52), radius: (0.42, 0.46) };

    /// Around the 68 landmarks (brows to chin), enlarged by what they leave out: forehead and hair.
    pub(super) fn of_landmarks(landmarks: &[Point; 68], width: usize, height: usize) -> Self {
        let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for point in landmarks {
            for axis in 0..2 {
                low[axis] = low[axis].min(point[axis]);
                high[axis] = high[axis].max(point[axis]);
            }
        }
        let tall = (high[1] - low[1]).max(high[0] - low[0]);
        let middle = [(low[0] + high[0]) / 2.0 + 0.5, (low[1] + high[1]) / 2.0 - 0.18 * tall + 0.5];
        let share = |value: f64, side: usize| (value / side as f64) as f32;
        let head = Self {
            center: (share(middle[0], width), share(middle[1], height)),
            radius: (share(0.72 * tall, width).max(0.05), share(0.95 * tall, height).max(0.05)),
        };
        let finite = [head.center.0, head.center.1, head.radius.0, head.radius.1].iter().all(|value| value.is_finite());
        if finite { head } else { Self::USUAL }
    }

    /// Whether a pixel of a `width` x `height` plane lies in the head's ellipse.
    pub(super) fn holds(&self, x: usize, y: usize, width: usize, height: usize) -> bool {
        let across = (x as f32 + 0.5) / width as f32 - self.center.0;
        let down = (y as f32 + 0.5) / height as f32 - self.center.1;
        (across / self.radius.0).powi(2) + (down / self.radius.1).powi(2) < 1.0
    }
}

/// How much a place belongs to the sitter, 0 (background) to 1, on a `width` x `height` plane.
pub(super) fn sitter(photo: &Picture, head: &Head, width: usize, height: usize) -> Plane {
    let scale = COARSE_SIDE as f32 / width.max(height) as f32;
    let side = |length: usize| ((length as f32 * scale).round() as usize).clamp(4, COARSE_SIDE);
    let coarse = resample(photo, side(width), side(height));
    let barrier = barrier_distance(&coarse);
    let (columns, rows) = (barrier.width, barrier.height);
    let inside = |x: usize, y: usize| {
        let across = ((x as f32 + 0.5) / columns as f32 - head.center.0) / (0.52 * head.radius.0);
        let down = ((y as f32 + 0.5) / rows as f32 - head.center.1) / (0.62 * head.radius.1);
        across * across + down * down
    };
    // The face itself is never background, and its distance says what a large one is.
    let typical = barrier.percentile(0.5, |x, y| inside(x, y) < 1.0).max(0.08);
    let belongs = Plane::from_fn(columns, rows, |x, y| {
        let apart = smoothstep(0.22, 0.5, barrier.at(x, y) / typical);
        let core = smoothstep(1.6, 0.9, inside(x, y));
        let shoulders = smoothstep(SHOULDERS, SHOULDERS + 0.3, (y as f32 + 0.5) / rows as f32);
        // In front of a busy background everything is far from the border: only what lies near the head belongs to it.
        let near = smoothstep(4.4, 2.6, inside(x, y)).max(shoulders);
        (apart * near).max(core).max(0.35 * shoulders)
    })
    .blurred(0.7);
    let (step_x, step_y) = (columns as f32 / width as f32, rows as f32 / height as f32);
    Plane::from_fn(width, height, |x, y| {
        belongs.sample((x as f32 + 0.5) * step_x - 0.5, (y as f32 + 0.5) * step_y - 0.5)
    })
}

/// The smallest barrier (largest less smallest value, summed over the channels) on a way from the upper border.
fn barrier_distance(picture: &Picture) -> Plane {
    let (width, height) = (picture.width(), picture.height());
    let colours: Vec<[f32; 3]> =
        picture.pixels().chunks_exact(3).map(|rgb| std::array::from_fn(|k| f32::from(rgb[k]) / 255.0)).collect();
    let mut scan = BarrierScan { lows: colours.clone(), highs: colours.clone(), colours, distance: Vec::new() };
    scan.distance = (0..width * height)
        .map(|index| {
            let (x, y) = (index % width, index / width);
            let side = (x == 0 || x + 1 == width) && (y as f32) < SHOULDERS * height as f32;
            if y == 0 || side { 0.0 } else { f32::INFINITY }
        })
        .collect();
    for pass in 0..4 {
        for step in 0..width * height {
            let index = if pass % 2 == 0 { step } else { width * height - 1 - step };
            let (x, y) = (index % width, index / width);
            if pass % 2 == 0 {
                scan.relax(index, (x > 0).then(|| index - 1));
                scan.relax(index, (y > 0).then(|| index - width));
            } else {
                scan.relax(index, (x + 1 < width).then(|| index + 1));
                scan.relax(index, (y + 1 < height).then(|| index + width));
            }
        }
    }
    let values = scan.distance.into_iter().map(|value| if value.is_finite() { value } else { 0.0 }).collect();
    Plane { width, height, values }
}

/// The state of the raster scan: the extremes of the colours on the best way to every pixel.
struct BarrierScan {
    colours: Vec<[f32; 3]>,
    lows: Vec<[f32; 3]>,
    highs: Vec<[f32; 3]>,
    distance: Vec<f32>,
}

impl BarrierScan {
    /// Takes the way through `neighbour` when it has the lower barrier.
    fn relax(&mut self, index: usize, neighbour: Option<usize>) {
        let Some(from) = neighbour else { return };
        if !self.distance[from].is_finite() {
            return;
        }
        let colour = self.colours[index];
        let low: [f32; 3] = std::array::from_fn(|k| self.lows[from][k].min(colour[k]));
        let high: [f32; 3] = std::array::from_fn(|k| self.highs[from][k].max(colour[k]));
        let barrier: f32 = (0..3).map(|k| high[k] - low[k]).sum();
        if barrier < self.distance[index] {
            (self.distance[index], self.lows[index], self.highs[index]) = (barrier, low, high);
        }
    }
}

/// How much of the drawing stays, 1 in the middle, fading towards the corners by `strength` along an uneven border.
pub(super) fn vignette(width: usize, height: usize, strength: f32, unit: f32, seed: u64) -> Plane {
    Plane::slowly(width, height, 4, |x, y| {
        let across = ((x as f32 + 0.5) / width as f32 - 0.5).abs() / 0.54;
        let down = ((y as f32 + 0.5) / height as f32 - 0.48).abs() / 0.58;
        let distance = (across.powf(2.6) + down.powf(2.6)).powf(1.0 / 2.6);
        let uneven = (noise::fractal(seed, x as f32 / (30.0 * unit), y as f32 / (30.0 * unit), 2) - 0.5) * 0.3;
        1.0 - strength * smoothstep(0.72, 1.06, distance + uneven)
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;

    #[test]
    fn a_plain_backdrop_is_background() {
        let mut pixels = Vec::new();
        for y in 0..100_i32 {
            for x in 0..80_i32 {
                let inside = (x - 40).pow(2) + (y - 50).pow(2) < 30 * 30;
                // A backdrop that gets slowly darker: no place is far from its neighbour.
                pixels.extend(if inside { [200, 160, 140] } else { [40, 60, (120 + y / 2) as u8] });
            }
        }
        let photo = Picture::from_rgb(80, 100, pixels).unwrap();
        let mask = sitter(&photo, &Head::USUAL, 80, 100);
        assert!(mask.at(40, 50) > 0.99 && mask.at(16, 50) > 0.5);
        assert!(mask.at(4, 4) < 0.05 && mask.at(75, 40) < 0.05);
    }

    #[test]
    fn the_head_is_around_the_landmarks() {
        let landmarks = std::array::from_fn(|i| [80.0 + f64::from(i as u32 % 8) * 10.0, 100.0 + i as f64]);
        let head = Head::of_landmarks(&landmarks, 256, 320);
        assert!(head.holds(115, 120, 256, 320) && !head.holds(10, 10, 256, 320));
        assert_eq!(Head::of_landmarks(&[[f64::NAN; 2]; 68], 10, 10), Head::USUAL);
    }
}
