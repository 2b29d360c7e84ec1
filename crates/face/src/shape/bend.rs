//! Bending a picture after its control points.
//!
//! Moving least squares with similarities (Schaefer, McPhail, Warren 2006, "Image deformation using moving least squares"): at every
//! place the similarity that moves the control points best, near ones counting most. Unlike the paper's, the weights are bounded, so
//! that control points are followed roughly where they disagree, as behind the edge of a turned cheek, instead of tearing the picture.
//! Similarities keep small round things round. Far from all control points the picture stays.

use rayon::prelude::*;

use crate::edit::{Border, bilinear};
use crate::error::Result;
use crate::picture::Picture;
use crate::transform::Point;

/// A bend of the plane, as a map from places after it to places before it.
#[derive(Clone, Debug, PartialEq)]
pub struct Bend {
    /// Where the control points are after it and before it, and how much each counts.
    controls: Vec<Control>,
    /// The unit of length, in pixels: the distance of the outer corners of the eyes.
    unit_px: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Control {
    pub(super) before: Point,
    pub(super) after: Point,
    pub(super) weight: f64,
}

/// Below this distance, in units, nearer control points count no more.
const NEAR: f64 = 0.10;
/// The weights' fall with the squared distance, as an exponent.
const FALL: f64 = 2.0;
/// Distance to the nearest control point, in units, up to which a bend is whole, and from which there is none.
const REACH: [f64; 2] = [0.35, 2.6];
/// Distance of the places where folds are looked for, in units.
const STEP: f64 = 0.04;
/// The smallest area that a unit of area may shrink to; 0 would be a fold.
const LEAST_AREA: f64 = 0.12;

impl Bend {
    pub(super) fn new(controls: Vec<Control>, unit_px: f64) -> Self {
        Self { controls, unit_px }
    }

    /// Where a place of the bent picture was before, in pixels.
    pub fn before(&self, place: Point) -> Point {
        let (mut total, mut after, mut before) = (0.0, [0.0; 2], [0.0; 2]);
        let mut nearest = f64::INFINITY;
        let weights: Vec<f64> = self
            .controls
            .iter()
            .map(|control| {
                let distance = (control.after[0] - place[0]).powi(2) + (control.after[1] - place[1]).powi(2);
                let distance = distance / self.unit_px.powi(2);
                nearest = nearest.min(distance);
                let weight = control.weight / (distance + NEAR * NEAR).powf(FALL);
                total += weight;
                for axis in 0..2 {
                    after[axis] += weight * control.after[axis];
                    before[axis] += weight * control.before[axis];
                }
                weight
            })
            .collect();
        let share = share_at(nearest.sqrt());
        if share == 0.0 {
            return place;
        }
        let (after, before) = (after.map(|sum| sum / total), before.map(|sum| sum / total));
        // Points as complex numbers: the similarity is a product with (real, imaginary).
        let (mut real, mut imaginary, mut spread) = (0.0, 0.0, 1e-12);
        for (control, weight) in self.controls.iter().zip(weights) {
            let [x, y] = [control.after[0] - after[0], control.after[1] - after[1]];
            let [u, v] = [control.before[0] - before[0], control.before[1] - before[1]];
            real += weight * (x * u + y * v);
            imaginary += weight * (x * v - y * u);
            spread += weight * (x * x + y * y);
        }
        let (real, imaginary) = (real / spread, imaginary / spread);
        let [x, y] = [place[0] - after[0], place[1] - after[1]];
        let moved = [real * x - imaginary * y + before[0], imaginary * x + real * y + before[1]];
        [0, 1].map(|axis| place[axis] + share * (moved[axis] - place[axis]))
    }

