//! Exaggeration: a photo's face with a caricature's shape, its points carried along.
//!
//! A smooth field says for each place of the exaggerated picture which place of the original is seen there. It is the sum of three: the
//! face's differences from the mean face grow (Brennan 1985, "Caricature Generator", Leonardo 18), parts of the face (eyes, nose, mouth,
//! chin, …) are scaled, turned and moved by themselves, and broad random waves bend the whole. Where the sum would fold the picture it
//! is weakened until it does not.

use portraitist_face::transform::Point;
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use super::points::ibug_of;

/// How faces are exaggerated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Exaggeration {
    /// Share of windows whose face is exaggerated.
    pub share: f64,
    /// Differences from the mean face grow by up to this factor more.
    pub differences: f64,
    /// Deviation of the logarithm of a part's size.
    pub parts: f64,
    /// Deviation of the broad waves, in distances of the outer eye corners.
    pub waves: f64,
}

impl Default for Exaggeration {
    fn default() -> Self {
        Self { share: 0.75, differences: 2.0, parts: 0.35, waves: 0.07 }
    }
}

impl Exaggeration {
    pub(super) fn validate(&self) -> Result<(), String> {
        let values = [
            ("share", self.share, 1.0),
            ("differences", self.differences, 10.0),
            ("parts", self.parts, 1.0),
            ("waves", self.waves, 0.5),
        ];
        match values.into_iter().find(|(_, value, most)| !(0.0..=*most).contains(value)) {
            None => Ok(()),
            Some((name, value, most)) => {
                Err(format!("data.exaggeration.{name} must be between 0 and {most}, found {value}"))
            }
        }
    }
}

/// A face's own axes: its middle lies between the outer eye corners, its unit is their distance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    middle: Point,
    /// One unit along the eyes, in pixels.
    unit: Point,
}

impl Frame {
    pub(super) fn of(points: &[Point; 68]) -> Self {
        let [[ax, ay], [bx, by]] = [points[36], points[45]];
        Self { middle: [f64::midpoint(ax, bx), f64::midpoint(ay, by)], unit: [bx - ax, by - ay] }
    }

    pub(super) fn inside(&self, [x, y]: Point) -> Point {
        let (dx, dy) = (x - self.middle[0], y - self.middle[1]);
        let [ux, uy] = self.unit;
        let squared = ux * ux + uy * uy;
        [(dx * ux + dy * uy) / squared, (dy * ux - dx * uy) / squared]
    }

    pub(super) fn outside(&self, [x, y]: Point) -> Point {
        let [ux, uy] = self.unit;
        [self.middle[0] + x * ux - y * uy, self.middle[1] + x * uy + y * ux]
    }
}

/// The mean of faces in their own axes.
pub(super) fn mean_face<'a>(faces: impl Iterator<Item = &'a [Point]>) -> [Point; 68] {
    let (mut sum, mut count) = ([[0.0; 2]; 68], 0.0_f64);
    for points in faces {
        let points = ibug_of(points);
        let frame = Frame::of(&points);
        for (sum, point) in sum.iter_mut().zip(points) {
            let [x, y] = frame.inside(point);
            *sum = [sum[0] + x, sum[1] + y];
        }
        count += 1.0;
    }
    sum.map(|[x, y]| [x / count.max(1.0), y / count.max(1.0)])
}

/// Nodes of a field along each axis; it reaches so far from the middle, in distances of the eyes.
const NODES: usize = 41;
const REACH: f64 = 2.2;
const STEP: f64 = 2.0 * REACH / (NODES - 1) as f64;
/// A field keeps at least this share of every area.
const LEAST_AREA: f64 = 0.12;

/// An exaggerated face.
#[derive(Clone, Debug)]
pub(super) struct Warp {
    frame: Frame,
    /// What is added to a place of the exaggerated face to come to its place in the original, in the face's own axes.
    nodes: Vec<Point>,
}

/// One part that is changed by itself.
struct Part {
    middle: Point,
    radius: f64,
    /// From the exaggerated part to the original, about its middle.
    matrix: [[f64; 2]; 2],
    shift: Point,
}

fn normal(random: &mut impl Rng) -> f64 {
    StandardNormal.sample(random)
}

