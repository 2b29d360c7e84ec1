//! The direction in which strokes run: the edge tangent flow of the smoothed structure tensor.
//!
//! Winnemöller, Kyprianidis, Olsen 2012, "XDoG: an eXtended difference-of-Gaussians compendium", section 2.6.

use rayon::prelude::*;

use super::plane::{Plane, gaussian};

/// Unit vectors along edges.
pub(super) struct Flow {
    width: usize,
    across: Vec<(f32, f32)>,
}

impl Flow {
    /// `smoothing` is the deviation in pixels over which directions are averaged.
    pub(super) fn new(luma: &Plane, smoothing: f32) -> Self {
        let (width, height) = (luma.width, luma.height);
        // Sobel's masks.
        let gradient = |along: (isize, isize), aside: (isize, isize)| {
            Plane::from_fn(width, height, |x, y| {
                let at = |step: isize, side: isize| {
                    luma.at_clamped(
                        x as isize + step * along.0 + side * aside.0,
                        y as isize + step * along.1 + side * aside.1,
                    )
                };
                at(1, -1) + 2.0 * at(1, 0) + at(1, 1) - at(-1, -1) - 2.0 * at(-1, 0) - at(-1, 1)
            })
        };
        let (gx, gy) = (gradient((1, 0), (0, 1)), gradient((0, 1), (1, 0)));
        let xx = gx.times(&gx).blurred(smoothing);
        let xy = gx.times(&gy).blurred(smoothing);
        let yy = gy.times(&gy).blurred(smoothing);
        // The major eigenvector of the tensor points across the edge, at half the angle of (xx - yy, 2 xy).
        let half_angle = |x: usize, y: usize| {
            let (dx, dy) = (xx.at(x, y) - yy.at(x, y), 2.0 * xy.at(x, y));
            let length = dx.hypot(dy);
            let cosine = if length > 1e-12 { dx / length } else { 1.0 };
            (((1.0 + cosine) / 2.0).sqrt(), ((1.0 - cosine) / 2.0).sqrt().copysign(dy))
        };
        let across =
            (0..width * height).into_par_iter().map(|index| half_angle(index % width, index / width)).collect();
        Self { width, across }
    }

    /// The flow at half the size.
    pub(super) fn halved(&self) -> Self {
        let (width, height) = (self.width.div_ceil(2), (self.across.len() / self.width).div_ceil(2));
        let across = (0..width * height).map(|index| self.across(2 * (index % width), 2 * (index / width))).collect();
        Self { width, across }
    }

    /// Unit vector across the edge, towards either side.
    pub(super) fn across(&self, x: usize, y: usize) -> (f32, f32) {
        self.across[y * self.width + x]
    }

    /// Gaussian mean along the streamline through every pixel (line integral convolution); `sigma` in pixels.
    pub(super) fn smooth_along(&self, plane: &Plane, sigma: f32) -> Plane {
        if sigma < 0.3 {
            return plane.clone();
        }
        // Long kernels need not look at every pixel.
        let step = (sigma / 2.5).clamp(1.0, 2.0);
        let kernel = gaussian(sigma / step);
        let weights = &kernel[kernel.len() / 2..];
        let (last_x, last_y) = ((plane.width - 1) as f32, (plane.height - 1) as f32);
        Plane::from_fn(plane.width, plane.height, |x, y| {
            let (mut sum, mut total) = (weights[0] * plane.at(x, y), weights[0]);
            for direction in [1.0, -1.0] {
                let (mut px, mut py) = (x as f32, y as f32);
                let (ax, ay) = self.across(x, y);
                let (mut dx, mut dy) = (-ay * direction, ax * direction);
                for &weight in &weights[1..] {
                    px += step * dx;
                    py += step * dy;
                    if px < 0.0 || py < 0.0 || px >= last_x || py >= last_y {
                        break;
                    }
                    sum += weight * plane.sample(px, py);
                    total += weight;
                    let (ax, ay) = self.across((px + 0.5) as usize, (py + 0.5) as usize);
                    // Tangents have no sign of their own: go on, never back.
                    let forward = if -ay * dx + ax * dy < 0.0 { -1.0 } else { 1.0 };
                    (dx, dy) = (-ay * forward, ax * forward);
                }
            }
            sum / total
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flow_runs_along_an_edge() {
        let edge = Plane::from_fn(32, 32, |x, _| if x < 16 { 0.0 } else { 1.0 });
        let flow = Flow::new(&edge, 2.0);
        let (across_x, across_y) = flow.across(16, 16);
        assert!(across_x.abs() > 0.99 && across_y.abs() < 0.05);
        let kept = flow.smooth_along(&edge, 4.0);
        assert!(kept.at(12, 16) < 0.05 && kept.at(20, 16) > 0.95);
    }
}
