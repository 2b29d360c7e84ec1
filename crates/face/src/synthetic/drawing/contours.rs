//! The lines that an artist sees in a face: lids, brows, nose, lips, folds, ears.

use crate::drawing::noise::Dice;
use crate::synthetic::shape::features::{self, Opening};
use crate::synthetic::shape::model::Model;
use crate::synthetic::shape::vector::{Vector, bell, mix};

/// A line on the face.
pub(crate) struct Contour {
    pub(crate) points: Vec<Vector>,
    /// Width relative to an ordinary line.
    pub(crate) width: f32,
    pub(crate) darkness: f32,
    pub(crate) taper: [f32; 2],
}

/// All lines of a posed model. `age` is 0..=1, `lashes` 0..=1; `light_side` is the side (-1 or 1) that the light comes from.
pub(crate) fn contours(model: &Model, age: f32, lashes: f32, light_side: f32, seed: u64) -> Vec<Contour> {
    let face = Lines { model, opening: Opening::new(&model.surface.measures.eye, &model.surface.expression) };
    let mut lines = Vec::new();
    for side in [-1.0, 1.0] {
        face.eye(side, lashes, &mut lines);
        face.brow(side, seed, &mut lines);
        face.nose_side(side, light_side, &mut lines);
        face.folds(side, age, &mut lines);
        face.ear(side, &mut lines);
    }
    face.mouth(&mut lines);
    face.middle(age, &mut lines);
    lines
}

struct Lines<'a> {
    model: &'a Model,
    opening: Opening,
}

/// A curve's points for a parameter from `from` to `to`.
fn along(from: f32, to: f32, steps: usize, point: impl Fn(f32) -> Vector) -> Vec<Vector> {
    (0..=steps).map(|step| point(mix(from, to, step as f32 / steps as f32))).collect()
}