/// The points whose mean is the middle of a part, and its radius.
const PARTS: [(&[usize], f64); 11] = [
    (&[36, 37, 38, 39, 40, 41], 0.26),
    (&[42, 43, 44, 45, 46, 47], 0.26),
    (&[27, 21, 22], 0.6),
    (&[29, 30, 33], 0.32),
    (&[30, 33], 0.25),
    (&[48, 54, 51, 57], 0.38),
    (&[8], 0.45),
    (&[4], 0.4),
    (&[12], 0.4),
    (&[17, 26, 19, 24], 0.7),
    (&[30], 1.2),
];
/// The share of parts that are changed.
const CHANGED: f64 = 0.4;

fn part(points: &[Point; 68], (members, radius): (&[usize], f64), deviation: f64, random: &mut impl Rng) -> Part {
    let count = members.len() as f64;
    let middle = [0, 1].map(|axis| members.iter().map(|index| points[*index][axis]).sum::<f64>() / count);
    let both = deviation * normal(random);
    let [across, down] = [0, 1].map(|_| (-both - 0.5 * deviation * normal(random)).clamp(-1.0, 1.0).exp());
    let (sin, cos) = (0.5 * deviation * normal(random)).clamp(-0.5, 0.5).sin_cos();
    let shift = [0, 1].map(|_| 0.25 * deviation * normal(random) * radius);
    let radius = radius * random.random_range(0.8..1.5);
    Part { middle, radius, matrix: [[across * cos, across * sin], [-down * sin, down * cos]], shift }
}

impl Part {
    fn at(&self, [x, y]: Point) -> Point {
        let (dx, dy) = (x - self.middle[0] - self.shift[0], y - self.middle[1] - self.shift[1]);
        let weight = (-(dx * dx + dy * dy) / (2.0 * self.radius * self.radius)).exp();
        let [[a, b], [c, d]] = self.matrix;
        [weight * (a * dx + b * dy - dx - self.shift[0]), weight * (c * dx + d * dy - dy - self.shift[1])]
    }
}

/// The differences of a face from the mean, which is first brought onto it affinely: what is left is no turn of the head.
fn differences(points: &[Point; 68], mean: &[Point; 68]) -> [Point; 68] {
    // Least squares of [x, y, 1] onto each coordinate.
    let mut normal_matrix = [[0.0; 3]; 3];
    let mut right = [[0.0; 2]; 3];
    for (point, [x, y]) in points.iter().zip(mean) {
        let row = [*x, *y, 1.0];
        for (i, a) in row.into_iter().enumerate() {
            (0..3).for_each(|j| normal_matrix[i][j] += a * row[j]);
            (0..2).for_each(|axis| right[i][axis] += a * point[axis]);
        }
    }
    let solved = [0, 1].map(|axis| solve(normal_matrix, right.map(|row| row[axis])));
    std::array::from_fn(|index| {
        let [x, y] = mean[index];
        [0, 1].map(|axis| points[index][axis] - (solved[axis][0] * x + solved[axis][1] * y + solved[axis][2]))
    })
}

/// Cramer's rule.
fn solve(matrix: [[f64; 3]; 3], right: [f64; 3]) -> [f64; 3] {
    let determinant = |m: &[[f64; 3]; 3]| {
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
            + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    };
    let whole = determinant(&matrix);
    [0, 1, 2].map(|column| {
        let mut replaced = matrix;
        (0..3).for_each(|row| replaced[row][column] = right[row]);
        if whole.abs() < 1e-12 { 0.0 } else { determinant(&replaced) / whole }
    })
}

