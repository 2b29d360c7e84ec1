//! Turned squares of a picture.

use portraitist_face::transform::Point;

/// A turned square of a picture, whose own axes lie along a face's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Region {
    /// Its middle, in pixels of the picture.
    pub middle: Point,
    /// Its side, in pixels of the picture.
    pub side: f64,
    /// From the picture's x axis to its own, in radians, clockwise as seen.
    pub angle: f64,
}

impl Region {
    /// The place in the picture of a place in the square: shares of its side from its middle, along its own axes.
    pub fn place(&self, [across, down]: Point) -> Point {
        let (sin, cos) = self.angle.sin_cos();
        let [x, y] = [across * self.side, down * self.side];
        [self.middle[0] + x * cos - y * sin, self.middle[1] + x * sin + y * cos]
    }

    /// The square moved by shares of its side along its own axes, scaled and turned.
    #[must_use]
    pub fn moved(&self, shift: Point, scale: f64, turn: f64) -> Self {
        Self { middle: self.place(shift), side: self.side * scale, angle: self.angle + turn }
    }

    /// The smallest square at an angle around some points, scaled.
    pub fn around(points: impl Iterator<Item = Point> + Clone, angle: f64, scale: f64) -> Self {
        let (sin, cos) = angle.sin_cos();
        let along = |axis: [f64; 2]| {
            let values = points.clone().map(move |[x, y]| x * axis[0] + y * axis[1]);
            let (low, high) =
                values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
            (f64::midpoint(low, high), high - low)
        };
        let ((x, width), (y, height)) = (along([cos, sin]), along([-sin, cos]));
        Self { middle: [x * cos - y * sin, x * sin + y * cos], side: width.max(height) * scale, angle }
    }

    /// How far another region lies from this one, as a share of the side: shift and change of size together.
    pub fn distance(&self, other: &Self) -> f64 {
        let shift = (other.middle[0] - self.middle[0]).hypot(other.middle[1] - self.middle[1]) / self.side;
        let turn = (other.angle - self.angle).sin().abs() / 2.0;
        shift + (other.side / self.side).ln().abs() + turn
    }
}

/// The angle of the line from one point to another.
pub(super) fn angle_between(from: Point, to: Point) -> f64 {
    (to[1] - from[1]).atan2(to[0] - from[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn square_around_points_holds_them_at_its_edges() {
        let region = Region { middle: [50.0, 20.0], side: 10.0, angle: 0.4 };
        let corners = [[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]].map(|place| region.place(place));
        let around = Region::around(corners.into_iter(), 0.4, 1.0);
        assert!(region.distance(&around) < 1e-9, "{around:?}");
    }

    #[test]
    fn moves_follow_the_regions_own_axes() {
        let region = Region { middle: [0.0, 0.0], side: 10.0, angle: std::f64::consts::FRAC_PI_2 };
        let moved = region.moved([0.0, 0.5], 2.0, 0.1);
        assert!((moved.middle[0] + 5.0).abs() < 1e-9 && moved.middle[1].abs() < 1e-9);
        assert_eq!(moved.side, 20.0);
    }
}
