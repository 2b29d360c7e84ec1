//! The GEMM of pairs on tiles of AMX. Its intrinsics are not stable, so instructions are written out.
//!
//! A tile has up to 16 rows of 64 bytes: 16 positions by 16 sums, 16 positions by 16 pairs of inputs, or 16 pairs by 16
//! output channels. Four tiles of sums (two by two) take two tiles of inputs and two of weights.

use super::gemm::{PairGemm, finish};
use crate::simd::vector::Vector;
use crate::simd::x86::Avx512Bf16;
use std::arch::asm;

/// Rows of a tile, and 32-bit elements of a row.
const SIDE: usize = 16;
/// Bytes of a row.
const ROW_BYTES: usize = 64;

/// Whether a GEMM has whole tiles of inputs. Others, such as a network's first layer's, are left to registers.
pub(super) fn fits(gemm: &PairGemm) -> bool {
    gemm.pairs.is_multiple_of(SIDE)
}

/// The operand of `ldtilecfg`: rows and bytes of a row of the eight tiles.
#[repr(C, align(64))]
struct Configuration {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

impl Configuration {
    /// Tiles 0 to 3 for sums (0 and 1 of the upper positions), 4 and 5 for inputs, 6 and 7 for weights.
    fn new([upper, lower]: [usize; 2]) -> Self {
        let side = SIDE as u8;
        let mut rows = [0; 16];
        let [upper, lower] = [upper as u8, lower as u8];
        rows[..8].copy_from_slice(&[upper, upper, lower, lower, upper, lower, side, side]);
        let row_bytes = rows.map(|rows| if rows == 0 { 0 } else { ROW_BYTES as u16 });
        Self { palette: 1, start_row: 0, reserved: [0; 14], row_bytes, rows }
    }
}

/// Computes a GEMM of whole tiles of inputs.
///
/// # Safety
/// The process may use tiles (`permission.rs`), and [`fits`] holds; the rest as `Kernels::pair_gemm`.
#[target_feature(enable = "avx512f,avx512bf16")]
pub(super) unsafe fn gemm(gemm: &PairGemm) {
    let mut configured = [0, 0];
    for first in (0..gemm.rows).step_by(2 * SIDE) {
        let rows = (2 * SIDE).min(gemm.rows - first);
        let halves = [rows.min(SIDE), rows.saturating_sub(SIDE)];
        if halves != configured {
            let configuration = Configuration::new(halves);
            // SAFETY: the configuration is one that palette 1 allows.
            unsafe { asm!("ldtilecfg [{}]", in(reg) &raw const configuration, options(nostack, readonly)) };
            configured = halves;
        }
        for column in (0..gemm.columns).step_by(2) {
            let columns = (gemm.columns - column).min(2);
            let mut sums = Sums([[0.0; 2 * SIDE]; 2 * SIDE]);
            // SAFETY: the caller's promise.
            unsafe {
                multiply(gemm, first, column, [halves[1] > 0, columns > 1], &mut sums);
                for (row, sums) in sums.0.iter().enumerate().take(rows) {
                    for (index, sums) in sums.chunks_exact(SIDE).enumerate().take(columns) {
                        let channel = (column + index) * SIDE;
                        let target = gemm.target.add((first + row) * gemm.target_step + channel);
                        finish(gemm, Avx512Bf16::load(sums.as_ptr()), channel, target);
                    }
                }
            }
        }
    }
    // SAFETY: the tiles are not used any more.
    unsafe { asm!("tilerelease", options(nostack, nomem)) };
}

/// Two by two tiles of sums.
#[repr(C, align(64))]
struct Sums([[f32; 2 * SIDE]; 2 * SIDE]);

/// Sums of positions from `first` on and registers of output channels from `column` on; `second` says whether there are
/// second tiles of positions and of channels.
///
/// # Safety
/// As [`gemm`]; tiles are configured.
#[target_feature(enable = "avx512f,avx512bf16")]
unsafe fn multiply(gemm: &PairGemm, first: usize, column: usize, second: [bool; 2], sums: &mut Sums) {
    let input_stride = gemm.source_step * 2;
    let weight_stride = gemm.columns * ROW_BYTES;
    // SAFETY: the caller's promise. No code between the blocks uses tiles, and nothing else touches them.
    unsafe {
        asm!("tilezero tmm0", "tilezero tmm1", options(nostack, nomem));
        if second[0] {
            asm!("tilezero tmm2", "tilezero tmm3", options(nostack, nomem));
        }
        let upper = gemm.source.add(first * gemm.source_step);
        let weights = gemm.weights.add(column * SIDE * 2);
        for step in 0..gemm.segments * gemm.pairs / SIDE {
            let (segment, within) = (step * SIDE / gemm.pairs, step * SIDE % gemm.pairs);
            let inputs = upper.wrapping_add(segment * gemm.segment_step + within * 2);
            let lower = inputs.wrapping_add(SIDE * gemm.source_step);
            let weights = weights.wrapping_add(step * SIDE * gemm.columns * SIDE * 2);
            asm!(
                "tileloadd tmm4, [{inputs} + {input_stride} * 1]",
                "tileloadd tmm6, [{weights} + {weight_stride} * 1]",
                "tdpbf16ps tmm0, tmm4, tmm6",
                inputs = in(reg) inputs,
                input_stride = in(reg) input_stride,
                weights = in(reg) weights,
                weight_stride = in(reg) weight_stride,
                options(nostack, readonly),
            );
            if second[1] {
                asm!(
                    "tileloadd tmm7, [{weights} + {weight_stride} * 1]",
                    "tdpbf16ps tmm1, tmm4, tmm7",
                    weights = in(reg) weights.wrapping_add(SIDE * 2),
                    weight_stride = in(reg) weight_stride,
                    options(nostack, readonly),
                );
            }
            if second[0] {
                asm!(
                    "tileloadd tmm5, [{inputs} + {input_stride} * 1]",
                    "tdpbf16ps tmm2, tmm5, tmm6",
                    inputs = in(reg) lower,
                    input_stride = in(reg) input_stride,
                    options(nostack, readonly),
                );
                if second[1] {
                    asm!("tdpbf16ps tmm3, tmm5, tmm7", options(nostack, nomem));
                }
            }
        }
        store(second, sums);
    }
}

/// Writes the tiles of sums.
///
/// # Safety
/// As [`multiply`].
unsafe fn store(second: [bool; 2], sums: &mut Sums) {
    let stride = 2 * ROW_BYTES;
    let target = sums.0.as_mut_ptr().cast::<f32>();
    let tiles = [target, target.wrapping_add(SIDE), target.wrapping_add(2 * SIDE * SIDE)];
    // SAFETY: the caller's promise; each tile has room for its rows.
    unsafe {
        asm!("tilestored [{} + {} * 1], tmm0", in(reg) tiles[0], in(reg) stride, options(nostack));
        if second[1] {
            asm!("tilestored [{} + {} * 1], tmm1", in(reg) tiles[1], in(reg) stride, options(nostack));
        }
        if second[0] {
            asm!("tilestored [{} + {} * 1], tmm2", in(reg) tiles[2], in(reg) stride, options(nostack));
            if second[1] {
                let last = tiles[2].wrapping_add(SIDE);
                asm!("tilestored [{} + {} * 1], tmm3", in(reg) last, in(reg) stride, options(nostack));
            }
        }
    }
}
