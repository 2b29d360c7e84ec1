//! Lines on paper: strokes along curves and along the borders of areas.

use crate::drawing::noise;
use crate::drawing::plane::smoothstep;

/// How dark the ink is at every sample, 0 (paper) to 1.
pub(crate) struct Ink {
    pub(crate) side: usize,
    pub(crate) darkness: Vec<f32>,
    seed: u64,
    /// How far lines wander, in samples.
    wobble: f32,
    /// Samples per unit of 1/256 of the side.
    unit: f32,
}

/// A line to be drawn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pen {
    /// Width in samples at its widest.
    pub(crate) width: f32,
    /// Darkness, 0..=1.
    pub(crate) darkness: f32,
    /// How much of the width is lost at the start and at the end, 0..=1.
    pub(crate) taper: [f32; 2],
}

impl Ink {
    pub(crate) fn new(side: usize, wobble: f32, seed: u64) -> Self {
        let unit = side as f32 / 256.0;
        Self { side, darkness: vec![0.0; side * side], seed, wobble: wobble * unit, unit }
    }

    /// Where a trembling hand puts a point.
    fn displaced(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        let scale = 1.0 / (17.0 * self.unit);
        let shift = |salt: u64| (noise::fractal(self.seed ^ salt, x * scale, y * scale, 2) - 0.5) * 2.6 * self.wobble;
        [x + shift(0x11), y + shift(0x12)]
    }

    /// Draws along points in samples; `visible` says which of them are seen.
    pub(crate) fn stroke(&mut self, points: &[[f32; 2]], visible: &[bool], pen: Pen) {
        let last = points.len().saturating_sub(1);
        for index in 0..last {
            if !(visible[index] && visible[index + 1]) {
                continue;
            }
            let half = |index: usize| {
                let share = index as f32 / last as f32;
                let start = 1.0 - pen.taper[0] * (1.0 - smoothstep(0.0, 0.45, share));
                let end = 1.0 - pen.taper[1] * smoothstep(0.55, 1.0, share);
                0.5 * pen.width * start * end
            };
            let (from, to) = (self.displaced(points[index]), self.displaced(points[index + 1]));
            self.capsule(from, to, half(index), half(index + 1), pen.darkness);
        }
    }

    /// A thick line between two points with its own half widths.
    fn capsule(&mut self, from: [f32; 2], to: [f32; 2], half_from: f32, half_to: f32, darkness: f32) {
        let reach = half_from.max(half_to) + 1.0;
        let low = |k: usize| (from[k].min(to[k]) - reach).floor().max(0.0) as usize;
        let high = |k: usize| (from[k].max(to[k]) + reach).ceil().min(self.side as f32 - 1.0);
        let along = [to[0] - from[0], to[1] - from[1]];
        let square = (along[0] * along[0] + along[1] * along[1]).max(1e-6);
        if high(0) < 0.0 || high(1) < 0.0 {
            return;
        }
        for y in low(1)..=high(1) as usize {
            for x in low(0)..=high(0) as usize {
                let arm = [x as f32 + 0.5 - from[0], y as f32 + 0.5 - from[1]];
                let share = ((arm[0] * along[0] + arm[1] * along[1]) / square).clamp(0.0, 1.0);
                let distance = (arm[0] - share * along[0]).hypot(arm[1] - share * along[1]);
                let half = half_from + (half_to - half_from) * share;
                let cover = (half + 0.5 - distance).clamp(0.0, 1.0) * darkness;
                let value = &mut self.darkness[y * self.side + x];
                *value = value.max(cover);
            }
        }
    }

    /// A dot for a border sample; `weight` scales its width.
    pub(crate) fn dab(&mut self, x: usize, y: usize, pen: Pen, swell: f32) {
        let [px, py] = self.displaced([x as f32 + 0.5, y as f32 + 0.5]);
        let pressure = noise::fractal(self.seed ^ 0x21, px / (34.0 * self.unit), py / (34.0 * self.unit), 2);
        let half = 0.5 * pen.width * (1.0 + swell * 1.7 * (pressure - 0.5));
        self.capsule([px, py], [px, py], half, half, pen.darkness);
    }

    /// Makes a sample at least that dark.
    pub(crate) fn fill(&mut self, index: usize, darkness: f32) {
        self.darkness[index] = self.darkness[index].max(darkness);
    }
}
