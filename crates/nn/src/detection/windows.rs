//! The points of a face, from several looks at it.
//!
//! The network's points depend on how much it sees: close windows place eyes, nose and mouth best, wide ones the outline of the
//! face. On a third of the neutral pictures of the London set (`docs/models/face-mesh.md`) the mean error of the mouth's corners fell
//! from 2.6 to 1.9 % of the distance of the outer eye corners against one window as MediaPipe takes it, that of the chin from 7 to
//! 4 %. How far the windows disagree tells how sure the points are.

use portraitist_face::landmarks::MIRRORED_VERTICES;
use portraitist_face::landmarks::mesh::{self, MIRRORED_IBUG, Point3};
use portraitist_face::transform::Point;
use portraitist_kernels::ShapeError;
use rayon::prelude::*;

use super::memory::MemoryPool;
use super::pyramid::{Pyramid, Sampling};
use super::region::{Region, angle_between};
use crate::networks::mediapipe::{FaceMesh, MESH_POINTS};

/// Side of the window by the side of the box around the points, as MediaPipe has it.
pub(super) const WINDOW: f64 = 1.5;
/// Windows follow the points until they move by less than this share of their side, at most so often.
pub(super) const STILL: f64 = 0.12;
const MOST_FOLLOWED: usize = 3;

/// A window: moved across and down by shares of its side, scaled, turned by radians.
pub(super) type Change = ([f64; 2], f64, f64);
/// Windows for eyes, nose and mouth.
const CLOSE: [Change; 3] = [([0.0, 0.05], 0.93, 0.0), ([0.03, 0.05], 0.95, 0.03), ([-0.03, 0.05], 0.95, -0.03)];
/// Windows for the outline.
const WIDE: [Change; 2] = [([0.0, 0.05], 1.1, 0.0), ([0.0, 0.02], 1.12, 0.0)];
/// Distance from the outline at which close and wide windows count alike, in distances of the outer eye corners, over e.
const OUTLINE_REACH: f64 = 0.15;

/// The points of a face, from several windows.
#[derive(Clone, Debug)]
pub(super) struct Windows {
    /// x and y in pixels of the picture; depth in the same unit, smaller is nearer.
    pub(super) points: Vec<Point3>,
    /// How far the windows that made a point disagree: root of the mean squared distance from their mean, in pixels.
    pub(super) spread: Vec<f64>,
    /// Probability that there is a face, mean over the windows.
    pub(super) flag: f64,
}

/// One look.
pub(super) struct Look {
    /// In pixels of the picture.
    pub(super) points: Vec<Point3>,
    /// Probability that there is a face.
    pub(super) flag: f64,
    /// Of the network for drawings: the expected errors of iBUG's 68 points, in pixels of the picture, and the probability that the
    /// face is drawn.
    pub(super) drawn: Option<(Vec<f64>, f64)>,
}

/// Looks at faces through the mesh network.
pub(super) struct MeshLooker<'a> {
    pub(super) network: &'a FaceMesh,
    pub(super) memory: &'a MemoryPool,
    pub(super) pyramid: &'a Pyramid<'a>,
}

