//! The surface of the neutral head and what an expression does to it.
//!
//! A point of the head is named by its angle about the vertical axis (0 in front, positive to the viewer's right) and its
//! height. Horizontal slices are superellipses whose half axes follow profiles; features are displacements of the front,
//! functions of the undisplaced x and y. Below the jaw's edge the slices become the neck's.

use super::expression::Expression;
use super::features;
use super::measures::Measures;
use super::vector::{Vector, bell, curve, mix, smooth_max, vector};
use crate::drawing::plane::smoothstep;

/// Depth of the vertical axis.
const AXIS_Z: f32 = -0.05;
/// The head's part of the neck ends here.
pub(crate) const NECK_END_Y: f32 = -2.0;
/// Radius of an eyeball.
pub(crate) const EYEBALL: f32 = 0.128;

/// A point of the neutral surface before the features: where features and colours are looked up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chart {
    pub(crate) x: f32,
    pub(crate) y: f32,
    /// Angle about the vertical axis, -pi..=pi.
    pub(crate) angle: f32,
}

/// A head's surface.
#[derive(Clone, Debug)]
pub(crate) struct Surface {
    pub(crate) measures: Measures,
    pub(crate) expression: Expression,
    /// 0 (young) to 1 (old).
    pub(crate) age: f32,
    widths: Vec<(f32, f32)>,
    fronts: Vec<(f32, f32)>,
    backs: Vec<(f32, f32)>,
    nose_ridge: Vec<(f32, f32)>,
    /// Depth of the eyeballs' centres.
    eye_z: f32,
}

impl Surface {
    pub(crate) fn new(measures: Measures, expression: Expression, age: f32) -> Self {
        let m = &measures;
        let widths = vec![
            (m.chin_y - 0.05, m.chin_half * 0.9 + m.jaw_half * 0.10),
            (m.chin_y + 0.02, m.chin_half * 1.1 + m.jaw_half * 0.14),
            (m.chin_y + 0.14, m.chin_half * 1.15 + m.jaw_half * 0.32),
            (m.jaw_y - 0.05, m.jaw_half * 0.93),
            (mix(m.jaw_y - 0.05, m.nose.base_y, 0.45), m.jaw_half * 0.62 + m.cheek_half * 0.40),
            (m.nose.base_y + 0.02, m.cheek_half * 1.03),
            (-0.17, m.cheekbone_half),
            (0.02, m.cheekbone_half * 0.55 + m.temple_half * 0.45),
            (0.30, m.temple_half),
        ];
        let fronts = vec![
            (m.chin_y - 0.08, 0.66 + m.chin_forward),
            (m.chin_y, 0.775 + m.chin_forward),
            (mix(m.chin_y, m.mouth.y - m.mouth.lower, 0.36), 0.835 + 0.6 * m.chin_forward),
            (mix(m.chin_y, m.mouth.y - m.mouth.lower, 0.81), 0.835),
            (m.mouth.y, 0.865),
            (m.nose.base_y, 0.885),
            (-0.2, 0.885),
            (0.03, 0.885),
            (0.17, 0.915),
            (0.34, 0.910 - m.forehead_slope),
        ];
        let backs = vec![(-1.6, 0.50), (-1.0, 0.50), (-0.72, 0.60), (-0.35, 0.83), (0.0, 0.94), (0.30, 0.96)];
        let n = &m.nose;
        let length = n.tip_y - 0.03;
        let nose_ridge = vec![
            (n.base_y - 0.05, 0.0),
            (n.base_y - 0.005, 0.16 * n.forward),
            (n.base_y + 0.5 * (n.tip_y - n.base_y), 0.68 * n.forward),
            (n.tip_y, 0.985 * n.forward),
            (n.tip_y + 0.045, 0.97 * n.forward),
            (0.03 + 0.62 * length, 0.66 * n.forward + 0.7 * n.hump),
            (0.03 + 0.30 * length, 0.42 * n.forward + n.hump),
            (0.03, 0.20 * n.forward),
            (0.13, 0.07 * n.forward),
            (0.26, 0.0),
        ];
        let mut surface = Self { measures, expression, age, widths, fronts, backs, nose_ridge, eye_z: 0.0 };
        let eye = &surface.measures.eye;
        let (base, chart) = surface.plain(surface.angle_of(eye.x, 0.0), 0.0);
        surface.eye_z = base.z + surface.sockets(chart.x, chart.y) - 0.083;
        surface
    }

