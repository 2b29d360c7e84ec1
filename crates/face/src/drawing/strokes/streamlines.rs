//! Evenly spaced streamlines: where a hand puts its strokes.
//!
//! Jobard and Lefer 1997, "Creating evenly-spaced streamlines of arbitrary density": a new line starts beside a finished one and grows until
//! it comes too close to another. Here the distance depends on the place (darker parts take more lines), and lines end after a stroke's
//! length.

use std::collections::VecDeque;

use super::field::Directions;
use crate::drawing::noise;

/// Distance of two points of a line, in pixels.
pub(super) const STEP: f32 = 1.5;
/// A growing line ends where another is nearer than this share of the spacing.
const NEAREST: f32 = 0.55;

/// One stroke: its points, [`STEP`] apart, and the number that its random properties come from.
pub(super) struct Stroke {
    pub(super) points: Vec<(f32, f32)>,
    pub(super) number: i64,
}

/// What the strokes of a layer have in common; lengths in pixels.
pub(super) struct Layer<'a, Spacing> {
    pub(super) directions: &'a Directions,
    /// Added to every direction, radians.
    pub(super) turn: f32,
    pub(super) width: usize,
    pub(super) height: usize,
    /// Smallest spacing that `spacing` returns.
    pub(super) finest: f32,
    /// Distance of neighbouring strokes at a place; `None` where there are none.
    pub(super) spacing: Spacing,
    /// Usual length of a stroke.
    pub(super) length: f32,
    /// Shorter strokes are left out.
    pub(super) shortest: f32,
    /// 0: a machine's spacing; 1: a hasty hand's.
    pub(super) unevenness: f32,
    pub(super) seed: u64,
}

/// All strokes of a layer, in the order in which a hand would go on from one to its neighbour.
pub(super) fn trace<Spacing: Fn(f32, f32) -> Option<f32>>(layer: &Layer<Spacing>) -> Vec<Stroke> {
    let mut tracer = Tracer {
        layer,
        grid: Grid::new(layer.width, layer.height, layer.finest.max(1.0)),
        strokes: Vec::new(),
        waiting: VecDeque::new(),
    };
    // Starting places all over the picture: one is enough for a connected field, the others are for its islands.
    let cell = 3.0 * layer.finest;
    let (columns, rows) = ((layer.width as f32 / cell).ceil() as i64, (layer.height as f32 / cell).ceil() as i64);
    for row in 0..rows {
        for column in 0..columns {
            let x = (column as f32 + noise::random(layer.seed ^ 0x81, column, row)) * cell;
            let y = (row as f32 + noise::random(layer.seed ^ 0x82, column, row)) * cell;
            tracer.start(x, y);
            while let Some((x, y)) = tracer.waiting.pop_front() {
                tracer.start(x, y);
            }
        }
    }
    tracer.strokes
}

struct Tracer<'a, Spacing> {
    layer: &'a Layer<'a, Spacing>,
    grid: Grid,
    strokes: Vec<Stroke>,
    waiting: VecDeque<(f32, f32)>,
}

impl<Spacing: Fn(f32, f32) -> Option<f32>> Tracer<'_, Spacing> {
    /// Draws the stroke through a place, if there is room for one.
    fn start(&mut self, x: f32, y: f32) {
        let Some(spacing) = self.spacing(x, y) else { return };
        if self.grid.taken(x, y, 0.98 * spacing) {
            return;
        }
        let number = self.strokes.len() as i64;
        let layer = self.layer;
        let length = layer.length * (1.0 + layer.unevenness * (noise::random(layer.seed ^ 0x83, number, 0) - 0.5));
        let share = 0.5 + 0.6 * layer.unevenness * (noise::random(layer.seed ^ 0x84, number, 0) - 0.5);
        let steps = (length / STEP).max(1.0);
        let mut points = self.grow(x, y, 1.0, (steps * share) as usize);
        points.reverse();
        points.push((x, y));
        points.extend(self.grow(x, y, -1.0, (steps * (1.0 - share)) as usize));
        if points.len() as f32 * STEP < layer.shortest {
            return;
        }
        for (place, &(px, py)) in points.iter().enumerate() {
            self.grid.insert(px, py);
            if place % 3 == 1
                && let Some(spacing) = self.spacing(px, py)
            {
                let (tx, ty) = self.tangent(px, py, (1.0, 0.0));
                let jitter = 1.0 + 0.5 * layer.unevenness * noise::random(layer.seed ^ 0x85, number, place as i64);
                let apart = spacing * jitter;
                self.waiting.push_back((px - ty * apart, py + tx * apart));
                self.waiting.push_back((px + ty * apart, py - tx * apart));
            }
        }
        self.strokes.push(Stroke { points, number });
    }

    /// Points from a place on, without it, until the stroke comes too near to another or is long enough.
    fn grow(&self, x: f32, y: f32, direction: f32, steps: usize) -> Vec<(f32, f32)> {
        let mut points = Vec::with_capacity(steps);
        let first = self.tangent(x, y, (1.0, 0.0));
        let (mut px, mut py) = (x, y);
        let mut before = (first.0 * direction, first.1 * direction);
        for _ in 0..steps {
            // The midpoint's tangent keeps curves round.
            let half = self.tangent(px + 0.5 * STEP * before.0, py + 0.5 * STEP * before.1, before);
            (px, py) = (px + STEP * half.0, py + STEP * half.1);
            before = half;
            let Some(spacing) = self.spacing(px, py) else { break };
            if self.grid.taken(px, py, NEAREST * spacing) {
                break;
            }
            points.push((px, py));
        }
        points
    }

    fn tangent(&self, x: f32, y: f32, before: (f32, f32)) -> (f32, f32) {
        let (sin, cos) = self.layer.turn.sin_cos();
        // Turned back to the field, so that the field picks the sign, and forward again.
        let aim = (before.0 * cos + before.1 * sin, before.1 * cos - before.0 * sin);
        let (tx, ty) = self.layer.directions.along(x, y, aim);
        (tx * cos - ty * sin, tx * sin + ty * cos)
    }

    fn spacing(&self, x: f32, y: f32) -> Option<f32> {
        let inside = x >= 0.0 && y >= 0.0 && x <= (self.layer.width - 1) as f32 && y <= (self.layer.height - 1) as f32;
        if inside { (self.layer.spacing)(x, y) } else { None }
    }
}

