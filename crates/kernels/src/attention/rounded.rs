//! What self-attention multiplies as bf16 values: probabilities and values. Scores stay in single precision, since they
//! are exponents.

use crate::bf16::gemm::PairGemm;
use crate::bf16::values::Bf16Values;
use crate::memory::scratch::Scratch;
use crate::simd::dispatch::Kernels;
use rayon::prelude::*;

/// Rounded values, `[image][channel][position]`, each channel filled up to whole pairs with zero.
pub(crate) struct RoundedChannels {
    values: Bf16Values<Scratch>,
    channels: usize,
    /// Elements from a channel to the next.
    stride: usize,
}

impl RoundedChannels {
    /// Rounds images `[channels][positions]`.
    pub(crate) fn new(kernels: &Kernels, source: &[f32], channels: usize, positions: usize) -> Self {
        let stride = positions.next_multiple_of(2);
        let mut values = Bf16Values::scratch(source.len() / positions * stride);
        values.par_chunks_exact_mut(stride).zip(source.par_chunks_exact(positions)).for_each(|(target, source)| {
            target[positions..].fill(0);
            // SAFETY: the target has room for the positions.
            unsafe { kernels.round_values(source, target.as_mut_ptr()) };
        });
        Self { values, channels, stride }
    }

    /// Adds to `sums`, `[channel][query]`, the values of an image from `position` on, which is even, times their
    /// probabilities, `[position][query]`: whole registers of queries. Or sets them.
    pub(crate) fn add_weighted(
        &self,
        kernels: &Kernels,
        [image, position]: [usize; 2],
        probabilities: &[f32],
        width: usize,
        sums: &mut [f32],
        accumulate: bool,
    ) {
        let pairs = (probabilities.len() / width).div_ceil(2);
        assert!(position.is_multiple_of(2) && position + 2 * pairs <= self.stride, "the positions exist");
        assert!(sums.len() >= self.channels * width, "there is room for all sums");
        let mut weights = Bf16Values::scratch(pairs * width * 2);
        // SAFETY: there is room for all pairs of rows.
        unsafe { kernels.pair_rows(probabilities, width, weights.as_mut_ptr()) };
        let gemm = PairGemm {
            rows: self.channels,
            columns: width / kernels.lanes,
            source: self.values[image * self.channels * self.stride + position..].as_ptr(),
            source_step: self.stride,
            segments: 1,
            segment_step: 0,
            pairs,
            weights: weights.as_ptr(),
            target: sums.as_mut_ptr(),
            target_step: width,
            accumulate,
            epilogue: None,
        };
        // SAFETY: as asserted; the sums are borrowed.
        unsafe { kernels.pair_gemm(&gemm) };
    }
}
