//! Outlines of eyes, brows and mouth as curves over the chart (undisplaced x and y of the neutral face).

use super::expression::Expression;
use super::measures::{Brow, Eye, Mouth};
use super::vector::mix;

/// The line where the lips meet: y over x.
pub(crate) fn mouth_line(mouth: &Mouth, x: f32) -> f32 {
    let s = (x / mouth.half_width).clamp(-1.4, 1.4);
    // A slight bow: the middle dips, the corners follow their tilt.
    mouth.y + mouth.corner * s * s * 1.6 - 0.010 * (-(s / 0.25).powi(2)).exp()
        + 0.006 * (-((s.abs() - 0.45) / 0.25).powi(2)).exp()
}

/// Upper border of the upper lip; meets the line at the corners.
pub(crate) fn upper_lip(mouth: &Mouth, x: f32) -> f32 {
    let s = (x / mouth.half_width).abs().min(1.0);
    let bow = 1.0 - 0.20 * (-(s / 0.13).powi(2)).exp();
    let fall = (1.0 - s.powf(1.5)).max(0.0).powf(0.9);
    mouth_line(mouth, x) + mouth.upper * bow * fall
}

/// Lower border of the lower lip.
pub(crate) fn lower_lip(mouth: &Mouth, x: f32) -> f32 {
    let s = (x / mouth.half_width).abs().min(1.0);
    mouth_line(mouth, x) - mouth.lower * (1.0 - s.powf(2.2)).max(0.0).powf(0.8)
}

/// Half the height of the gap between the lips on the chart.
pub(crate) fn lip_gap(mouth: &Mouth, expression: &Expression, x: f32) -> f32 {
    let s = (x / mouth.half_width).abs();
    let open = 0.021 * (expression.open * 6.0).min(1.0);
    (0.0035 + open * (1.0 - s.powf(2.5)).max(0.0)) * if s > 1.02 { 0.0 } else { 1.0 }
}

/// An eye's opening in its own coordinates: `s` from -1 (towards the nose) to 1, heights above the line of its corners.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opening {
    center_x: f32,
    half_width: f32,
    upper: f32,
    lower: f32,
    sin: f32,
    cos: f32,
}

impl Opening {
    pub(crate) fn new(eye: &Eye, expression: &Expression) -> Self {
        let (sin, cos) = eye.tilt.sin_cos();
        let lids = expression.lids;
        let open = if lids < 0.0 { mix(1.0, 0.22, -lids) } else { 1.0 + 0.28 * lids };
        let squint = 1.0 - 0.38 * expression.smile.max(0.0);
        Self {
            center_x: eye.x,
            half_width: eye.half_width,
            upper: eye.upper * open * (1.0 - 0.08 * expression.smile.max(0.0)),
            lower: eye.lower * squint * mix(1.0, open, 0.5),
            sin,
            cos,
        }
    }

    /// `(s, height)` of a place on the chart; both eyes are described by the right one.
    pub(crate) fn local(&self, x: f32, y: f32) -> (f32, f32) {
        let (dx, dy) = (x.abs() - self.center_x, y);
        ((dx * self.cos + dy * self.sin) / self.half_width, dy * self.cos - dx * self.sin)
    }

    /// The chart's place for `(s, height)` on a side (-1 or 1).
    pub(crate) fn chart(&self, s: f32, height: f32, side: f32) -> [f32; 2] {
        let dx = s * self.half_width;
        [side * (self.center_x + dx * self.cos - height * self.sin), height * self.cos + dx * self.sin]
    }

    /// Height of the upper lid's edge; its peak lies a little towards the nose.
    pub(crate) fn upper_edge(&self, s: f32) -> f32 {
        let t = (s + 0.10 * (1.0 - s * s)).clamp(-1.0, 1.0);
        self.upper * (1.0 - t.abs().powf(2.1)).max(0.0).powf(0.82)
    }

    /// Height (negative) of the lower lid's edge; its lowest place lies a little outwards.
    pub(crate) fn lower_edge(&self, s: f32) -> f32 {
        let t = (s - 0.14 * (1.0 - s * s)).clamp(-1.0, 1.0);
        -self.lower * (1.0 - t.abs().powf(2.0)).max(0.0).powf(0.90)
    }
}

/// Middle of the brow at `s` from 0 (towards the nose) to 1: place and half thickness on the right side of the chart.
pub(crate) fn brow(brow: &Brow, s: f32) -> ([f32; 2], f32) {
    let x = mix(brow.inner_x, brow.outer_x, s);
    let arch = brow.arch * (1.0 - ((s - 0.64) / if s < 0.64 { 0.64 } else { 0.50 }).powi(2)).max(-0.4);
    let y = brow.y + arch + brow.tilt * (s - 0.3);
    let taper = (s * 9.0 + 0.35).min(1.0) * (1.0 - 0.72 * ((s - 0.45).max(0.0) / 0.55).powf(1.3));
    ([x, y], brow.half_thickness * taper)
}
