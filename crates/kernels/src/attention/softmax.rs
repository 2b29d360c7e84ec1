//! Softmax in tiles.

use crate::simd::dispatch::kernel_methods;
use crate::simd::math::exp;
use crate::simd::vector::Vector;

kernel_methods! {
    fn softmax_columns<V>(scores: &mut [f32], running: &mut OnlineSoftmax);
    fn softmax_gradients(scores: &mut [f32], gradients: &mut [f32]);
}

/// The online softmax: of columns whose rows arrive tile by tile. Milakov and Gimelshein 2018,
/// <https://arxiv.org/abs/1805.02867>.
#[derive(Debug)]
pub(crate) struct OnlineSoftmax {
    /// The largest score of each column.
    maxima: Vec<f32>,
    /// The sum of each column's exponentials, of the differences to the largest score.
    totals: Vec<f64>,
    /// Factors of the last tile: they bring sums of earlier exponentials to the new largest score.
    scales: Vec<f32>,
}

impl OnlineSoftmax {
    /// Before the first tile of `width` columns.
    pub(crate) fn new(width: usize) -> Self {
        Self { maxima: vec![f32::NEG_INFINITY; width], totals: vec![0.0; width], scales: vec![0.0; width] }
    }

    /// Brings rows of sums that earlier exponentials weighted to the present maximum.
    pub(crate) fn rescale(&self, sums: &mut [f32]) {
        if self.scales.iter().all(|scale| *scale == 1.0) {
            return;
        }
        for row in sums.chunks_exact_mut(self.scales.len()) {
            row.iter_mut().zip(&self.scales).for_each(|(value, scale)| *value *= scale);
        }
    }

    /// For each column the factor that turns exponentials into probabilities, and the logarithm of the sum of the
    /// exponentials.
    pub(crate) fn finished(&self) -> (Vec<f32>, Vec<f32>) {
        let logarithm = |(largest, total): (&f32, &f64)| (f64::from(*largest) + total.ln()) as f32;
        let factors = self.totals.iter().map(|total| (1.0 / total) as f32).collect();
        (factors, self.maxima.iter().zip(&self.totals).map(logarithm).collect())
    }
}

/// Overwrites a tile of scores, `[row][column]`, with the exponentials of their differences to the largest of their
/// columns so far. The columns are a multiple of the lanes of a register.
#[inline(always)]
pub(crate) fn softmax_columns<V: Vector>(scores: &mut [f32], running: &mut OnlineSoftmax) {
    match V::LANES {
        16 => sized_softmax_columns::<16>(scores, running),
        8 => sized_softmax_columns::<8>(scores, running),
        _ => sized_softmax_columns::<4>(scores, running),
    }
}

/// As [`softmax_columns`], `LANES` columns at a time.
#[inline(always)]
fn sized_softmax_columns<const LANES: usize>(scores: &mut [f32], running: &mut OnlineSoftmax) {
    let width = running.maxima.len();
    for first in (0..width).step_by(LANES) {
        let Some(before) = running.maxima[first..].first_chunk_mut::<LANES>() else { return };
        let mut largest = *before;
        for row in scores.chunks_exact(width) {
            let Some(values) = row[first..].first_chunk::<LANES>() else { return };
            for lane in 0..LANES {
                largest[lane] = if values[lane] > largest[lane] { values[lane] } else { largest[lane] };
            }
        }
        let mut sums = [0.0_f32; LANES];
        for row in scores.chunks_exact_mut(width) {
            let Some(values) = row[first..].first_chunk_mut::<LANES>() else { return };
            for lane in 0..LANES {
                values[lane] = exp(values[lane] - largest[lane]);
                sums[lane] += values[lane];
            }
        }
        for lane in 0..LANES {
            let scale = exp(before[lane] - largest[lane]);
            let total = &mut running.totals[first + lane];
            *total = *total * f64::from(scale) + f64::from(sums[lane]);
            running.scales[first + lane] = scale;
        }
        *before = largest;
    }
}

/// The gradient of the softmax. `scores`, each less the logarithm of the sum of the exponentials, become probabilities.
/// `gradients` of the probabilities, less their mean, become gradients of the scores.
#[inline(always)]
pub(crate) fn softmax_gradients(scores: &mut [f32], gradients: &mut [f32]) {
    for (score, gradient) in scores.iter_mut().zip(gradients) {
        *score = exp(*score);
        *gradient *= *score;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::dispatch::Kernels;
    use crate::simd::isa::Isa;
    use crate::tests::unless_miri;

    #[test]
    fn columns_sum_to_one_on_every_instruction_set() {
        for kernels in Isa::ALL.into_iter().filter_map(Kernels::of) {
            let (width, rows) = (3 * kernels.lanes, unless_miri(777, 117));
            let score = |row: usize, column: usize| ((row * 37 + column) % 101) as f32 * 0.3 - 200.0;
            let mut scores: Vec<f32> = (0..rows * width).map(|index| score(index / width, index % width)).collect();
            let mut running = OnlineSoftmax::new(width);
            for tile in scores.chunks_mut(unless_miri(100, 20) * width) {
                kernels.softmax_columns(tile, &mut running);
            }
            let (factors, logarithms) = running.finished();
            for column in 0..width {
                let total: f64 = (0..rows).map(|row| f64::from(score(row, column)).exp()).sum();
                assert!((f64::from(logarithms[column]) - total.ln()).abs() < 2e-5, "{}", logarithms[column]);
                // The last tile is on the final maximum.
                for row in unless_miri(700, 100)..rows {
                    let expected = f64::from(score(row, column)).exp() / total;
                    let found = f64::from(scores[row * width + column] * factors[column]);
                    assert!((found - expected).abs() < 1e-6 * expected + 1e-30, "{found}, expected {expected}");
                }
            }
        }
    }
}
