//! Points and the similarity transforms that move them: rotation, uniform scale and shift, and mirroring where it is asked for.

use crate::error::{Error, Result};

/// A place in a picture: `[x, y]` in pixels from the top left corner, x to the right, y down; pixel centres lie at whole numbers.
pub type Point = [f64; 2];

/// Maps `(x, y)` to `(a x - b y + tx, b x + a y + ty)`, after `x` has changed its sign if `mirrored`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Similarity {
    /// Scale times cosine of the rotation.
    a: f64,
    /// Scale times sine of the rotation.
    b: f64,
    /// Shift in x.
    tx: f64,
    /// Shift in y.
    ty: f64,
    /// Left and right change places.
    mirrored: bool,
}

impl Similarity {
    /// Changes nothing.
    pub const IDENTITY: Self = Self { a: 1.0, b: 0.0, tx: 0.0, ty: 0.0, mirrored: false };

    /// Scales by `scale`, then shifts.
    ///
    /// # Errors
    /// [`Error::DegeneratePoints`] unless `scale` is finite and not zero and the shift is finite.
    pub fn from_scale_and_shift(scale: f64, tx: f64, ty: f64) -> Result<Self> {
        Self { a: scale, b: 0.0, tx, ty, mirrored: false }.checked()
    }

    /// The least-squares transform that moves `from` onto `to`: the sum of squared distances to `to` is smallest.
    ///
    /// Umeyama 1991, "Least-squares estimation of transformation parameters between two point patterns", equations 40 to 42, without
    /// mirroring; in the plane its rotation and scale are one complex division.
    ///
    /// # Errors
    /// [`Error::DegeneratePoints`] for fewer than two pairs, lists of different lengths, values that are not finite, or points
    /// that coincide.
    pub fn estimate(from: &[Point], to: &[Point]) -> Result<Self> {
        check_pairs(from, to)?;
        let (from_mean, to_mean) = (mean(from), mean(to));
        let (mut spread, mut dot, mut cross) = (0.0, 0.0, 0.0);
        for (p, q) in from.iter().zip(to) {
            let (px, py) = (p[0] - from_mean[0], p[1] - from_mean[1]);
            let (qx, qy) = (q[0] - to_mean[0], q[1] - to_mean[1]);
            spread += px * px + py * py;
            dot += px * qx + py * qy;
            cross += px * qy - py * qx;
        }
        // Relative to where the points lie, so that far-off coincident points count as coincident, too.
        let offset = from_mean[0].hypot(from_mean[1]);
        if spread <= 1e-18 * (1.0 + offset * offset) {
            return Err(Error::DegeneratePoints { reason: "the points to move lie on one spot".to_owned() });
        }
        let (a, b) = (dot / spread, cross / spread);
        let tx = to_mean[0] - a * from_mean[0] + b * from_mean[1];
        let ty = to_mean[1] - b * from_mean[0] - a * from_mean[1];
        Self { a, b, tx, ty, mirrored: false }.checked()
    }

    /// The least-squares transform whose *inverse* moves `to` onto `from`: the sum of squared distances, in pixels of the
    /// source, is smallest. That is how MATLAB's `cp2tform` and the programs after it fit a face to a template.
    ///
    /// # Errors
    /// As [`Similarity::estimate`].
    pub fn estimate_in_source(from: &[Point], to: &[Point]) -> Result<Self> {
        check_pairs(from, to)?;
        Ok(Self::estimate(to, from)?.inverse())
    }

    /// As [`Similarity::estimate_in_source`], mirrored if that brings `from` nearer to `to`, as `cp2tform(…, 'similarity')`
    /// does.
    ///
    /// # Errors
    /// As [`Similarity::estimate`], if neither fit exists.
    pub fn estimate_reflective(from: &[Point], to: &[Point]) -> Result<Self> {
        let (plain, mirrored) = (Self::estimate_in_source(from, to), Self::estimate_mirrored(from, to));
        match (plain, mirrored) {
            (Ok(plain), Ok(mirrored)) if mirrored.distance(from, to) < plain.distance(from, to) => Ok(mirrored),
            (Err(_), Ok(mirrored)) => Ok(mirrored),
            (plain, _) => plain,
        }
    }

