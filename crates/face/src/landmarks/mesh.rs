//! The 468 points of MediaPipe's face mesh, and the other sets of points that follow from them.
//!
//! Numbers of points (vertices) are MediaPipe's; left and right are the picture's.

use super::five::FivePoints;
use super::webcaricature::Landmarks;
use crate::transform::Point;

/// Points of a face.
pub const COUNT: usize = 468;
/// Points of an eye's outline.
pub const EYE_POINTS: usize = 16;

/// Outer corner of the left eye.
pub const LEFT_OUTER_CORNER: usize = 33;
/// Outer corner of the right eye.
pub const RIGHT_OUTER_CORNER: usize = 263;

/// The outline of the face, clockwise from the middle of the forehead.
pub const OUTLINE: [usize; 36] = [
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150,
    136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
];

/// The vertices nearest to iBUG's 68 points, in the order of 300-W: jaw, brows (upper edge), nose, eyes, lips. Where the points themselves
/// are asked for, [`ibug_of`] is nearer to what people mark.
///
/// The jaw of a turned head follows the skull, not the outline that one sees.
pub const IBUG: [usize; 68] = [
    162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389, // jaw
    71, 63, 105, 66, 107, 336, 296, 334, 293, 301, // brows
    168, 197, 5, 4, 75, 97, 2, 326, 305, // nose
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380, // eyes
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, // outer lips
    78, 82, 13, 312, 308, 317, 14, 87, // inner lips
];

/// Those of iBUG's points that lie between two vertices: the point, the vertices, the share of the second one.
///
/// 300-W's jaw is 17 points at even distances from the height of the eyes to the chin; the shares are those of the mean face
/// (1,090 frontal photos). The ends of the brows are fitted to the points that people placed on 114 photos of the London set (errors of
/// 3.7 and 4.4 % of the eye distance instead of 11 and 5.5).
const BETWEEN: [(usize, [usize; 2], f64); 20] = [
    (0, [162, 127], 0.655),
    (1, [127, 234], 0.915),
    (2, [93, 132], 0.17),
    (3, [132, 58], 0.328),
    (4, [58, 172], 0.512),
    (5, [172, 136], 0.976),
    (6, [150, 149], 0.559),
    (7, [176, 148], 0.419),
    (9, [400, 377], 0.419),
    (10, [379, 378], 0.559),
    (11, [397, 365], 0.976),
    (12, [288, 397], 0.512),
    (13, [361, 288], 0.328),
    (14, [323, 361], 0.17),
    (15, [356, 454], 0.915),
    (16, [389, 356], 0.655),
    (17, [70, 156], 0.5),
    (21, [107, 55], 0.35),
    (22, [336, 285], 0.35),
    (26, [300, 383], 0.5),
];

/// For each of iBUG's 68 points the two vertices that it lies between, and the share of the second one.
pub fn ibug_shares() -> [([usize; 2], f64); 68] {
    let mut shares = IBUG.map(|vertex| ([vertex; 2], 0.0));
    BETWEEN.iter().for_each(|(point, vertices, share)| shares[*point] = (*vertices, *share));
    shares
}

/// The outline from the height of the eyes, where iBUG's jaw begins between the first vertex and the one above, to the chin; left and right.
const JAW: [[usize; 12]; 2] = [
    [127, 234, 93, 132, 58, 172, 136, 150, 149, 176, 148, CHIN],
    [356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, CHIN],
];

/// iBUG's 68 points of what belongs to the vertices of a mesh: coordinates, or errors. Each is a fixed mix of two vertices, so that it can be
/// learned; [`MeshPoints::ibug`] places the jaw's anew in every face.
pub fn ibug_of<const N: usize>(vertex: impl Fn(usize) -> [f64; N]) -> [[f64; N]; 68] {
    ibug_shares().map(|([first, second], share)| {
        let (first, second) = (vertex(first), vertex(second));
        std::array::from_fn(|axis| first[axis] + share * (second[axis] - first[axis]))
    })
}

/// Which of iBUG's points each one becomes when the picture is mirrored left to right.
pub const MIRRORED_IBUG: [usize; 68] = [
    16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 27, 28, 29, 30,
    35, 34, 33, 32, 31, 45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40, 54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55,
    64, 63, 62, 61, 60, 67, 66, 65,
];