    /// The smallest ratio of areas before and after, over all places around the face: below 0 the picture is folded.
    pub fn least_area(&self) -> f64 {
        let step = STEP * self.unit_px;
        let [columns, rows] = [0, 1].map(|axis| self.span(axis));
        let count = |[low, high]: [f64; 2]| ((high - low) / step).ceil().clamp(2.0, 400.0) as usize;
        let (width, height) = (count(columns), count(rows));
        let grid: Vec<Point> = (0..width * height)
            .into_par_iter()
            .map(|index| {
                self.before([columns[0] + (index % width) as f64 * step, rows[0] + (index / width) as f64 * step])
            })
            .collect();
        let area = |index: usize| {
            let (here, right, below) = (grid[index], grid[index + 1], grid[index + width]);
            let cross = (right[0] - here[0]) * (below[1] - here[1]) - (right[1] - here[1]) * (below[0] - here[0]);
            cross / (step * step)
        };
        let places = (0..height - 1).flat_map(|y| (0..width - 1).map(move |x| y * width + x));
        places.map(area).fold(f64::INFINITY, f64::min)
    }

    /// Along an axis: where the bend may begin and end.
    fn span(&self, axis: usize) -> [f64; 2] {
        let values = self.controls.iter().map(|control| control.after[axis]);
        let [low, high] =
            values.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], value| [low.min(value), high.max(value)]);
        let beyond = REACH[1] * self.unit_px;
        [low - beyond, high + beyond]
    }

    /// Whether no place is folded or squeezed to nearly nothing.
    pub fn is_smooth(&self) -> bool {
        self.least_area() > LEAST_AREA
    }

    /// With all control points moved by a share of their way.
    #[must_use]
    pub(super) fn times(&self, share: f64) -> Self {
        let moved = |control: &Control| Control {
            after: [0, 1].map(|axis| control.before[axis] + share * (control.after[axis] - control.before[axis])),
            ..*control
        };
        Self { controls: self.controls.iter().map(moved).collect(), unit_px: self.unit_px }
    }

    /// The bent picture, of the picture's size. The picture goes on mirrored beyond its edges.
    ///
    /// # Errors
    /// None that a picture could cause.
    pub fn apply(&self, picture: &Picture) -> Result<Picture> {
        let (width, height) = (picture.width(), picture.height());
        // The bend is computed on a coarse grid and interpolated in between.
        let cell = (self.unit_px / 24.0).clamp(1.0, 16.0);
        let (columns, rows) = ((width as f64 / cell).ceil() as usize + 2, (height as f64 / cell).ceil() as usize + 2);
        let grid: Vec<Point> = (0..columns * rows)
            .into_par_iter()
            .map(|index| {
                let place = [(index % columns) as f64 * cell, (index / columns) as f64 * cell];
                let before = self.before(place);
                [before[0] - place[0], before[1] - place[1]]
            })
            .collect();
        let mut pixels = vec![0; 3 * width * height];
        pixels.par_chunks_mut(3 * width).enumerate().for_each(|(y, row)| {
            let (top, down) = split(y as f64 / cell);
            for (x, rgb) in row.chunks_exact_mut(3).enumerate() {
                let (left, across) = split(x as f64 / cell);
                let at = |dx: usize, dy: usize| grid[(top + dy) * columns + left + dx];
                let by = [0, 1].map(|axis| {
                    let above = at(0, 0)[axis] * (1.0 - across) + at(1, 0)[axis] * across;
                    let below = at(0, 1)[axis] * (1.0 - across) + at(1, 1)[axis] * across;
                    above * (1.0 - down) + below * down
                });
                rgb.copy_from_slice(&bilinear(picture, [x as f64 + by[0], y as f64 + by[1]], Border::Mirror));
            }
        });
        Picture::from_rgb(width, height, pixels)
    }
}

/// The share of the bend at a distance from the nearest control point.
fn share_at(distance: f64) -> f64 {
    let [near, far] = REACH;
    let along = ((far - distance) / (far - near)).clamp(0.0, 1.0);
    along * along * (3.0 - 2.0 * along)
}

fn split(value: f64) -> (usize, f64) {
    (value as usize, value.fract())
}