    /// As [`Similarity::estimate_in_source`], for a picture whose left and right are exchanged.
    ///
    /// # Errors
    /// As [`Similarity::estimate`].
    pub fn estimate_mirrored(from: &[Point], to: &[Point]) -> Result<Self> {
        let flipped: Vec<Point> = to.iter().map(|&[x, y]| [-x, y]).collect();
        let turned = Self::estimate_in_source(from, &flipped)?;
        // Mirroring after a turn is mirroring before the opposite turn.
        Self { b: -turned.b, tx: -turned.tx, mirrored: true, ..turned }.checked()
    }

    /// Square root of the sum of squared distances between the moved `from` and `to`.
    pub(crate) fn distance(&self, from: &[Point], to: &[Point]) -> f64 {
        let square = |(&p, q): (&Point, &Point)| {
            let [x, y] = self.apply(p);
            (x - q[0]).powi(2) + (y - q[1]).powi(2)
        };
        from.iter().zip(to).map(square).sum::<f64>().sqrt()
    }

    /// Accepts only transforms that can be inverted.
    fn checked(self) -> Result<Self> {
        let finite = [self.a, self.b, self.tx, self.ty].iter().all(|value| value.is_finite());
        if finite && self.scale() > 1e-9 && self.scale() < 1e9 {
            return Ok(self);
        }
        Err(Error::DegeneratePoints { reason: "the target points lie on one spot or are mirrored".to_owned() })
    }

    /// The transform as the matrix `[[a, -b, tx], [b, a, ty]]`, with the first column negated if it mirrors.
    pub fn matrix(&self) -> [[f64; 3]; 2] {
        let side = self.side();
        [[side * self.a, -self.b, self.tx], [side * self.b, self.a, self.ty]]
    }

    /// The transform of a matrix as [`Similarity::matrix`] gives it; `None` if it is none, or cannot be inverted.
    pub fn from_matrix([[xx, xy, tx], [yx, yy, ty]]: [[f64; 3]; 2]) -> Option<Self> {
        let mirrored = xx * yy - xy * yx < 0.0;
        let similarity = Self { a: yy, b: -xy, tx, ty, mirrored }.checked().ok()?;
        let tolerance = 1e-9 * similarity.scale();
        let side = similarity.side();
        ((side * similarity.a - xx).abs() <= tolerance && (side * similarity.b - yx).abs() <= tolerance)
            .then_some(similarity)
    }

    /// Whether left and right change places.
    pub fn is_mirrored(&self) -> bool {
        self.mirrored
    }

    /// -1 if `x` changes its sign first.
    fn side(&self) -> f64 {
        if self.mirrored { -1.0 } else { 1.0 }
    }

    /// Length in the target of one pixel of the source; positive.
    pub fn scale(&self) -> f64 {
        self.a.hypot(self.b)
    }

    /// Rotation in degrees, -180..=180; positive turns x towards y (clockwise on the screen).
    pub fn rotation_degrees(&self) -> f64 {
        self.b.atan2(self.a).to_degrees()
    }

    /// Moves one point.
    pub fn apply(&self, point: Point) -> Point {
        let [x, y] = [self.side() * point[0], point[1]];
        [self.a * x - self.b * y + self.tx, self.b * x + self.a * y + self.ty]
    }

    /// The transform that undoes this one.
    pub fn inverse(&self) -> Self {
        let square = self.a * self.a + self.b * self.b; // not zero: see `checked`
        let (a, b) = (self.a / square, -self.b / square);
        let (tx, ty) = (-(a * self.tx - b * self.ty), -(b * self.tx + a * self.ty));
        // Mirroring comes last in the inverse; moved to the front it turns the other way round.
        Self { a, b: self.side() * b, tx: self.side() * tx, ty, mirrored: self.mirrored }
    }

    /// This transform first, then `next`.
    #[must_use]
    pub fn then(&self, next: &Self) -> Self {
        let [tx, ty] = next.apply([self.tx, self.ty]);
        let turn = next.side() * self.b;
        let (a, b) = (next.a * self.a - next.b * turn, next.b * self.a + next.a * turn);
        Self { a, b, tx, ty, mirrored: self.mirrored != next.mirrored }
    }
}

/// Refuses lists that determine no transform whatever their geometry.
fn check_pairs(from: &[Point], to: &[Point]) -> Result<()> {
    let degenerate = |reason: String| Err(Error::DegeneratePoints { reason });
    if from.len() != to.len() {
        return degenerate(format!("{} points cannot be paired with {}", from.len(), to.len()));
    }
    if from.len() < 2 {
        return degenerate(format!("expected two or more points, found {}", from.len()));
    }
    if from.iter().chain(to).flatten().any(|value| !value.is_finite()) {
        return degenerate("a coordinate is not a finite number".to_owned());
    }
    Ok(())
}