    /// Centre of the eyeball on one side (-1 left in the picture, 1 right), before the head is turned.
    pub(crate) fn eyeball(&self, side: f32) -> Vector {
        vector(side * self.measures.eye.x, 0.0, self.eye_z)
    }

    /// The angle whose undisplaced surface point in front has that x.
    pub(crate) fn angle_of(&self, x: f32, y: f32) -> f32 {
        let (half, _, power) = self.slice(y, true);
        let share = (x.abs() / half).min(1.0);
        share.powf(power / 2.0).asin() * x.signum()
    }

    /// Half width, depth and power of the slice at a height.
    fn slice(&self, y: f32, front: bool) -> (f32, f32, f32) {
        let m = &self.measures;
        const DOME_Y: f32 = 0.30;
        let dome = ((y - DOME_Y) / (m.vertex_y - DOME_Y)).clamp(0.0, 1.0);
        let (shrink_x, shrink_z) = ((1.0 - dome.powf(2.5)).max(0.0).sqrt(), (1.0 - dome.powf(2.25)).max(0.0).sqrt());
        let half = curve(&self.widths, y) * shrink_x;
        if front {
            let slope = m.forehead_slope * smoothstep(0.3, 0.9, y);
            let depth = (curve(&self.fronts, y) - AXIS_Z - slope) * shrink_z;
            let power = curve(&[(m.chin_y, 2.0), (m.mouth.y, 2.05), (-0.2, 2.3), (0.2, 2.45), (0.6, 2.2)], y);
            (half, depth, power)
        } else {
            (half, curve(&self.backs, y) * shrink_z, 2.15)
        }
    }

    /// The head without features: the point and its chart.
    pub(crate) fn plain(&self, angle: f32, y: f32) -> (Vector, Chart) {
        let m = &self.measures;
        let (sin, cos) = angle.sin_cos();
        let (half, depth, power) = self.slice(y, cos > 0.0);
        let shaped = |value: f32| value.abs().powf(2.0 / power) * value.signum();
        let (x, z) = (half * shaped(sin), depth * shaped(cos));
        // Below the jaw's edge: the neck, an upright cylinder a little behind the axis.
        let edge = curve(
            &[(0.0, m.chin_y), (0.55, m.chin_y + 0.05), (1.25, m.jaw_y - 0.02), (1.55, m.jaw_y + 0.16)],
            angle.abs(),
        );
        let drop = curve(&[(0.0, 0.10), (0.6, 0.16), (1.5, 0.30)], angle.abs());
        let below = smoothstep(edge, edge - drop, y);
        let flare = 0.10 * smoothstep(-1.35, -1.9, y);
        let (neck_x, neck_z) = ((m.neck_half + flare) * sin, -0.19 + 0.42 * cos + 0.16 * (y + 1.4));
        let point = vector(mix(x, neck_x, below), y, mix(AXIS_Z + z, neck_z, below));
        (point, Chart { x, y, angle })
    }

    /// The point of the neutral or moved face at an angle and height.
    pub(crate) fn point(&self, angle: f32, y: f32) -> (Vector, Chart) {
        let (mut point, chart) = self.plain(angle, y);
        if angle.cos() > -0.1 {
            let front = smoothstep(-0.1, 0.35, angle.cos());
            point.z += front * self.relief(&chart, point.z);
            point = point + self.movement(&chart) * front;
        }
        (point, chart)
    }

    /// The point of the face over the chart's `(x, y)`.
    pub(crate) fn over(&self, x: f32, y: f32) -> Vector {
        self.point(self.angle_of(x, y), y).0
    }

    fn sockets(&self, x: f32, y: f32) -> f32 {
        let (ax, m) = (x.abs(), &self.measures);
        -0.072 * m.eye.depth * bell(ax, y, m.eye.x, 0.015, 0.20, 0.125)
            - 0.045 * m.eye.depth * bell(ax, y, 0.155, 0.03, 0.07, 0.09)
    }

