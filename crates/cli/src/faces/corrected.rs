//! A face's shape after the points that a person has put right.

use portraitist_face::landmarks::mesh::{MeshPoints, Point3};
use portraitist_face::transform::Point;

/// Distance, in distances of the outer corners of the eyes, below which nearer points count no more.
const NEAR: f64 = 0.05;

/// The mesh with iBUG's 68 points where they are said to be. What lies between them moves along, by the weighted mean of how they move:
/// inverse squares of squared distances (Shepard 1968). Depths stay.
pub(crate) fn corrected(mesh: &MeshPoints, points: &[Point; 68]) -> MeshPoints {
    let found = mesh.ibug();
    let moves: Vec<Point> = found.iter().zip(points).map(|(from, to)| [to[0] - from[0], to[1] - from[1]]).collect();
    let near = (NEAR * mesh.eye_distance_px()).max(f64::MIN_POSITIVE).powi(2);
    let moved = |[x, y]: Point| {
        let weight = |point: &Point| ((point[0] - x).powi(2) + (point[1] - y).powi(2) + near).powi(-2);
        let weights: Vec<f64> = found.iter().map(weight).collect();
        let total: f64 = weights.iter().sum();
        let by = |axis: usize| weights.iter().zip(&moves).map(|(weight, by)| weight * by[axis]).sum::<f64>() / total;
        [x + by(0), y + by(1)]
    };
    let points = mesh.points().iter().map(|&[x, y, z]: &Point3| {
        let [x, y] = moved([x, y]);
        [x, y, z]
    });
    MeshPoints::new(points.collect(), mesh.irises().map(|iris| iris.map(moved)))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use portraitist_face::{Picture, bundled_portrait};
    use portraitist_nn::detection::FaceMeshDetector;

    use super::*;

    #[test]
    fn a_dragged_point_takes_its_surroundings_along() {
        let portrait = Picture::decode("portrait", bundled_portrait()).unwrap();
        let mesh = FaceMeshDetector::shared().unwrap().find(&portrait).unwrap().remove(0).points;
        let unit = mesh.eye_distance_px();
        let mut points = mesh.ibug();
        let apart = |a: &[Point; 68], b: &[Point; 68]| -> Vec<f64> {
            a.iter().zip(b).map(|(a, b)| (a[0] - b[0]).hypot(a[1] - b[1]) / unit).collect()
        };
        assert!(
            apart(&corrected(&mesh, &points).ibug(), &points).iter().all(|apart| *apart < 1e-9),
            "nothing is dragged"
        );
        // The chin.
        points[8][1] += 0.2 * unit;
        let dragged = corrected(&mesh, &points).ibug();
        let [to_goal, from_start] = [apart(&dragged, &points), apart(&dragged, &mesh.ibug())];
        assert!(to_goal[8] < 0.05, "the chin follows: {}", to_goal[8]);
        assert!(from_start[30] < 0.01 && from_start[19] < 0.01, "nose and brow stay: {from_start:?}");
    }
}