/// Middle of the forehead, as high as the mesh reaches.
const FOREHEAD: usize = 10;
const CHIN: usize = 152;
const NOSE_TIP: usize = 4;
const MOUTH: [usize; 2] = [61, 291];
const EARS: [usize; 2] = [234, 454];
/// The hairline lies this share of the way from chin to forehead beyond the forehead: mean of the London set, whose people differ
/// by 3 % of that way.
const HAIRLINE: f64 = 0.12;

/// Middle of both eyes, tip of the nose, corners of the mouth, of iBUG's points.
pub fn five_of_ibug(points: &[Point; 68]) -> FivePoints {
    let middle = |range: std::ops::Range<usize>| {
        let count = range.len() as f64;
        [0, 1].map(|axis| points[range.clone()].iter().map(|point| point[axis]).sum::<f64>() / count)
    };
    [middle(36..42), middle(42..48), points[30], points[48], points[54]]
}

/// x and y in pixels of the picture; depth in the same unit, smaller is nearer, 0 the middle of the head.
pub type Point3 = [f64; 3];

/// One of the eyes; left and right are the picture's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Eye {
    /// The left one.
    Left,
    /// The right one.
    Right,
}

impl Eye {
    /// Its corners from left to right.
    pub fn corners(self) -> [usize; 2] {
        match self {
            Self::Left => [33, 133],
            Self::Right => [362, 263],
        }
    }

    /// Its outline: outer corner, lower lid, inner corner, upper lid from outside.
    pub fn outline(self) -> [usize; EYE_POINTS] {
        match self {
            Self::Left => [33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173],
            Self::Right => [263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398],
        }
    }
}

/// The points of a face and its irises.
#[derive(Clone, Debug, PartialEq)]
pub struct MeshPoints {
    points: Vec<Point3>,
    irises: [[Point; 5]; 2],
}

impl MeshPoints {
    /// Wraps the points of a face and, left and right, the middle of each iris and four points of its rim.
    ///
    /// # Panics
    /// Unless there are 468 points.
    pub fn new(points: Vec<Point3>, irises: [[Point; 5]; 2]) -> Self {
        assert_eq!(points.len(), COUNT, "points of a face mesh");
        Self { points, irises }
    }

    /// All points with their depth.
    pub fn points(&self) -> &[Point3] {
        &self.points
    }

    /// Left and right: the middle of the iris, then four points of its rim.
    pub fn irises(&self) -> &[[Point; 5]; 2] {
        &self.irises
    }

    /// A point of the mesh in the picture.
    pub fn point(&self, vertex: usize) -> Point {
        let [x, y, _] = self.points[vertex];
        [x, y]
    }

    /// The smallest upright rectangle around the points: left and top edge, width and height.
    pub fn bounds(&self) -> [f64; 4] {
        let along = |axis: usize| {
            let values = self.points.iter().map(|point| point[axis]);
            values.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], value| [low.min(value), high.max(value)])
        };
        let ([left, right], [top, bottom]) = (along(0), along(1));
        [left, top, right - left, bottom - top]
    }

    /// Distance of the outer corners of the eyes, in pixels.
    pub fn eye_distance_px(&self) -> f64 {
        let ([ax, ay], [bx, by]) = (self.point(LEFT_OUTER_CORNER), self.point(RIGHT_OUTER_CORNER));
        (bx - ax).hypot(by - ay)
    }

    /// Both pupils, the tip of the nose, the corners of the mouth.
    pub fn five_points(&self) -> FivePoints {
        let [left, right] = [self.irises[0][0], self.irises[1][0]];
        [left, right, self.point(NOSE_TIP), self.point(MOUTH[0]), self.point(MOUTH[1])]
    }

    /// WebCaricature's 17 points. The hairline is where it lies on average, the ears are where the face ends at their height.
    pub fn webcaricature(&self) -> Landmarks {
        let middle = |a: usize, b: usize| {
            let (a, b) = (self.point(a), self.point(b));
            [0, 1].map(|axis| f64::midpoint(a[axis], b[axis]))
        };
        let (forehead, chin) = (self.point(FOREHEAD), self.point(CHIN));
        let hairline = [0, 1].map(|axis| forehead[axis] + HAIRLINE * (forehead[axis] - chin[axis]));
        let point = |vertex| self.point(vertex);
        Landmarks([
            hairline,
            point(EARS[0]),
            chin,
            point(EARS[1]),
            point(70),
            // Inner ends of the brows: between their upper and lower corner.
            middle(55, 107),
            middle(285, 336),
            point(300),
            point(33),
            point(133),
            point(362),
            point(263),
            point(NOSE_TIP),
            point(0),
            point(MOUTH[0]),
            point(17),
            point(MOUTH[1]),
        ])
    }

    /// iBUG's 68 points; those of the jaw at even distances along the outline.
    pub fn ibug(&self) -> [Point; 68] {
        let mut points = ibug_of(|vertex| self.point(vertex));
        let half = |start: Point, vertices: &[usize]| -> [Point; 9] {
            let outline = std::iter::once(start).chain(vertices.iter().map(|vertex| self.point(*vertex)));
            evenly_spaced(&outline.collect::<Vec<_>>())
        };
        let [left, mut right] = [half(points[0], &JAW[0]), half(points[16], &JAW[1])];
        right.reverse();
        points[..9].copy_from_slice(&left);
        points[8..17].copy_from_slice(&right);
        points
    }
}

