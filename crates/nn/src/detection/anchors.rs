//! What BlazeFace says, as faces in the picture.

use portraitist_face::template::Template;
use portraitist_face::transform::Point;

use super::region::{Region, angle_between};
use crate::networks::mediapipe::BlazeFaceOutput;

/// Right eye, left eye, tip of the nose, mouth, right and left ear (the person's).
pub(super) const KEY_POINTS: usize = 6;
/// Side of the box around a mean face's mesh by the distance of the eyes.
const FACE_BY_EYES: f64 = 2.7;

/// A face that may be there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Candidate {
    /// Middle of the box, in pixels of the picture.
    pub(super) middle: Point,
    /// Side of the box; boxes are nearly square.
    pub(super) side: f64,
    pub(super) points: [Point; KEY_POINTS],
    /// 0 to 1.
    pub(super) score: f64,
}

impl Candidate {
    /// The square that the mesh looks at: along the line of the eyes, larger than the box.
    pub(super) fn region(&self, scale: f64) -> Region {
        let [right_eye, left_eye, ..] = self.points;
        Region { middle: self.middle, side: self.side * scale, angle: angle_between(right_eye, left_eye) }
    }

    /// A face whose five points lie where a crop's template has them.
    pub(super) fn in_frame(frame: &Template, score: f64) -> Self {
        let [right_eye, left_eye, nose, right_mouth, left_mouth] = frame.points;
        let between = |a: Point, b: Point| [0, 1].map(|axis| f64::midpoint(a[axis], b[axis]));
        let eye_distance = (left_eye[0] - right_eye[0]).hypot(left_eye[1] - right_eye[1]);
        Self {
            middle: between(between(right_eye, left_eye), nose),
            side: FACE_BY_EYES * eye_distance,
            points: [right_eye, left_eye, nose, between(right_mouth, left_mouth), right_eye, left_eye],
            score,
        }
    }

    /// Overlap of the boxes by their union, as if they stood upright.
    pub(super) fn overlap(&self, other: &Self) -> f64 {
        let along = |axis: usize| {
            let low = (self.middle[axis] - self.side / 2.0).max(other.middle[axis] - other.side / 2.0);
            let high = (self.middle[axis] + self.side / 2.0).min(other.middle[axis] + other.side / 2.0);
            (high - low).max(0.0)
        };
        let shared = along(0) * along(1);
        shared / (self.side.powi(2) + other.side.powi(2) - shared)
    }
}

/// The anchors that see a face in a square of the picture with at least this probability.
pub(super) fn candidates(
    output: &BlazeFaceOutput,
    anchors: &[[f32; 2]],
    side: usize,
    region: &Region,
    least_score: f64,
) -> Vec<Candidate> {
    let least_logit = (least_score / (1.0 - least_score)).ln() as f32;
    let rows = output.scores.iter().zip(&output.boxes).zip(anchors);
    let found = rows.filter(|((score, _), _)| **score >= least_logit).map(|((score, numbers), anchor)| {
        let share = |index: usize| numbers[index] / side as f32;
        let place = |index: usize| {
            let [x, y] = [0, 1].map(|axis| f64::from(anchor[axis] + share(index + axis)) - 0.5);
            region.place([x, y])
        };
        Candidate {
            middle: place(0),
            side: f64::from(share(2).max(share(3))) * region.side,
            points: std::array::from_fn(|point| place(4 + 2 * point)),
            score: 1.0 / (1.0 + f64::from(-score.clamp(-100.0, 100.0)).exp()),
        }
    });
    found.filter(|candidate| candidate.side > 0.0 && candidate.side.is_finite()).collect()
}