impl Warp {
    /// Exaggerates a face; `strength` multiplies everything, 1 is what the settings say.
    pub(super) fn new(
        points: &[Point],
        mean: &[Point; 68],
        settings: &Exaggeration,
        strength: f64,
        random: &mut impl Rng,
    ) -> Self {
        let ibug = ibug_of(points);
        let frame = Frame::of(&ibug);
        let own = ibug.map(|point| frame.inside(point));
        let growth = strength * settings.differences * random.random_range(0.0..=1.0);
        let moved = differences(&own, mean).map(|difference| difference.map(|value| (growth * value).clamp(-0.3, 0.3)));
        let targets: [Point; 68] = std::array::from_fn(|i| [own[i][0] + moved[i][0], own[i][1] + moved[i][1]]);
        let deviation = strength * settings.parts;
        let mut changed: Vec<Part> = Vec::new();
        for shape in PARTS {
            if random.random_bool(CHANGED) {
                changed.push(part(&own, shape, deviation, random));
            }
        }
        let waves: Vec<(Point, Point, f64)> = (0..9)
            .map(|_| {
                let middle = [0, 1].map(|_| random.random_range(-1.3..1.3));
                let shift = [0, 1].map(|_| strength * settings.waves * normal(random));
                (middle, shift, random.random_range(0.35..0.8))
            })
            .collect();
        let at = |place: Point| {
            let mut sum = grown(place, &targets, &moved);
            for value in changed.iter().map(|part| part.at(place)) {
                sum = [sum[0] + value[0], sum[1] + value[1]];
            }
            for (middle, shift, radius) in &waves {
                let weight = gauss(place, *middle, *radius);
                sum = [sum[0] + weight * shift[0], sum[1] + weight * shift[1]];
            }
            // Nothing moves at the field's border.
            let edge = place[0].abs().max(place[1].abs()) / REACH;
            let fade = ((1.0 - edge) * 4.0).clamp(0.0, 1.0);
            sum.map(|value| fade * value)
        };
        let node = |index: usize| [index % NODES, index / NODES].map(|number| number as f64 * STEP - REACH);
        let mut warp = Self { frame, nodes: (0..NODES * NODES).map(|index| at(node(index))).collect() };
        warp.unfold();
        warp
    }

    /// Weakens the field until it keeps some of every area.
    fn unfold(&mut self) {
        for _ in 0..16 {
            let difference = |a: usize, b: usize, axis: usize| (self.nodes[b][axis] - self.nodes[a][axis]) / STEP;
            let area = |index: usize| {
                let (right, below) = (index + 1, index + NODES);
                (1.0 + difference(index, right, 0)) * (1.0 + difference(index, below, 1))
                    - difference(index, right, 1) * difference(index, below, 0)
            };
            let cells = (0..NODES - 1).flat_map(|y| (0..NODES - 1).map(move |x| y * NODES + x));
            if cells.map(area).fold(f64::INFINITY, f64::min) >= LEAST_AREA {
                return;
            }
            self.nodes.iter_mut().for_each(|node| *node = node.map(|value| 0.85 * value));
        }
        self.nodes.fill([0.0; 2]);
    }

    fn at(&self, [x, y]: Point) -> Point {
        let place = [x, y].map(|value| ((value + REACH) / STEP).clamp(0.0, (NODES - 1) as f64 - 1e-9));
        let (column, row) = (place[0] as usize, place[1] as usize);
        let (fx, fy) = (place[0] - column as f64, place[1] - row as f64);
        let index = row * NODES + column;
        let [a, b, c, d] = [index, index + 1, index + NODES, index + NODES + 1].map(|index| self.nodes[index]);
        [0, 1].map(|axis| {
            let (upper, lower) = (a[axis] + fx * (b[axis] - a[axis]), c[axis] + fx * (d[axis] - c[axis]));
            upper + fy * (lower - upper)
        })
    }

    /// The place in the original that is seen at a place of the exaggerated picture, both in pixels.
    pub(super) fn source(&self, target: Point) -> Point {
        let inside = self.frame.inside(target);
        let [dx, dy] = self.at(inside);
        self.frame.outside([inside[0] + dx, inside[1] + dy])
    }

    /// Where the original's points lie in the exaggerated picture; `None` if one cannot be found to a hundredth of the eye distance.
    pub(super) fn carry(&self, points: &[Point]) -> Option<Vec<Point>> {
        points
            .iter()
            .map(|point| self.carry_one(self.frame.inside(*point)).map(|found| self.frame.outside(found)))
            .collect()
    }

