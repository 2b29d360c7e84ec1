//! Vectors of three numbers and the small curves that everything here is made of.

use std::ops::{Add, Mul, Neg, Sub};

/// A place or direction: x to the viewer's right, y up, z towards the viewer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Vector {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) z: f32,
}

pub(crate) const fn vector(x: f32, y: f32, z: f32) -> Vector {
    Vector { x, y, z }
}

impl Vector {
    pub(crate) fn dot(self, other: Self) -> f32 {
        self.x * other.x + self.y * other.y + self.z * other.z
    }

    pub(crate) fn cross(self, other: Self) -> Self {
        vector(
            self.y * other.z - self.z * other.y,
            self.z * other.x - self.x * other.z,
            self.x * other.y - self.y * other.x,
        )
    }

    pub(crate) fn length(self) -> f32 {
        self.dot(self).sqrt()
    }

    /// The direction alone; a vector of no length stays as it is.
    pub(crate) fn unit(self) -> Self {
        let length = self.length();
        if length > 1e-12 { self * (1.0 / length) } else { self }
    }

    pub(crate) fn lerp(self, to: Self, share: f32) -> Self {
        self + (to - self) * share
    }
}

impl Add for Vector {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        vector(self.x + other.x, self.y + other.y, self.z + other.z)
    }
}

impl Sub for Vector {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        vector(self.x - other.x, self.y - other.y, self.z - other.z)
    }
}

impl Mul<f32> for Vector {
    type Output = Self;
    fn mul(self, factor: f32) -> Self {
        vector(self.x * factor, self.y * factor, self.z * factor)
    }
}

impl Neg for Vector {
    type Output = Self;
    fn neg(self) -> Self {
        self * -1.0
    }
}

/// Turns by `yaw` about y, then `pitch` about x, then `roll` about z; radians. Positive yaw turns the face to the
/// viewer's right, positive pitch up, positive roll clockwise as seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    rows: [Vector; 3],
}

impl Turn {
    pub(crate) fn new(yaw: f32, pitch: f32, roll: f32) -> Self {
        let ((sy, cy), (sp, cp), (sr, cr)) = (yaw.sin_cos(), (-pitch).sin_cos(), (-roll).sin_cos());
        let about_y = [vector(cy, 0.0, sy), vector(0.0, 1.0, 0.0), vector(-sy, 0.0, cy)];
        let about_x = [vector(1.0, 0.0, 0.0), vector(0.0, cp, -sp), vector(0.0, sp, cp)];
        let about_z = [vector(cr, -sr, 0.0), vector(sr, cr, 0.0), vector(0.0, 0.0, 1.0)];
        Self { rows: times(about_z, times(about_x, about_y)) }
    }

    pub(crate) fn apply(&self, v: Vector) -> Vector {
        vector(self.rows[0].dot(v), self.rows[1].dot(v), self.rows[2].dot(v))
    }
}

fn times(left: [Vector; 3], right: [Vector; 3]) -> [Vector; 3] {
    left.map(|row| right[0] * row.x + right[1] * row.y + right[2] * row.z)
}

/// A bell of height 1 about `(cx, cy)` with reaches `rx`, `ry`; below 1e-4 it is nothing.
pub(crate) fn bell(x: f32, y: f32, cx: f32, cy: f32, rx: f32, ry: f32) -> f32 {
    let (u, v) = ((x - cx) / rx, (y - cy) / ry);
    let square = u * u + v * v;
    if square > 9.0 { 0.0 } else { (-square).exp() }
}

/// A smooth curve through `(x, value)` points given in rising order of x, constant outside; tangents by neighbours
/// (Catmull and Rom 1974), limited so that flat stretches stay flat.
pub(crate) fn curve(points: &[(f32, f32)], x: f32) -> f32 {
    let last = points.len() - 1;
    if x <= points[0].0 {
        return points[0].1;
    }
    if x >= points[last].0 {
        return points[last].1;
    }
    let i = points.partition_point(|point| point.0 <= x) - 1;
    let slope = |k: usize| (points[k + 1].1 - points[k].1) / (points[k + 1].0 - points[k].0);
    let tangent = |k: usize| {
        if k == 0 {
            slope(0)
        } else if k == last {
            slope(last - 1)
        } else {
            let (before, after) = (slope(k - 1), slope(k));
            if before * after <= 0.0 { 0.0 } else { 2.0 * before * after / (before + after) }
        }
    };
    let width = points[i + 1].0 - points[i].0;
    let t = (x - points[i].0) / width;
    let (t2, t3) = (t * t, t * t * t);
    points[i].1 * (2.0 * t3 - 3.0 * t2 + 1.0)
        + tangent(i) * width * (t3 - 2.0 * t2 + t)
        + points[i + 1].1 * (3.0 * t2 - 2.0 * t3)
        + tangent(i + 1) * width * (t3 - t2)
}

pub(crate) fn mix(from: f32, to: f32, share: f32) -> f32 {
    from + (to - from) * share
}

/// The larger of the two with the corner rounded over about `soft`.
pub(crate) fn smooth_max(a: f32, b: f32, soft: f32) -> f32 {
    let overlap = (soft - (a - b).abs()).max(0.0) / soft;
    a.max(b) + overlap * overlap * soft * 0.25
}

pub(crate) fn mix_colour(from: [f32; 3], to: [f32; 3], share: f32) -> [f32; 3] {
    [mix(from[0], to[0], share), mix(from[1], to[1], share), mix(from[2], to[2], share)]
}

pub(crate) fn scale_colour(colour: [f32; 3], factor: f32) -> [f32; 3] {
    colour.map(|value| value * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_pass_through_their_points_and_stay_between_them() {
        let points = [(0.0, 1.0), (1.0, 3.0), (2.0, 3.0), (4.0, 0.0)];
        for (x, value) in points {
            assert!((curve(&points, x) - value).abs() < 1e-6);
        }
        for step in 0..=40 {
            let value = curve(&points, step as f32 * 0.1);
            assert!((-1e-5..=3.00001).contains(&value), "{value}");
        }
        assert_eq!(curve(&points, -5.0), 1.0);
        assert_eq!(curve(&points, 9.0), 0.0);
    }

    #[test]
    fn turns_keep_lengths_and_go_the_documented_way() {
        let v = vector(0.3, -0.4, 0.8);
        assert!((Turn::new(0.4, -0.2, 0.9).apply(v).length() - v.length()).abs() < 1e-6);
        let nose = vector(0.0, 0.0, 1.0);
        assert!(Turn::new(0.3, 0.0, 0.0).apply(nose).x > 0.2, "yaw turns to the right");
        assert!(Turn::new(0.0, 0.3, 0.0).apply(nose).y > 0.2, "pitch turns up");
        assert!(Turn::new(0.0, 0.0, 0.3).apply(vector(0.0, 1.0, 0.0)).x > 0.2, "roll turns the top to the right");
    }
}
