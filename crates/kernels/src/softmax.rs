//! Softmax in tiles, with an exponential that the compiler turns into vectors.

/// Below this the exponential is not a normal number, and 0 here.
const SMALLEST: f32 = -87.0;

/// `e` to the power of `x`, which is not above 0 but for rounding, with an error of about 1e-7 of the result.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    /// Added to a small number, it leaves the nearest whole number in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let whole = rounded - ROUND;
    // The logarithm of 2 in two parts, so that the rest is exact.
    let rest = x - whole * 0.693_359_4 + whole * 2.121_944_4e-4;
    let mut power = 1.987_569_1e-4_f32;
    for coefficient in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        power = power * rest + coefficient;
    }
    let power = power * rest * rest + rest + 1.0;
    let scaled = f32::from_bits(power.to_bits().wrapping_add(rounded.to_bits() << 23));
    if x < SMALLEST { 0.0 } else { scaled }
}

/// The softmax of columns whose rows arrive tile by tile.
#[derive(Debug)]
pub(crate) struct Running {
    /// The largest score of each column.
    maxima: Vec<f32>,
    /// The sum of each column's exponentials of scores less the largest.
    totals: Vec<f64>,
    /// What the last tile made of exponentials before it.
    scales: Vec<f32>,
}

impl Running {
    /// Before the first tile of `width` columns.
    pub(crate) fn new(width: usize) -> Self {
        Self { maxima: vec![f32::NEG_INFINITY; width], totals: vec![0.0; width], scales: vec![0.0; width] }
    }

    /// Brings rows of sums weighted by earlier exponentials to the present maximum.
    pub(crate) fn rescale(&self, sums: &mut [f32]) {
        if self.scales.iter().all(|scale| *scale == 1.0) {
            return;
        }
        for row in sums.chunks_exact_mut(self.scales.len()) {
            row.iter_mut().zip(&self.scales).for_each(|(value, scale)| *value *= scale);
        }
    }

    /// For each column what turns exponentials into shares, and the logarithm of the sum of its exponentials.
    pub(crate) fn finished(&self) -> (Vec<f32>, Vec<f32>) {
        let logarithm = |(largest, total): (&f32, &f64)| (f64::from(*largest) + total.ln()) as f32;
        let shares = self.totals.iter().map(|total| (1.0 / total) as f32).collect();
        (shares, self.maxima.iter().zip(&self.totals).map(logarithm).collect())
    }
}

/// Overwrites a tile of scores, `[row][column]`, with their exponentials less the largest of their columns so far. The
/// columns are a multiple of `LANES`.
#[inline(always)]
pub(crate) fn softmax_columns<const LANES: usize>(scores: &mut [f32], running: &mut Running) {
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

/// Overwrites scores less the logarithm of the sum of their exponentials with their shares, and the gradients of shares,
/// less their mean, with the gradients of scores.
#[inline(always)]
pub(crate) fn share_gradients(scores: &mut [f32], gradients: &mut [f32]) {
    for (score, gradient) in scores.iter_mut().zip(gradients) {
        *score = exp(*score);
        *gradient *= *score;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::{Isa, Kernels};
    use crate::tests::unless_miri;

    #[test]
    fn exponentials_are_close_to_the_libraries() {
        for step in (0..87_000).step_by(unless_miri(1, 500)) {
            let x = step as f32 * -1e-3;
            let expected = f64::from(x).exp();
            let error = (f64::from(exp(x)) - expected).abs() / expected;
            assert!(error < 2e-7, "exp({x}): relative error {error}");
        }
        assert_eq!((exp(0.0), exp(-88.0), exp(f32::NEG_INFINITY)), (1.0, 0.0, 0.0));
        assert!(exp(f32::NAN).is_nan());
    }

    #[test]
    fn columns_sum_to_one_on_every_instruction_set() {
        for kernels in Isa::ALL.into_iter().filter_map(Kernels::of) {
            let (width, rows) = (3 * kernels.lanes, unless_miri(777, 117));
            let score = |row: usize, column: usize| ((row * 37 + column) % 101) as f32 * 0.3 - 200.0;
            let mut scores: Vec<f32> = (0..rows * width).map(|index| score(index / width, index % width)).collect();
            let mut running = Running::new(width);
            for tile in scores.chunks_mut(unless_miri(100, 20) * width) {
                kernels.softmax_columns(tile, &mut running);
            }
            let (shares, logarithms) = running.finished();
            for column in 0..width {
                let total: f64 = (0..rows).map(|row| f64::from(score(row, column)).exp()).sum();
                assert!((f64::from(logarithms[column]) - total.ln()).abs() < 2e-5, "{}", logarithms[column]);
                // The last tile is on the final maximum.
                for row in unless_miri(700, 100)..rows {
                    let expected = f64::from(score(row, column)).exp() / total;
                    let found = f64::from(scores[row * width + column] * shares[column]);
                    assert!((found - expected).abs() < 1e-6 * expected + 1e-30, "{found}, expected {expected}");
                }
            }
        }
    }
}