/// Points at even distances along a line of at least one point, from its first to its last.
fn evenly_spaced<const N: usize>(line: &[Point]) -> [Point; N] {
    let length = |[from, to]: &[Point; 2]| (to[0] - from[0]).hypot(to[1] - from[1]);
    let whole: f64 = line.array_windows().map(length).sum();
    let (mut parts, mut passed) = (line.array_windows::<2>().peekable(), 0.0);
    std::array::from_fn(|index| {
        let wanted = whole * index as f64 / (N - 1) as f64;
        while let Some(part) = parts.next_if(|part| passed + length(part) < wanted) {
            passed += length(part);
        }
        let Some(part @ [from, to]) = parts.peek() else { return line[line.len() - 1] };
        let share = ((wanted - passed) / length(part).max(f64::MIN_POSITIVE)).min(1.0);
        [0, 1].map(|axis| from[axis] + share * (to[axis] - from[axis]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_hold_distinct_vertices() {
        for list in [&OUTLINE[..], &IBUG, &Eye::Left.outline(), &Eye::Right.outline()] {
            let distinct: std::collections::BTreeSet<_> = list.iter().collect();
            assert_eq!(distinct.len(), list.len());
            assert!(list.iter().all(|vertex| *vertex < COUNT));
        }
        assert_eq!(Eye::Left.outline()[0], LEFT_OUTER_CORNER);
        assert_eq!(Eye::Left.corners()[1], Eye::Left.outline()[8]);
        assert_eq!(Eye::Right.outline()[0], RIGHT_OUTER_CORNER);
        assert_eq!(Eye::Right.corners()[0], Eye::Right.outline()[8]);
    }

    #[test]
    fn points_along_a_line_are_evenly_spaced() {
        // Two and then four long, around a corner; one part without length.
        let line = [[0.0, 0.0], [0.0, 2.0], [0.0, 2.0], [4.0, 2.0]];
        assert_eq!(evenly_spaced::<4>(&line), [[0.0, 0.0], [0.0, 2.0], [2.0, 2.0], [4.0, 2.0]]);
        assert_eq!(evenly_spaced::<3>(&[[1.0, 1.0]; 3]), [[1.0, 1.0]; 3]);
    }

    #[test]
    fn points_of_the_other_sets_are_those_of_the_mesh() {
        let points = (0..COUNT).map(|vertex| [vertex as f64, 2.0 * vertex as f64, 0.0]).collect();
        let mesh = MeshPoints::new(points, [[[1.0, 2.0]; 5], [[3.0, 4.0]; 5]]);
        assert_eq!(mesh.ibug()[8], [152.0, 304.0]);
        // Halfway between two vertices.
        assert_eq!(mesh.ibug()[17], [113.0, 226.0]);
        assert_eq!(mesh.five_points()[1], [3.0, 4.0]);
        assert_eq!(mesh.webcaricature().0[16], [291.0, 582.0]);
        assert_eq!(mesh.bounds(), [0.0, 0.0, 467.0, 934.0]);
        assert!((mesh.eye_distance_px() - 230.0 * 5.0_f64.sqrt()).abs() < 1e-9);
    }
}