    /// How far features stand out of the plain surface.
    fn relief(&self, chart: &Chart, plain_z: f32) -> f32 {
        let (x, y, ax, m) = (chart.x, chart.y, chart.x.abs(), &self.measures);
        let mut z = 0.05 * m.brow.ridge * bell(ax, y, 0.26, m.brow.y - 0.01, 0.27, 0.075)
            + 0.012 * m.brow.ridge * bell(ax, y, 0.0, m.brow.y - 0.01, 0.12, 0.08);
        z += self.sockets(x, y);
        z += self.cheeks(ax, y);
        z += self.nose(x, y);
        z += self.lips(x, y);
        let hollow = m.mouth.y - m.mouth.lower - 0.085;
        z -= 0.035 * bell(x, y, 0.0, hollow, 0.20, 0.055);
        z += 0.045 * bell(x, y, 0.0, m.chin_y + 0.12, m.chin_half, 0.11);
        z -= 0.03 * bell(ax, y, 0.67, 0.27, 0.11, 0.18);
        self.lids(ax, y, plain_z, z)
    }

    fn cheeks(&self, ax: f32, y: f32) -> f32 {
        let m = &self.measures;
        let smile = self.expression.smile.max(0.0);
        let mouth = &m.mouth;
        // The fold from the nose's wing to the mouth's corner, deeper with age and smiling.
        let fold_x = curve(
            &[
                (mouth.y - 0.12, mouth.half_width + 0.10),
                (mouth.y, mouth.half_width + 0.085),
                (m.nose.base_y + 0.07, m.nose.half_width + 0.035),
            ],
            y,
        );
        let along = smoothstep(mouth.y - 0.16, mouth.y, y) * smoothstep(m.nose.base_y + 0.12, m.nose.base_y + 0.02, y);
        let depth = 0.004 + 0.013 * self.age + 0.018 * smile;
        let fold = -depth * (-((ax - fold_x) / 0.035).powi(2)).exp() * along
            + 1.1 * depth * (-((ax - fold_x - 0.07) / 0.06).powi(2)).exp() * along;
        let bag_y = -m.eye.lower - 0.075;
        fold + 0.040 * bell(ax, y, 0.46, -0.20, 0.18, 0.13)
            + (0.012 * m.cheek_fullness - 0.008) * bell(ax, y, 0.42, mouth.y + 0.08, 0.17, 0.22)
            + 0.055 * bell(ax, y, 0.0, mouth.y + 0.02, 0.30, 0.22)
            + (0.004 + 0.014 * self.age) * bell(ax, y, m.eye.x, bag_y, 0.12, 0.03)
            - 0.010 * (0.3 + self.age) * bell(ax, y, m.eye.x - 0.04, bag_y - 0.055, 0.13, 0.025)
    }

    fn nose(&self, x: f32, y: f32) -> f32 {
        /// What `smooth_max` makes of two zeros.
        const SOFT_ZERO: f32 = 0.05 * 0.25;
        let (ax, n) = (x.abs(), &self.measures.nose);
        if ax > n.half_width + 0.25 || y > 0.3 || y < n.base_y - 0.12 {
            return 0.0;
        }
        let ridge = curve(&self.nose_ridge, y);
        let share = ((0.05 - y) / (0.05 - n.tip_y)).clamp(0.0, 1.0);
        let reach = mix(n.bridge, 0.45 * n.bridge + 0.62 * n.tip, share * share);
        let across = (ax / reach).powf(2.2);
        let body = ridge * (-across).exp();
        let apron = 0.14 * ridge * (-(ax / (n.half_width * 1.1)).powi(2)).exp();
        let wing_y = n.base_y + 0.075;
        let wing = 0.105 * bell(ax, y, n.half_width * 0.80, wing_y, n.half_width * 0.34, 0.062);
        let tip = 0.25 * n.tip * bell(x, y, 0.0, n.tip_y + 0.005, n.tip * 0.75, n.tip * 0.75);
        let nostril = -0.035 * bell(ax, y, n.half_width * 0.44, n.base_y + 0.030, 0.040, 0.022);
        let crease = -0.018 * bell(ax, y, n.half_width * 1.16, wing_y + 0.015, 0.03, 0.07);
        let philtrum = -0.012 * bell(x, y, 0.0, n.base_y - 0.06, 0.028, 0.055);
        smooth_max(body + apron + tip, wing, 0.05) - SOFT_ZERO + nostril + crease + philtrum
    }

