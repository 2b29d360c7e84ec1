//! What is said of a face that was found.

use portraitist_face::Domain;
use portraitist_face::detect::LandmarkedFace;
use portraitist_face::pose::{HeadAngles, head_angles};
use portraitist_face::transform::Point;
use serde::Serialize;

/// A face with everything that is known of it, as `--json` and the web server say it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct DetectedFace {
    #[serde(rename = "box")]
    pub(crate) bounds: [f64; 4],
    pub(crate) score: f64,
    pub(crate) points5: [Point; 5],
    pub(crate) points17: Vec<Point>,
    pub(crate) points68: Vec<Point>,
    pub(crate) points468: Vec<Point>,
    /// The depth of each of the 468 points, in pixels: smaller is nearer, 0 the middle of the head.
    pub(crate) depths468: Vec<f64>,
    /// The distance in pixels that nine in ten such points keep to, of each of the 68.
    pub(crate) errors68: Vec<f64>,
    pub(crate) pose: Angles,
    /// `photo` or `drawing`; `null` where the program cannot tell.
    pub(crate) kind: Option<&'static str>,
    /// By how many degrees the picture had to be turned before the face was found.
    pub(crate) turned_degrees: u32,
}

/// In degrees.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Angles {
    pub(crate) pitch: f64,
    pub(crate) yaw: f64,
    pub(crate) roll: f64,
}

/// Hundredths of a pixel are more than the points are worth.
fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

impl DetectedFace {
    /// What is said of a face.
    pub(crate) fn new(face: &LandmarkedFace) -> Self {
        let HeadAngles { pitch, yaw, roll } = head_angles(&face.points);
        let point = |point: Point| point.map(rounded);
        Self {
            bounds: [face.bounds.x, face.bounds.y, face.bounds.width, face.bounds.height].map(rounded),
            score: (face.score * 1e4).round() / 1e4,
            points5: face.points.five_points().map(point),
            points17: face.points.webcaricature().0.map(point).to_vec(),
            points68: face.points.ibug().map(point).to_vec(),
            points468: face.points.points().iter().map(|[x, y, _]| point([*x, *y])).collect(),
            depths468: face.points.points().iter().map(|[.., depth]| rounded(*depth)).collect(),
            errors68: face.errors.map(rounded).to_vec(),
            pose: Angles { pitch: rounded(pitch), yaw: rounded(yaw), roll: rounded(roll) },
            kind: face.kind.map(Domain::name),
            turned_degrees: face.turned_degrees,
        }
    }
}
