//! The five points of a face that crops are aligned by.

use crate::transform::Point;

/// The points, in this order everywhere in this project.
pub const POINT_NAMES: [&str; 5] = ["left eye", "right eye", "nose", "left mouth corner", "right mouth corner"];

/// Left eye, right eye, nose tip, left and right mouth corner; left and right as seen in the picture.
pub type FivePoints = [Point; 5];

/// Index of the nose tip.
pub const NOSE: usize = 2;
/// Index of the left mouth corner.
pub const LEFT_MOUTH: usize = 3;
/// Index of the right mouth corner.
pub const RIGHT_MOUTH: usize = 4;

/// The five points of the mirrored picture of `width` pixels: places mirrored, left and right names swapped.
pub fn mirrored([left_eye, right_eye, nose, left, right]: &FivePoints, width: usize) -> FivePoints {
    [right_eye, left_eye, nose, right, left].map(|&[x, y]| [width as f64 - 1.0 - x, y])
}
