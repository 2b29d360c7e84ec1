//! The GEMM register tile: some positions by some registers of output channels.

use super::dispatch::kernel_methods;
use super::epilogue::Epilogue;
use super::outer_product::MAX_OUTER_ROWS as MAX_ROWS;
use super::vector::{MAX_LANES, Vector};

kernel_methods! {
    unsafe fn gemm<V>(gemm: &Gemm);
}

/// Inputs that a register tile sums before it goes to memory; the weights that they need fit into the first-level cache.
pub(crate) const INPUTS_PER_CHUNK: usize = 128;

/// `target[row] = Σ scalars[row][s * segment_step + d] * weights[s][d]` over segments s and d below `depth`.
pub(crate) struct Gemm {
    /// Positions: 1 to 6.
    pub(crate) rows: usize,
    /// Registers of output channels: 1 to 4.
    pub(crate) columns: usize,
    /// First input of each position.
    pub(crate) scalars: [*const f32; MAX_ROWS],
    pub(crate) segments: usize,
    /// Elements from a segment of inputs to the next.
    pub(crate) segment_step: usize,
    /// Inputs of a segment.
    pub(crate) depth: usize,
    /// `[segment][input][columns * LANES]`
    pub(crate) weights: *const f32,
    /// First output channel of each position.
    pub(crate) targets: [*mut f32; MAX_ROWS],
    /// Whether to add to what the targets hold.
    pub(crate) accumulate: bool,
    /// What turns the sums into outputs, once they have their last inputs.
    pub(crate) epilogue: Option<Epilogue>,
}

/// Computes a GEMM of the size that it names.
///
/// # Safety
/// The processor has `V`'s instruction set; inputs, weights and targets are valid for the counts given, bias, PReLU
/// weight and residual for as many channels; no other thread touches the targets.
#[inline(always)]
pub(crate) unsafe fn gemm<V: Vector>(gemm: &Gemm) {
    macro_rules! dispatch {
        ($($rows:literal)*) => {
            match (gemm.rows, gemm.columns) {
                // SAFETY: the caller's promise is the same.
                $(
                    ($rows, 1) => unsafe { sized_gemm::<V, $rows, 1>(gemm) },
                    ($rows, 2) => unsafe { sized_gemm::<V, $rows, 2>(gemm) },
                    ($rows, 3) => unsafe { sized_gemm::<V, $rows, 3>(gemm) },
                    ($rows, 4) => unsafe { sized_gemm::<V, $rows, 4>(gemm) },
                )*
                (rows, columns) => unreachable!("no {rows}x{columns} GEMM"),
            }
        };
    }
    dispatch!(1 2 3 4 5 6);
}

/// # Safety
/// As [`gemm`].
#[expect(clippy::needless_range_loop, reason = "counted loops over registers are what the compiler unrolls")]
#[inline(always)]
unsafe fn sized_gemm<V: Vector, const ROWS: usize, const COLUMNS: usize>(gemm: &Gemm) {
    let mut lanes = [[[0.0_f32; MAX_LANES]; COLUMNS]; ROWS];
    // SAFETY: the caller's promise.
    unsafe {
        let mut sums = [[V::zero(); COLUMNS]; ROWS];
        let mut weights = gemm.weights;
        for segment in 0..gemm.segments {
            let mut scalars = [std::ptr::null(); ROWS];
            for row in 0..ROWS {
                scalars[row] = gemm.scalars[row].add(segment * gemm.segment_step);
            }
            for index in 0..gemm.depth {
                let mut values = [V::zero(); COLUMNS];
                for column in 0..COLUMNS {
                    values[column] = V::load(weights.add(column * V::LANES));
                }
                for row in 0..ROWS {
                    let scalar = V::splat(*scalars[row].add(index));
                    for column in 0..COLUMNS {
                        sums[row][column] = sums[row][column].add_product(scalar, values[column]);
                    }
                }
                weights = weights.add(COLUMNS * V::LANES);
            }
        }
        // Through memory, so that the loops below do not keep the sums out of registers above.
        for row in 0..ROWS {
            for column in 0..COLUMNS {
                sums[row][column].store(lanes[row][column].as_mut_ptr());
            }
        }
    }
    for (lanes, target) in lanes.iter().zip(gemm.targets) {
        for (column, lanes) in lanes.iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe {
                let target = target.add(column * V::LANES);
                let mut sums = V::load(lanes.as_ptr());
                if gemm.accumulate {
                    sums = V::load(target).add(sums);
                }
                if let Some(epilogue) = &gemm.epilogue {
                    sums = epilogue.apply(sums, column * V::LANES, target);
                }
                sums.store(target);
            }
        }
    }
}
