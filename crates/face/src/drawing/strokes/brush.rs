//! The tip that strokes are drawn with, on paper with a tooth.

use super::streamlines::Stroke;
use crate::drawing::canvas::Canvas;
use crate::drawing::noise;
use crate::drawing::plane::{Plane, smoothstep};

/// Rasterises strokes: the darkest of a stroke's points counts at every pixel, so that a stroke doesn't cross itself.
pub(super) struct Brush {
    darkness: Vec<f32>,
    touched: Vec<usize>,
    /// Height of the paper's tooth, 0..=1, and how much it counts.
    tooth: Option<(Plane, f32)>,
}

impl Brush {
    /// `unit` is the number of pixels per style unit; the seed is that of the sheet.
    pub(super) fn new(width: usize, height: usize, tooth: f32, unit: f32, seed: u64) -> Self {
        let tooth = (tooth > 0.0).then(|| {
            let plane = Plane::from_fn(width, height, |x, y| {
                let (u, v) = (x as f32 / unit, y as f32 / unit);
                ((noise::fractal(seed, u / 2.6, v / 2.6, 2) - 0.5) * 1.7 + 0.5).clamp(0.0, 1.0)
            });
            (plane, tooth)
        });
        Self { darkness: vec![0.0; width * height], touched: Vec::new(), tooth }
    }

    /// `tip` gives half the width and the opacity at a share of the stroke and a place.
    pub(super) fn draw(
        &mut self,
        canvas: &mut Canvas,
        stroke: &Stroke,
        tip: &dyn Fn(f32, f32, f32) -> (f32, f32),
        colour: [f32; 3],
    ) {
        let last = stroke.points.len().max(2) as f32 - 1.0;
        for (place, &(x, y)) in stroke.points.iter().enumerate() {
            let (half, opacity) = tip(place as f32 / last, x, y);
            // Narrower than a pixel: paler instead.
            let (half, opacity) = (half.max(0.45), opacity * (half / 0.45).min(1.0));
            self.dab(canvas.width, canvas.height, (x, y), half, opacity);
        }
        for &index in &self.touched {
            let mut share = std::mem::take(&mut self.darkness[index]);
            if let Some((tooth, strength)) = &self.tooth {
                let height = tooth.values[index];
                let taken = smoothstep(height - 0.35, height + 0.35, 0.25 + 0.9 * share);
                share *= 1.0 - strength * (1.0 - taken);
            }
            canvas.stamp(index, colour, share);
        }
        self.touched.clear();
    }

    /// A round touch with a soft rim of a pixel.
    fn dab(&mut self, width: usize, height: usize, (x, y): (f32, f32), half: f32, opacity: f32) {
        let reach = half + 0.5;
        let range = |center: f32, side: usize| {
            let low = (center - reach).ceil().max(0.0) as usize;
            let high = (center + reach).floor().min(side as f32 - 1.0);
            (low, if high < 0.0 { 0 } else { high as usize + 1 })
        };
        let ((left, right), (top, bottom)) = (range(x, width), range(y, height));
        for row in top..bottom {
            for column in left..right {
                let (dx, dy) = (column as f32 - x, row as f32 - y);
                let inside = (reach - (dx * dx + dy * dy).sqrt()).clamp(0.0, 1.0);
                let dark = inside * opacity;
                let index = row * width + column;
                if dark > self.darkness[index] {
                    if self.darkness[index] == 0.0 {
                        self.touched.push(index);
                    }
                    self.darkness[index] = dark;
                }
            }
        }
    }
}
