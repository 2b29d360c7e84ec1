//! One channel of floating-point values and the filters that drawing needs.

use rayon::prelude::*;

/// Values in rows, `[height, width]`; never empty.
#[derive(Clone, Debug)]
pub(crate) struct Plane {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) values: Vec<f32>,
}

impl Plane {
    /// Fills a plane by place; rows in parallel, so the result cannot depend on the number of threads.
    pub(crate) fn from_fn(width: usize, height: usize, value: impl Fn(usize, usize) -> f32 + Sync) -> Self {
        let mut values = vec![0.0; width * height];
        values.par_chunks_mut(width).enumerate().for_each(|(y, row)| {
            for (x, out) in row.iter_mut().enumerate() {
                *out = value(x, y);
            }
        });
        Self { width, height, values }
    }

    /// As [`Plane::from_fn`] for values that change slowly: computed at every `step`-th place, bilinear between.
    pub(crate) fn slowly(width: usize, height: usize, step: usize, value: impl Fn(usize, usize) -> f32 + Sync) -> Self {
        let coarse =
            Self::from_fn(width.div_ceil(step) + 1, height.div_ceil(step) + 1, |x, y| value(step * x, step * y));
        let share = 1.0 / step as f32;
        Self::from_fn(width, height, |x, y| {
            let start = y / step * coarse.width + x / step;
            let (fx, fy) = ((x % step) as f32 * share, (y % step) as f32 * share);
            let row = |start: usize| coarse.values[start] + fx * (coarse.values[start + 1] - coarse.values[start]);
            let upper = row(start);
            upper + fy * (row(start + coarse.width) - upper)
        })
    }

    /// Half the size: means of four, with edges continued.
    pub(crate) fn halved(&self) -> Self {
        Self::from_fn(self.width.div_ceil(2), self.height.div_ceil(2), |x, y| {
            let (left, top) = (2 * x, 2 * y);
            let (right, bottom) = ((left + 1).min(self.width - 1), (top + 1).min(self.height - 1));
            0.25 * (self.at(left, top) + self.at(right, top) + self.at(left, bottom) + self.at(right, bottom))
        })
    }

    pub(crate) fn at(&self, x: usize, y: usize) -> f32 {
        self.values[y * self.width + x]
    }

    /// The value at a place, the nearest edge value outside.
    pub(crate) fn at_clamped(&self, x: isize, y: isize) -> f32 {
        let x = x.clamp(0, self.width as isize - 1) as usize;
        let y = y.clamp(0, self.height as isize - 1) as usize;
        self.at(x, y)
    }

    /// Bilinear sample, the nearest edge value outside.
    pub(crate) fn sample(&self, x: f32, y: f32) -> f32 {
        let x = x.clamp(0.0, (self.width - 1) as f32);
        let y = y.clamp(0.0, (self.height - 1) as f32);
        let (left, top) = (x as usize, y as usize);
        let (fx, fy) = (x - left as f32, y - top as f32);
        let right = usize::from(left + 1 < self.width);
        let start = top * self.width + left;
        let below = start + if top + 1 < self.height { self.width } else { 0 };
        let upper = self.values[start] * (1.0 - fx) + self.values[start + right] * fx;
        let lower = self.values[below] * (1.0 - fx) + self.values[below + right] * fx;
        upper * (1.0 - fy) + lower * fy
    }

    pub(crate) fn map(&self, value: impl Fn(f32) -> f32 + Sync) -> Self {
        let values = self.values.par_iter().map(|&v| value(v)).collect();
        Self { values, ..*self }
    }

    /// The product place by place, of planes of one size.
    pub(crate) fn times(&self, other: &Self) -> Self {
        let values = self.values.iter().zip(&other.values).map(|(one, other)| one * other).collect();
        Self { values, ..*self }
    }

