//! Where a head is and where it looks: from its own frame into the picture.

use crate::landmarks::mesh::Point3;
use crate::pose::linear::{apply, multiply, nearest_rotation, transpose};

/// A similarity in three dimensions: `place = scale · rotation · point + shift`. It takes points of the head's frame (outer corners of
/// the mean face's eyes one unit apart) to places in the picture (pixels, depth in pixels).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeadPose {
    /// Pixels per unit.
    pub scale: f64,
    /// A rotation.
    pub rotation: [[f64; 3]; 3],
    /// Where the frame's origin lies.
    pub shift: Point3,
}

impl HeadPose {
    /// The pose that brings `points` nearest to `places`, in the mean of squares weighted by `weights` (Umeyama 1991, "Least-squares
    /// estimation of transformation parameters between two point patterns"). `None` for points that have none: all in one plane or
    /// line, or not finite.
    pub fn fit(points: &[Point3], places: &[Point3], weights: &[f64]) -> Option<Self> {
        let total: f64 = weights.iter().sum();
        let mean = |set: &[Point3]| -> Point3 {
            std::array::from_fn(|axis| {
                set.iter().zip(weights).map(|(point, weight)| weight * point[axis]).sum::<f64>() / total
            })
        };
        let (middle, place_middle) = (mean(points), mean(places));
        let (mut covariance, mut spread) = ([[0.0; 3]; 3], 0.0);
        for ((point, place), weight) in points.iter().zip(places).zip(weights) {
            let (from, to) = (minus(*point, middle), minus(*place, place_middle));
            spread += weight * from.iter().map(|value| value * value).sum::<f64>();
            for row in 0..3 {
                for column in 0..3 {
                    covariance[row][column] += weight * to[row] * from[column];
                }
            }
        }
        let rotation = nearest_rotation(covariance)?;
        let turned = multiply(transpose(rotation), covariance);
        let scale = (turned[0][0] + turned[1][1] + turned[2][2]) / spread;
        let moved = apply(rotation, middle);
        let shift = std::array::from_fn(|axis| place_middle[axis] - scale * moved[axis]);
        (scale.is_finite() && scale > 0.0 && shift.iter().all(|value| value.is_finite())).then_some(Self {
            scale,
            rotation,
            shift,
        })
    }

    /// A place of the picture in the head's frame.
    pub fn into_head(&self, place: Point3) -> Point3 {
        let turned = apply(transpose(self.rotation), minus(place, self.shift));
        turned.map(|value| value / self.scale)
    }

    /// Where a displacement in the head's frame leads in the picture, x and y in pixels.
    pub fn displacement(&self, by: Point3) -> [f64; 2] {
        let [x, y, _] = apply(self.rotation, by);
        [self.scale * x, self.scale * y]
    }
}

fn minus(a: Point3, b: Point3) -> Point3 {
    std::array::from_fn(|axis| a[axis] - b[axis])
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;

    #[test]
    fn the_pose_of_a_turned_head_is_found_again() {
        let points: Vec<Point3> =
            (0..20).map(|i| [f64::from(i * 7 % 11), f64::from(i * 5 % 13), f64::from(i * 3 % 7)]).collect();
        let (sine, cosine) = 0.5_f64.sin_cos();
        let rotation = [[cosine, 0.0, sine], [0.0, 1.0, 0.0], [-sine, 0.0, cosine]];
        let pose = HeadPose { scale: 40.0, rotation, shift: [100.0, 80.0, -3.0] };
        let place = |point: &Point3| {
            let turned = apply(rotation, *point);
            std::array::from_fn(|axis| 40.0 * turned[axis] + pose.shift[axis])
        };
        let places: Vec<Point3> = points.iter().map(place).collect();
        let found = HeadPose::fit(&points, &places, &[1.0; 20]).unwrap();
        assert!((found.scale - 40.0).abs() < 1e-9);
        for (point, place) in points.iter().zip(&places) {
            let back = found.into_head(*place);
            assert!((0..3).all(|axis| (back[axis] - point[axis]).abs() < 1e-9));
        }
        assert!(HeadPose::fit(&[[1.0; 3]; 4], &[[2.0; 3]; 4], &[1.0; 4]).is_none());
    }
}