    /// Newton's method on `place + field(place) = wanted`.
    fn carry_one(&self, wanted: Point) -> Option<Point> {
        const SMALL: f64 = 0.02;
        let residual = |[x, y]: Point| {
            let [dx, dy] = self.at([x, y]);
            [x + dx - wanted[0], y + dy - wanted[1]]
        };
        let mut place = wanted;
        for _ in 0..30 {
            let [rx, ry] = residual(place);
            if rx.hypot(ry) < 1e-4 {
                return Some(place);
            }
            let [right, below] = [residual([place[0] + SMALL, place[1]]), residual([place[0], place[1] + SMALL])];
            let [a, b] = [(right[0] - rx) / SMALL, (below[0] - rx) / SMALL];
            let [c, d] = [(right[1] - ry) / SMALL, (below[1] - ry) / SMALL];
            let determinant = (a * d - b * c).max(0.05);
            let step = [(d * rx - b * ry) / determinant, (a * ry - c * rx) / determinant];
            let length = step[0].hypot(step[1]).max(1e-9);
            let limited = (0.2 / length).min(1.0);
            place = [place[0] - limited * step[0], place[1] - limited * step[1]];
        }
        let [rx, ry] = residual(place);
        (rx.hypot(ry) < 0.01).then_some(place)
    }
}

fn gauss([x, y]: Point, middle: Point, radius: f64) -> f64 {
    (-((x - middle[0]).powi(2) + (y - middle[1]).powi(2)) / (2.0 * radius * radius)).exp()
}

/// The part of the field that lets differences grow: back from where the points have moved to.
fn grown(place: Point, targets: &[Point; 68], moved: &[Point; 68]) -> Point {
    let (mut sum, mut total) = ([0.0; 2], 0.3);
    for (target, shift) in targets.iter().zip(moved) {
        let weight = gauss(place, *target, 0.22);
        sum = [sum[0] - weight * shift[0], sum[1] - weight * shift[1]];
        total += weight;
    }
    sum.map(|value| value / total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::stream;

    /// A face of circles: enough of a face for a field.
    fn face(eye_distance: f64) -> Vec<Point> {
        let ring = |count: usize, middle: Point, radius: f64| {
            (0..count).map(move |index| {
                let angle = index as f64 / count as f64 * std::f64::consts::TAU;
                [middle[0] + radius * angle.cos(), middle[1] + radius * angle.sin()]
            })
        };
        let mut points: Vec<Point> = ring(17, [0.0, 0.6], 1.0).chain(ring(19, [0.0, 0.4], 0.3)).collect();
        points.extend(ring(6, [-0.35, 0.0], 0.15).chain(ring(6, [0.35, 0.0], 0.15)).chain(ring(20, [0.0, 1.0], 0.3)));
        (points[36], points[45]) = ([-0.5, 0.0], [0.5, 0.0]);
        points.into_iter().map(|[x, y]| [200.0 + eye_distance * x, 180.0 + eye_distance * y]).collect()
    }

    #[test]
    fn carried_points_show_what_they_showed() {
        let points = face(80.0);
        let mean = mean_face(std::iter::once(&face(75.0)[..]));
        let mut moved: f64 = 0.0;
        for index in 0..40 {
            let random = &mut stream(1, "warp", index);
            let warp = Warp::new(&points, &mean, &Exaggeration::default(), 1.5, random);
            let carried = warp.carry(&points).expect("the field does not fold");
            for (point, carried) in points.iter().zip(&carried) {
                let [x, y] = warp.source(*carried);
                assert!((x - point[0]).hypot(y - point[1]) < 0.9, "{index}: {point:?} is seen at {carried:?}");
                moved = moved.max((carried[0] - point[0]).hypot(carried[1] - point[1]));
            }
        }
        assert!(moved > 12.0, "{moved}");
    }

    #[test]
    fn no_strength_moves_nothing_and_seeds_fix_the_rest() {
        let points = face(60.0);
        let mean = mean_face(std::iter::once(&points[..]));
        let none = Warp::new(&points, &mean, &Exaggeration::default(), 0.0, &mut stream(1, "warp", 0));
        let [x, y] = none.source([150.0, 140.0]);
        assert!((x - 150.0).abs() < 1e-6 && (y - 140.0).abs() < 1e-6, "{x} {y}");
        let again = || Warp::new(&points, &mean, &Exaggeration::default(), 1.0, &mut stream(1, "warp", 7)).nodes;
        assert_eq!(again(), again());
    }

    #[test]
    fn turning_the_head_is_no_difference_from_the_mean() {
        let mean = mean_face(std::iter::once(&face(80.0)[..]));
        let narrower = mean.map(|[x, y]| [0.8 * x + 0.1 * y, 1.1 * y]);
        assert!(differences(&narrower, &mean).as_flattened().iter().all(|value| value.abs() < 1e-9));
    }
}