impl MeshLooker<'_> {
    /// The points of the face in a window, which is followed to where the points say that the face is.
    pub(super) fn points(&self, first: Region) -> Result<Windows, ShapeError> {
        let mut window = first;
        for _ in 0..MOST_FOLLOWED {
            let next = window_of(&self.look(&window)?.points);
            let moved = window.distance(&next);
            window = next;
            if moved < STILL {
                break;
            }
        }
        let changes: Vec<Change> = CLOSE.into_iter().chain(WIDE).collect();
        let look = |(shift, scale, turn): &Change| self.look(&window.moved(*shift, *scale, *turn));
        let looks: Vec<Look> = changes.par_iter().map(look).collect::<Result<_, _>>()?;
        let flag = looks.iter().map(|look| look.flag).sum::<f64>() / looks.len() as f64;
        let (close, wide) = looks.split_at(CLOSE.len());
        let ((close, close_spread), (wide, wide_spread)) = (mean(close), mean(wide));
        let shares = outline_shares(&close);
        let mixed = |close: f64, wide: f64, share: f64| close + share * (wide - close);
        let points = (0..MESH_POINTS)
            .map(|index| std::array::from_fn(|axis| mixed(close[index][axis], wide[index][axis], shares[index])))
            .collect();
        let spread =
            (0..MESH_POINTS).map(|index| mixed(close_spread[index], wide_spread[index], shares[index])).collect();
        Ok(Windows { points, spread, flag })
    }

    /// Looks once.
    pub(super) fn look(&self, window: &Region) -> Result<Look, ShapeError> {
        self.look_at(window, false)
    }

    /// Looks once, at the window or its mirror image; the points are the picture's either way.
    pub(super) fn look_at(&self, window: &Region, mirrored: bool) -> Result<Look, ShapeError> {
        // Offset 0 fits points placed by hand: the network seems trained on pixels taken so.
        let side = FaceMesh::SIDE;
        let sampling = Sampling { side, offset: 0.0, range: [0.0, 1.0], mirrored, continued: true };
        let pixels = self.pyramid.sample(window, &sampling);
        let output = self.memory.with(|memory| self.network.forward(&pixels, memory))?;
        let share = |value: f32| f64::from(value) / side as f64;
        let place = |[x, y, depth]: &[f32; 3]| {
            let across = share(*x) - 0.5;
            let [x, y] = window.place([if mirrored { -across } else { across }, share(*y) - 0.5]);
            [x, y, share(*depth) * window.side]
        };
        let mut points: Vec<Point3> = output.points.iter().map(place).collect();
        if mirrored {
            points = MIRRORED_VERTICES.iter().map(|vertex| points[*vertex]).collect();
        }
        let drawn = output.drawn.map(|face| {
            let errors: Vec<f64> = face.errors.into_iter().map(|error| share(error) * window.side).collect();
            let errors = if mirrored { MIRRORED_IBUG.map(|index| errors[index]).to_vec() } else { errors };
            (errors, probability(face.drawn))
        });
        Ok(Look { points, flag: probability(output.flag), drawn })
    }
}

/// The probability of a logit.
fn probability(logit: f32) -> f64 {
    1.0 / (1.0 + f64::from(-logit.clamp(-100.0, 100.0)).exp())
}

/// The window around a face's points.
pub(super) fn window_of(points: &[Point3]) -> Region {
    let flat = |index: usize| -> Point { [points[index][0], points[index][1]] };
    let angle = angle_between(flat(mesh::LEFT_OUTER_CORNER), flat(mesh::RIGHT_OUTER_CORNER));
    Region::around(points.iter().map(|[x, y, _]| [*x, *y]), angle, WINDOW)
}

/// Mean places, and how far the places lie from them.
pub(super) fn mean(looks: &[Look]) -> (Vec<Point3>, Vec<f64>) {
    let count = looks.len() as f64;
    let of = |index: usize| {
        let places = || looks.iter().map(move |look| look.points[index]);
        let mean: Point3 = std::array::from_fn(|axis| places().map(|place| place[axis]).sum::<f64>() / count);
        let squares = places().map(|place| (place[0] - mean[0]).powi(2) + (place[1] - mean[1]).powi(2));
        (mean, (squares.sum::<f64>() / count).sqrt())
    };
    (0..MESH_POINTS).map(of).unzip()
}

/// How much wide windows count for each point.
fn outline_shares(points: &[Point3]) -> Vec<f64> {
    let distance = |a: &Point3, b: &Point3| (a[0] - b[0]).hypot(a[1] - b[1]);
    let eyes = distance(&points[mesh::LEFT_OUTER_CORNER], &points[mesh::RIGHT_OUTER_CORNER]).max(1e-6);
    let share = |point: &Point3| {
        let nearest = mesh::OUTLINE.iter().map(|index| distance(point, &points[*index])).fold(f64::INFINITY, f64::min);
        (-nearest / eyes / OUTLINE_REACH).exp()
    };
    points.iter().map(share).collect()
}