fn mean(points: &[Point]) -> Point {
    let count = points.len() as f64;
    let sum = points.iter().fold([0.0, 0.0], |sum, point| [sum[0] + point[0], sum[1] + point[1]]);
    [sum[0] / count, sum[1] / count]
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;

    fn assert_near(found: Point, expected: Point) {
        let distance = (found[0] - expected[0]).hypot(found[1] - expected[1]);
        assert!(distance < 1e-6, "{found:?} is not {expected:?}");
    }

    #[test]
    fn inverse_returns_the_points() {
        for seed in 0..200 {
            let value = |k: i32| f64::from((seed * 7919 + k * 104_729) % 1000 - 500) / 7.0;
            let from = [[value(1), value(2)], [value(3), value(4)], [value(5), value(6)]];
            let to = [[value(7), value(8)], [value(9), value(10)], [value(11), value(12)]];
            let Ok(transform) = Similarity::estimate(&from, &to) else { continue };
            for point in from {
                assert_near(transform.inverse().apply(transform.apply(point)), point);
                assert_near(transform.then(&transform.inverse()).apply(point), point);
            }
        }
    }

    #[test]
    fn a_known_transform_is_found_again() {
        let from = [[0.0, 0.0], [10.0, 3.0], [-4.0, 7.0]];
        let turned = from.map(|[x, y]| [-2.0 * y + 5.0, 2.0 * x - 1.0]);
        let transform = Similarity::estimate(&from, &turned).unwrap();
        assert!((transform.scale() - 2.0).abs() < 1e-12 && (transform.rotation_degrees() - 90.0).abs() < 1e-9);
        for (point, expected) in from.into_iter().zip(turned) {
            assert_near(transform.apply(point), expected);
        }
        let shifted = Similarity::from_scale_and_shift(1.0, 3.0, 4.0).unwrap();
        assert_near(transform.then(&shifted).apply([0.0, 0.0]), [8.0, 3.0]);
    }

    #[test]
    fn mirrored_faces_are_mirrored_back() {
        let face = [[10.0, 20.0], [60.0, 22.0], [35.0, 50.0], [15.0, 80.0], [55.0, 78.0]];
        let mirrored = face.map(|[x, y]| [140.0 - 2.0 * x, 2.0 * y + 7.0]);
        let transform = Similarity::estimate_reflective(&mirrored, &face).unwrap();
        assert!(transform.is_mirrored());
        for (point, expected) in mirrored.into_iter().zip(face) {
            assert_near(transform.apply(point), expected);
            assert_near(transform.inverse().apply(expected), point);
            let [first, second] = transform.matrix();
            let by_matrix = [first, second].map(|row| row[0] * point[0] + row[1] * point[1] + row[2]);
            assert_near(by_matrix, expected);
        }
        assert_eq!(Similarity::from_matrix(transform.matrix()), Some(transform));
        assert_eq!(Similarity::from_matrix([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0]]), None);
        let turn = Similarity::estimate(&face[..2], &[[3.0, 4.0], [-7.0, 30.0]]).unwrap();
        for both in [transform.then(&turn), turn.then(&transform), transform.then(&transform)] {
            assert_near(both.inverse().apply(both.apply([5.0, 6.0])), [5.0, 6.0]);
        }
        assert_near(transform.then(&turn).apply(face[3]), turn.apply(transform.apply(face[3])));
        assert_near(turn.then(&transform).apply(face[3]), transform.apply(turn.apply(face[3])));
        assert!(!Similarity::estimate_reflective(&face, &face).unwrap().is_mirrored());
    }

    #[test]
    fn degenerate_points_are_refused() {
        let spot = [[3.0, 3.0]; 5];
        let spread = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [2.0, 5.0]];
        for (from, to) in
            [(&spot[..], &spread[..]), (&spread, &spot), (&spread[..1], &spread[..1]), (&spread[..2], &spread)]
        {
            assert!(matches!(Similarity::estimate(from, to), Err(Error::DegeneratePoints { .. })));
        }
        assert!(Similarity::estimate(&[[f64::NAN, 0.0], [1.0, 1.0]], &spread[..2]).is_err());
        assert!(Similarity::from_scale_and_shift(0.0, 1.0, 1.0).is_err());
    }
}