    /// Gaussian blur with edges continued; `sigma` in pixels, no blur below 0.2.
    pub(crate) fn blurred(&self, sigma: f32) -> Self {
        if sigma < 0.2 {
            return self.clone();
        }
        if sigma > 8.0 {
            return self.blurred_coarsely(sigma);
        }
        let kernel = gaussian(sigma);
        let reach = kernel.len() / 2;
        let mut rows = vec![0.0; self.values.len()];
        rows.par_chunks_mut(self.width).zip(self.values.par_chunks(self.width)).for_each(|(out, row)| {
            let edge = |value: f32| std::iter::repeat_n(value, reach);
            let padded: Vec<f32> = edge(row[0]).chain(row.iter().copied()).chain(edge(row[row.len() - 1])).collect();
            for (value, window) in out.iter_mut().zip(padded.windows(kernel.len())) {
                *value = window.iter().zip(&kernel).map(|(v, weight)| v * weight).sum();
            }
        });
        let mut values = vec![0.0; self.values.len()];
        values.par_chunks_mut(self.width).enumerate().for_each(|(y, out)| {
            for (offset, &weight) in kernel.iter().enumerate() {
                let from = (y + offset).saturating_sub(reach).min(self.height - 1);
                let row = &rows[from * self.width..][..self.width];
                for (value, v) in out.iter_mut().zip(row) {
                    *value += weight * v;
                }
            }
        });
        Self { values, ..*self }
    }

    /// A wide blur on a quarter of the resolution; the difference is invisible and the work a fraction.
    fn blurred_coarsely(&self, sigma: f32) -> Self {
        let narrow = self.blurred(1.6);
        let (width, height) = (self.width.div_ceil(4), self.height.div_ceil(4));
        let quarter = Self::from_fn(width, height, |x, y| narrow.at_clamped(4 * x as isize + 2, 4 * y as isize + 2));
        let wide = quarter.blurred(sigma / 4.0);
        Self::from_fn(self.width, self.height, |x, y| wide.sample((x as f32 - 2.0) / 4.0, (y as f32 - 2.0) / 4.0))
    }

    /// The value below which the given share (0..=1) of the places chosen by `inside` lies; 0.5 when none is chosen.
    pub(crate) fn percentile(&self, share: f32, inside: impl Fn(usize, usize) -> bool) -> f32 {
        let mut chosen: Vec<f32> = (0..self.values.len())
            .filter(|index| inside(index % self.width, index / self.width))
            .map(|index| self.values[index])
            .collect();
        if chosen.is_empty() {
            return 0.5;
        }
        let place = ((chosen.len() - 1) as f32 * share.clamp(0.0, 1.0)) as usize;
        *chosen.select_nth_unstable_by(place, f32::total_cmp).1
    }
}

/// Weights of a normalised Gaussian, cut at 2.5 deviations.
pub(crate) fn gaussian(sigma: f32) -> Vec<f32> {
    let reach = (2.5 * sigma).ceil() as i32;
    let weights: Vec<f32> = (-reach..=reach).map(|i| (-0.5 * (i as f32 / sigma).powi(2)).exp()).collect();
    let total: f32 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / total).collect()
}

/// 0 below `low`, 1 above `high`, smooth between.
pub(crate) fn smoothstep(low: f32, high: f32, value: f32) -> f32 {
    let t = ((value - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blurring_a_constant_keeps_it() {
        let blurred = Plane::from_fn(9, 5, |_, _| 0.3).blurred(2.0);
        assert!(blurred.values.iter().all(|v| (v - 0.3).abs() < 1e-5));
    }

    #[test]
    fn slow_values_are_exact_where_they_are_linear() {
        let plane = Plane::slowly(11, 7, 4, |x, y| x as f32 - 2.0 * y as f32);
        for (index, value) in plane.values.iter().enumerate() {
            assert!((value - ((index % 11) as f32 - 2.0 * (index / 11) as f32)).abs() < 1e-4);
        }
        let half = plane.halved();
        assert_eq!((half.width, half.height), (6, 4));
        assert!((half.at(1, 1) - (2.5 - 5.0)).abs() < 1e-4);
    }

    #[test]
    fn percentiles_look_only_inside() {
        let plane = Plane::from_fn(10, 2, |x, _| x as f32);
        assert_eq!(plane.percentile(1.0, |x, _| x < 4), 3.0);
        assert_eq!(plane.percentile(0.0, |x, _| x > 6), 7.0);
        assert_eq!(plane.percentile(0.5, |_, _| false), 0.5);
    }
}