    fn lips(&self, x: f32, y: f32) -> f32 {
        let (ax, mouth) = (x.abs(), &self.measures.mouth);
        if ax > mouth.half_width * 1.3 || (y - mouth.y).abs() > 0.32 {
            return 0.0;
        }
        let line = features::mouth_line(mouth, x);
        let fade = smoothstep(1.12, 0.70, ax / mouth.half_width);
        let crease = -0.022 * (-((y - line) / 0.014).powi(2)).exp() * smoothstep(1.15, 0.95, ax / mouth.half_width);
        let dimple = -0.016 * bell(ax, y, mouth.half_width * 1.06, mouth.y, 0.04, 0.05);
        let swell = if y > line {
            let height = features::upper_lip(mouth, x) - line;
            let share = (y - line) / height.max(0.004);
            (mouth.forward + 0.12 * mouth.upper) * (-((share - 0.42) / 0.62).powi(2)).exp()
        } else {
            let height = line - features::lower_lip(mouth, x);
            let share = (line - y) / height.max(0.004);
            (0.9 * mouth.forward + 0.17 * mouth.lower) * (-((share - 0.45) / 0.58).powi(2)).exp()
        };
        swell * fade + crease + dimple
    }

    /// The lids lie on the eyeball.
    fn lids(&self, ax: f32, y: f32, plain_z: f32, z: f32) -> f32 {
        let eye = &self.measures.eye;
        let (dx, dy) = (ax - eye.x, y);
        let inside = (EYEBALL + 0.014).powi(2) - dx * dx * 0.80 - dy * dy;
        if inside <= 0.0 {
            return z;
        }
        let ball = self.eye_z + inside.sqrt() - plain_z;
        smooth_max(z, ball, 0.035)
    }

    /// How an expression moves the surface.
    fn movement(&self, chart: &Chart) -> Vector {
        let (x, y, ax, m, e) = (chart.x, chart.y, chart.x.abs(), &self.measures, &self.expression);
        // Nothing moves sideways in the very middle.
        let side = (x / 0.03).clamp(-1.0, 1.0);
        let mut moved = Vector::default();
        let mouth = &m.mouth;
        let corner = bell(ax, y, mouth.half_width, mouth.y, 0.15, 0.13);
        moved = moved + vector(side * 0.055 * e.smile.max(-0.3), 0.058 * e.smile, -0.035 * e.smile) * corner;
        let cheek = bell(ax, y, 0.40, -0.27, 0.17, 0.14) * e.smile.max(0.0);
        moved = moved + vector(0.0, 0.032, 0.04) * cheek;
        if e.open > 0.0 {
            let line = features::mouth_line(mouth, x);
            let under = smoothstep(line + 0.022, line - 0.022, y) * smoothstep(m.chin_y - 0.22, m.chin_y - 0.02, y);
            // Little at the mouth's corners and none behind the jaw's joint.
            let hinge = smoothstep(1.02, 0.45, ax / mouth.half_width).max(smoothstep(mouth.y - 0.02, mouth.y - 0.2, y));
            let near = smoothstep(1.5, 0.5, chart.angle.abs());
            moved = moved + vector(0.0, -0.20, -0.05) * (e.open * under * hinge * near);
            let lift = bell(x, y, 0.0, mouth.y + 0.03, mouth.half_width, 0.05) * (1.0 - under);
            moved.y += 0.02 * e.open * lift;
        }
        let raise = e.brows + 0.6 * e.brow_skew * side;
        let arch = bell(ax, y, 0.30, m.brow.y + 0.03, 0.26, 0.11);
        let inner = bell(ax, y, 0.09, m.brow.y, 0.11, 0.09);
        moved.y += 0.055 * raise.max(0.0) * arch;
        moved = moved + vector(-0.03 * side, -0.045, 0.012) * (inner * (-raise).max(0.0));
        moved
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::shape::traits::{Shape, TRAIT_COUNT};

    /// The profiles' places must rise, or the head folds over itself; also for traits at random far beyond any likeness.
    #[test]
    fn profiles_rise_for_every_shape() {
        for seed in 0..3000_i64 {
            let far = if seed % 3 == 0 { 100.0 } else { 8.0 };
            let values: [f32; TRAIT_COUNT] =
                std::array::from_fn(|k| (crate::drawing::noise::random(9, seed, k as i64) - 0.5) * far);
            let surface = Surface::new(Measures::new(&Shape::new(values)), Expression::default(), 0.5);
            for profile in [&surface.widths, &surface.fronts, &surface.backs, &surface.nose_ridge] {
                assert!(profile.windows(2).all(|pair| pair[0].0 < pair[1].0), "shape {seed}: {profile:?}");
            }
        }
    }
}