/// Points by place: each cell holds the last point put into it, and every point knows the one before in its cell.
struct Grid {
    columns: usize,
    rows: usize,
    cell: f32,
    last: Vec<u32>,
    points: Vec<(f32, f32, u32)>,
}

const NOTHING: u32 = u32::MAX;

impl Grid {
    fn new(width: usize, height: usize, cell: f32) -> Self {
        let (columns, rows) = ((width as f32 / cell) as usize + 1, (height as f32 / cell) as usize + 1);
        Self { columns, rows, cell, last: vec![NOTHING; columns * rows], points: Vec::new() }
    }

    fn insert(&mut self, x: f32, y: f32) {
        let (column, row) = (self.column(x), self.row(y));
        let cell = &mut self.last[row * self.columns + column];
        self.points.push((x, y, *cell));
        *cell = (self.points.len() - 1) as u32;
    }

    /// Whether a point lies nearer than `radius`.
    fn taken(&self, x: f32, y: f32, radius: f32) -> bool {
        let (left, right) = (self.column(x - radius), self.column(x + radius));
        let (top, bottom) = (self.row(y - radius), self.row(y + radius));
        let limit = radius * radius;
        for row in top..=bottom {
            for column in left..=right {
                let mut next = self.last[row * self.columns + column];
                while next != NOTHING {
                    let (px, py, before) = self.points[next as usize];
                    if (px - x) * (px - x) + (py - y) * (py - y) < limit {
                        return true;
                    }
                    next = before;
                }
            }
        }
        false
    }

    fn column(&self, x: f32) -> usize {
        ((x / self.cell).max(0.0) as usize).min(self.columns - 1)
    }

    fn row(&self, y: f32) -> usize {
        ((y / self.cell).max(0.0) as usize).min(self.rows - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::super::field::Hand;
    use super::*;
    use crate::drawing::head::Head;
    use crate::drawing::plane::Plane;

    #[test]
    fn strokes_keep_their_distance_and_fill_the_ground() {
        let flat = Plane::from_fn(120, 120, |_, _| 0.5);
        let hand = Hand { angle: 0.4, bow: 0.0, follow: 0.3 };
        let directions = Directions::new(&flat, &Head::USUAL, hand, 8.0);
        let layer = Layer {
            directions: &directions,
            turn: 0.0,
            width: 120,
            height: 120,
            finest: 6.0,
            spacing: |x: f32, _: f32| (x < 100.0).then_some(6.0),
            length: 40.0,
            shortest: 6.0,
            unevenness: 0.0,
            seed: 3,
        };
        let strokes = trace(&layer);
        assert!(strokes.iter().all(|stroke| stroke.points.iter().all(|p| p.0 < 100.0)));
        for (i, one) in strokes.iter().enumerate() {
            for other in &strokes[i + 1..] {
                let nearest = one.points.iter().flat_map(|p| other.points.iter().map(|q| (p.0 - q.0).hypot(p.1 - q.1)));
                assert!(nearest.fold(f32::INFINITY, f32::min) >= NEAREST * 6.0 - 1e-3);
            }
        }
        let covered = 6.0 * STEP * strokes.iter().map(|stroke| stroke.points.len()).sum::<usize>() as f32;
        assert!((0.75..1.35).contains(&(covered / (100.0 * 120.0))), "{covered}");
    }
}
