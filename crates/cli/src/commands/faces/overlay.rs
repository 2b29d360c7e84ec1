//! What was found, drawn over its picture.

use portraitist_face::Picture;
use portraitist_face::detect::LandmarkedFace;
use portraitist_face::transform::Point;

const BOX: [u8; 3] = [255, 200, 0];
const MESH: [u8; 3] = [0, 220, 120];
const IBUG: [u8; 3] = [255, 60, 60];
const IRIS: [u8; 3] = [60, 140, 255];

/// Draws a face's box, the points of the mesh, the 68 points on top of them, and the irises.
pub(super) fn draw(picture: &mut Picture, face: &LandmarkedFace) {
    // Thicker in larger pictures, so that it is seen when they are shrunk to a screen.
    let thickness = (picture.width().max(picture.height()) as f64 / 700.0).max(1.0);
    let bounds = face.bounds;
    let corners = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0]]
        .map(|[across, down]| [bounds.x + across * bounds.width, bounds.y + down * bounds.height]);
    for pair in corners.windows(2) {
        line(picture, [pair[0], pair[1]], thickness, BOX);
    }
    let size = (face.points.eye_distance_px() / 80.0).clamp(0.5, 3.0 * thickness);
    face.points.points().iter().for_each(|[x, y, _]| dot(picture, [*x, *y], size, MESH));
    face.points.ibug().into_iter().for_each(|point| dot(picture, point, 1.5 * size, IBUG));
    face.points.irises().as_flattened().iter().for_each(|point| dot(picture, *point, size, IRIS));
}

/// A line whose ends may lie outside.
fn line(picture: &mut Picture, [from, to]: [Point; 2], thickness: f64, colour: [u8; 3]) {
    let steps = (to[0] - from[0]).abs().max((to[1] - from[1]).abs()).ceil().clamp(1.0, 1e5) as usize;
    for step in 0..=steps {
        let share = step as f64 / steps as f64;
        let place = [0, 1].map(|axis| from[axis] + share * (to[axis] - from[axis]));
        dot(picture, place, thickness / 2.0, colour);
    }
}

/// A square of colour around a place.
fn dot(picture: &mut Picture, [x, y]: Point, radius: f64, colour: [u8; 3]) {
    let (width, height) = (picture.width(), picture.height());
    let range = |middle: f64, size: usize| {
        let low = (middle - radius + 0.5).floor().clamp(0.0, size as f64) as usize;
        let high = (middle + radius + 0.5).floor().clamp(-1.0, size as f64 - 1.0);
        if high < 0.0 { 0..0 } else { low..high as usize + 1 }
    };
    let columns = range(x, width);
    for y in range(y, height) {
        for x in columns.clone() {
            picture.pixels_mut()[3 * (y * width + x)..][..3].copy_from_slice(&colour);
        }
    }
}
