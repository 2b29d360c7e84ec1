//! The GEMM of pairs of bf16 values: some positions by some registers of output channels.

use super::registers::PairVector;
use crate::partition::even_parts;
use crate::simd::dispatch::kernel_methods;
use crate::simd::epilogue::Epilogue;
use crate::simd::vector::MAX_LANES;

kernel_methods! {
    paired unsafe fn registers_gemm<V>(gemm: &PairGemm);
}

/// Pairs of inputs that are summed before sums go to memory; the weights that they need fit into the first-level cache.
pub(crate) const PAIRS_PER_CHUNK: usize = 64;

/// `target[row] = Σ source[row][s * segment_step + d] * weights[s][d]` over segments s and inputs d.
pub(crate) struct PairGemm {
    /// Positions, any number.
    pub(crate) rows: usize,
    /// Registers of output channels: 1 to 4.
    pub(crate) columns: usize,
    /// First input of the first position.
    pub(crate) source: *const u16,
    /// Elements from a position to the next.
    pub(crate) source_step: usize,
    pub(crate) segments: usize,
    /// Elements from a segment of inputs to the next.
    pub(crate) segment_step: usize,
    /// Pairs of inputs of a segment.
    pub(crate) pairs: usize,
    /// `[segment][pair][columns * LANES][2]`
    pub(crate) weights: *const u16,
    /// First output channel of the first position.
    pub(crate) target: *mut f32,
    /// Elements from a position to the next.
    pub(crate) target_step: usize,
    /// Whether to add to what the targets hold.
    pub(crate) accumulate: bool,
    /// What turns the sums into outputs, once they have their last inputs.
    pub(crate) epilogue: Option<Epilogue>,
}

/// Computes a GEMM in register tiles.
///
/// # Safety
/// The processor has `V`'s instruction set; the rest as `Kernels::pair_gemm`.
#[inline(always)]
pub(crate) unsafe fn registers_gemm<V: PairVector>(gemm: &PairGemm) {
    macro_rules! dispatch {
        ($rows:expr, $first:expr; $($count:literal)*) => {
            match ($rows, gemm.columns) {
                // SAFETY: the caller's promise is the same.
                $(
                    ($count, 1) => unsafe { sized_gemm::<V, $count, 1>(gemm, $first) },
                    ($count, 2) => unsafe { sized_gemm::<V, $count, 2>(gemm, $first) },
                    ($count, 3) => unsafe { sized_gemm::<V, $count, 3>(gemm, $first) },
                    ($count, 4) => unsafe { sized_gemm::<V, $count, 4>(gemm, $first) },
                )*
                (rows, columns) => unreachable!("no {rows}x{columns} GEMM"),
            }
        };
    }
    let part = even_parts(gemm.rows, V::ROWS);
    for first in (0..gemm.rows).step_by(part) {
        dispatch!(part.min(gemm.rows - first), first; 1 2 3 4 5 6);
    }
}

/// # Safety
/// As [`registers_gemm`], for `ROWS` positions from `first` on.
#[expect(clippy::needless_range_loop, reason = "counted loops over registers are what the compiler unrolls")]
#[inline(always)]
unsafe fn sized_gemm<V: PairVector, const ROWS: usize, const COLUMNS: usize>(gemm: &PairGemm, first: usize) {
    let mut lanes = [[[0.0_f32; MAX_LANES]; COLUMNS]; ROWS];
    // SAFETY: the caller's promise.
    unsafe {
        let mut sums = [[V::zero(); COLUMNS]; ROWS];
        let mut weights = gemm.weights;
        let source = gemm.source.add(first * gemm.source_step);
        for segment in 0..gemm.segments {
            let mut inputs = source.add(segment * gemm.segment_step);
            for _ in 0..gemm.pairs {
                let mut values = [V::load_pairs(weights); COLUMNS];
                for column in 1..COLUMNS {
                    values[column] = V::load_pairs(weights.add(column * V::LANES * 2));
                }
                for row in 0..ROWS {
                    let pair = V::splat_pair(inputs.add(row * gemm.source_step));
                    for column in 0..COLUMNS {
                        sums[row][column] = sums[row][column].add_pair_products(values[column], pair);
                    }
                }
                inputs = inputs.wrapping_add(2);
                weights = weights.add(COLUMNS * V::LANES * 2);
            }
        }
        // Through memory, so that the loops below do not keep the sums out of registers above.
        for row in 0..ROWS {
            for column in 0..COLUMNS {
                sums[row][column].store(lanes[row][column].as_mut_ptr());
            }
        }
    }
    for (row, lanes) in lanes.iter().enumerate() {
        for (column, lanes) in lanes.iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe {
                let target = gemm.target.add((first + row) * gemm.target_step + column * V::LANES);
                finish::<V>(gemm, V::load(lanes.as_ptr()), column * V::LANES, target);
            }
        }
    }
}

/// Writes a register of sums, `channel` channels from the first.
///
/// # Safety
/// As `Kernels::pair_gemm`.
#[inline(always)]
pub(super) unsafe fn finish<V: PairVector>(gemm: &PairGemm, sums: V, channel: usize, target: *mut f32) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut sums = sums;
        if gemm.accumulate {
            sums = V::load(target).add(sums);
        }
        if let Some(epilogue) = &gemm.epilogue {
            sums = epilogue.apply(sums, channel, target);
        }
        sums.store(target);
    }
}