impl Lines<'_> {
    fn over(&self, x: f32, y: f32) -> Vector {
        self.model.over(x, y)
    }

    fn eye(&self, side: f32, lashes: f32, lines: &mut Vec<Contour>) {
        let at = |s: f32, height: f32| {
            let [x, y] = self.opening.chart(s, height, side);
            self.over(x, y)
        };
        let upper = along(-1.0, 1.0, 20, |s| at(s, self.opening.upper_edge(s) + 0.004));
        lines.push(Contour { points: upper, width: 1.3 + 0.7 * lashes, darkness: 1.0, taper: [0.65, 0.2] });
        let wing = along(0.0, 1.0, 4, |t| at(1.0 + 0.12 * t, 0.02 * t));
        lines.push(Contour { points: wing, width: 1.0 + 0.6 * lashes, darkness: 0.9, taper: [0.0, 0.9] });
        let lower = along(-0.75, 1.0, 16, |s| at(s, self.opening.lower_edge(s) - 0.003));
        lines.push(Contour { points: lower, width: 0.6, darkness: 0.75, taper: [0.8, 0.3] });
        let fold = self.model.surface.measures.eye.fold;
        let crease = along(-0.85, 0.98, 16, |s| at(s, self.opening.upper_edge(s) + fold * (1.0 - 0.5 * s * s)));
        lines.push(Contour { points: crease, width: 0.65, darkness: 0.7, taper: [0.8, 0.7] });
    }

    /// Short hairs across the brow.
    fn brow(&self, side: f32, seed: u64, lines: &mut Vec<Contour>) {
        let brow = &self.model.surface.measures.brow;
        let mut dice = Dice::new(seed ^ if side > 0.0 { 1 } else { 2 });
        const HAIRS: usize = 30;
        for hair in 0..HAIRS {
            let s = (hair as f32 + dice.between(0.0, 0.9)) / HAIRS as f32;
            let ([x, y], half) = features::brow(brow, s);
            let lean = mix(0.35, 1.5, s);
            let low = -half * dice.between(0.5, 1.0);
            let high = half * dice.between(0.4, 1.0);
            let reach = (high - low) * lean;
            let points = along(0.0, 1.0, 4, |t| {
                self.over(side * (x + reach * (t - 0.5) + 0.01 * t * t), y + mix(low, high, t) - 0.25 * reach * s * t)
            });
            lines.push(Contour { points, width: 0.95, darkness: 0.9, taper: [0.2, 0.8] });
        }
    }

    fn nose_side(&self, side: f32, light_side: f32, lines: &mut Vec<Contour>) {
        let n = &self.model.surface.measures.nose;
        let wing = along(0.0, 1.0, 14, |t| {
            let turn = mix(1.15, -1.75, t);
            self.over(
                side * (n.half_width * 0.86 + n.half_width * 0.26 * turn.cos()),
                n.base_y + 0.062 + 0.062 * turn.sin(),
            )
        });
        lines.push(Contour { points: wing, width: 1.0, darkness: 0.95, taper: [0.85, 0.4] });
        let nostril = along(0.0, 1.0, 8, |t| {
            let x = mix(0.20, 0.66, t) * n.half_width;
            self.over(side * x, n.base_y + 0.014 + 0.016 * (t * std::f32::consts::PI).sin())
        });
        lines.push(Contour { points: nostril, width: 1.9, darkness: 1.0, taper: [0.8, 0.5] });
        if side != light_side {
            let bridge = along(0.0, 1.0, 14, |t| {
                let x = mix(0.115, 0.70 * n.bridge, bell(t, 0.0, 0.55, 0.0, 0.5, 1.0));
                self.over(side * x, mix(0.12, n.tip_y + 0.06, t))
            });
            lines.push(Contour { points: bridge, width: 0.75, darkness: 0.75, taper: [0.9, 0.9] });
        }
    }

    fn folds(&self, side: f32, age: f32, lines: &mut Vec<Contour>) {
        let (m, e) = (&self.model.surface.measures, &self.model.surface.expression);
        let depth = 0.9 * age + 0.8 * e.smile.max(0.0);
        if depth > 0.3 {
            let fold = along(0.0, 1.0, 12, |t| {
                let x = mix(m.nose.half_width + 0.045, m.mouth.half_width + 0.085, t.powf(0.8));
                self.over(side * x, mix(m.nose.base_y + 0.07, m.mouth.y + 0.02, t))
            });
            let strength = depth.min(1.0);
            lines.push(Contour {
                points: fold,
                width: 0.5 + 0.5 * strength,
                darkness: 0.5 + 0.45 * strength,
                taper: [0.8, 0.9],
            });
        }
        if age > 0.35 {
            let bag = along(-0.8, 0.7, 10, |s| {
                let [x, _] = self.opening.chart(s, 0.0, side);
                self.over(x, -m.eye.lower - 0.075 + 0.035 * s * s)
            });
            lines.push(Contour { points: bag, width: 0.5 + 0.3 * age, darkness: 0.55, taper: [0.7, 0.9] });
        }
        if age > 0.55 {
            for ray in [-1.0_f32, 0.0, 1.0] {
                let x = m.eye.x + m.eye.half_width + 0.05;
                let line = along(0.0, 1.0, 4, |t| self.over(side * (x + 0.075 * t), ray * (0.018 + 0.035 * t)));
                lines.push(Contour { points: line, width: 0.5, darkness: 0.55, taper: [0.3, 0.9] });
            }
        }
        let dimple = along(-1.0, 1.0, 4, |t| {
            self.over(side * (m.mouth.half_width * 1.06), m.mouth.y + m.mouth.corner + 0.022 * t)
        });
        lines.push(Contour { points: dimple, width: 0.8, darkness: 0.7, taper: [0.8, 0.8] });
    }

    fn ear(&self, side: f32, lines: &mut Vec<Contour>) {
        if self.model.cut.as_ref().is_some_and(|cut| cut.covers_ears) {
            return;
        }
        let inner = (0..=14).map(|step| self.model.ear_ring(side, mix(-1.1, 2.1, step as f32 / 14.0), 0.70)).collect();
        lines.push(Contour { points: inner, width: 0.65, darkness: 0.75, taper: [0.8, 0.8] });
    }

    fn mouth(&self, lines: &mut Vec<Contour>) {
        let (mouth, e) = (&self.model.surface.measures.mouth, &self.model.surface.expression);
        let at = |s: f32, y: f32| self.over(s * mouth.half_width, y);
        let gap = |s: f32| features::lip_gap(mouth, e, s * mouth.half_width);
        let seam = |s: f32| features::mouth_line(mouth, s * mouth.half_width);
        let line = along(-1.0, 1.0, 26, |s| at(s, seam(s) + gap(s)));
        lines.push(Contour { points: line, width: 1.25, darkness: 1.0, taper: [0.4, 0.4] });
        if e.open > 0.03 {
            let lower = along(-1.0, 1.0, 26, |s| at(s, seam(s) - gap(s)));
            lines.push(Contour { points: lower, width: 1.0, darkness: 0.95, taper: [0.4, 0.4] });
        }
        let under = along(-0.6, 0.6, 14, |s| at(s, features::lower_lip(mouth, s * mouth.half_width) - 0.004));
        lines.push(Contour { points: under, width: 0.9, darkness: 0.85, taper: [0.85, 0.85] });
        let top = along(-0.9, 0.9, 22, |s| at(s, features::upper_lip(mouth, s * mouth.half_width)));
        lines.push(Contour { points: top, width: 0.6, darkness: 0.7, taper: [0.8, 0.8] });
    }

    fn middle(&self, age: f32, lines: &mut Vec<Contour>) {
        let (m, e) = (&self.model.surface.measures, &self.model.surface.expression);
        let tip = along(-1.0, 1.0, 10, |t| self.over(t * m.nose.tip * 0.62, m.nose.base_y + 0.020 + 0.035 * t * t));
        lines.push(Contour { points: tip, width: 0.8, darkness: 0.85, taper: [0.8, 0.8] });
        let hollow = m.mouth.y - m.mouth.lower - 0.10;
        let chin = along(-1.0, 1.0, 8, |t| self.over(0.10 * t, hollow - 0.012 * t * t));
        lines.push(Contour { points: chin, width: 0.6, darkness: 0.55, taper: [0.9, 0.9] });
        let creases = if age > 0.45 {
            3
        } else if e.brows > 0.45 {
            2
        } else {
            0
        };
        for crease in 0..creases {
            let y = mix(m.brow.y + 0.15, m.hairline_y - 0.08, (crease as f32 + 0.5) / 3.0);
            let reach = 0.32 - 0.05 * crease as f32;
            let line = along(-1.0, 1.0, 16, |t| self.over(t * reach, y + 0.02 * (1.0 - (2.0 * t.abs() - 0.8).powi(2))));
            lines.push(Contour { points: line, width: 0.5, darkness: 0.5, taper: [0.9, 0.9] });
        }
        if e.brows < -0.15 || age > 0.6 {
            for side in [-1.0, 1.0] {
                let frown = along(0.0, 1.0, 6, |t| self.over(side * (0.05 + 0.01 * t), m.brow.y - 0.05 + 0.12 * t));
                lines.push(Contour { points: frown, width: 0.6, darkness: 0.65, taper: [0.6, 0.9] });
            }
        }
    }
}
