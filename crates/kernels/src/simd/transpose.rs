//! Transposition in small squares, which stay in the first-level cache.

use super::dispatch::{Kernels, kernel_methods};
use super::vector::{MAX_LANES, Vector};

kernel_methods! {
    unsafe fn transpose<V>(matrix: &Transposition);
    unsafe fn add_transposed<V>(sum: &TransposedSum);
}

/// A matrix to be transposed: `rows` rows of `columns` elements.
pub(crate) struct Transposition {
    pub(crate) source: *const f32,
    /// Elements from a row of the source to the next.
    pub(crate) source_stride: usize,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) target: *mut f32,
    /// Elements from a row of the target (a column of the source) to the next.
    pub(crate) target_stride: usize,
    /// Elements behind each row of the target that become 0.
    pub(crate) fill: usize,
}

/// Transposes a matrix.
///
/// # Safety
/// The processor has `V`'s instruction set; the source is valid for all its rows and columns, the target for `columns`
/// rows of `rows + fill` elements, which no other thread touches.
#[inline(always)]
pub(crate) unsafe fn transpose<V: Vector>(matrix: &Transposition) {
    let Transposition { source, source_stride, rows, columns, target, target_stride, fill } = *matrix;
    // SAFETY: the caller's promise; squares lie within the matrix, masks keep partial ones there.
    unsafe {
        for column in (0..columns).step_by(V::LANES) {
            for row in (0..rows).step_by(V::LANES) {
                let (from, to) = (source.add(row * source_stride + column), target.add(column * target_stride + row));
                let size = [V::LANES.min(rows - row), V::LANES.min(columns - column)];
                if size == [V::LANES; 2] {
                    V::transpose_square(from, source_stride, to, target_stride);
                } else {
                    transpose_part::<V>(size, from, source_stride, to, target_stride);
                }
            }
        }
        for column in 0..columns {
            for row in rows..rows + fill {
                target.add(column * target_stride + row).write(0.0);
            }
        }
    }
}

/// Transposes some rows and columns of a square.
///
/// # Safety
/// The processor has `V`'s instruction set; source and target are valid for the rows and columns.
#[inline(always)]
unsafe fn transpose_part<V: Vector>(
    [rows, columns]: [usize; 2],
    from: *const f32,
    from_stride: usize,
    to: *mut f32,
    to_stride: usize,
) {
    let (mut square, mut transposed) = ([[0.0_f32; MAX_LANES]; MAX_LANES], [[0.0_f32; MAX_LANES]; MAX_LANES]);
    let [row_mask, column_mask] = [rows, columns].map(|count| u32::MAX >> (32 - count));
    // SAFETY: the caller's promise; the squares have room for whole registers.
    unsafe {
        for (row, square) in square.iter_mut().enumerate().take(rows) {
            V::load_masked(from.add(row * from_stride), column_mask).store(square.as_mut_ptr());
        }
        V::transpose_square(square.as_ptr().cast(), MAX_LANES, transposed.as_mut_ptr().cast(), MAX_LANES);
        for (column, transposed) in transposed.iter().enumerate().take(columns) {
            V::load(transposed.as_ptr()).store_masked(to.add(column * to_stride), row_mask);
        }
    }
}

/// Sums of matrices, to be transposed.
pub(crate) struct TransposedSum {
    pub(crate) source: *const f32,
    /// Elements from a matrix to the next.
    pub(crate) part_stride: usize,
    /// Matrices, at least 1.
    pub(crate) parts: usize,
    /// Elements from a row of the source to the next, a multiple of the lanes.
    pub(crate) source_stride: usize,
    pub(crate) rows: usize,
    /// Columns wanted, at most a register.
    pub(crate) columns: usize,
    /// `[columns][rows]`.
    pub(crate) target: *mut f32,
}

/// Sums `parts` matrices `[rows][source_stride]` in their order; writes the first `columns` columns as `[columns][rows]`.
///
/// # Safety
/// The processor has `V`'s instruction set; the source is valid for all parts and rows of a whole register, the target
/// for what is written, which no other thread touches.
#[inline(always)]
pub(crate) unsafe fn add_transposed<V: Vector>(sum: &TransposedSum) {
    let mut square = [[0.0_f32; MAX_LANES]; MAX_LANES];
    let mut transposed = [[0.0_f32; MAX_LANES]; MAX_LANES];
    for first in (0..sum.rows).step_by(V::LANES) {
        let count = V::LANES.min(sum.rows - first);
        // SAFETY: the caller's promise; the squares have room for whole registers.
        unsafe {
            for (row, values) in square.iter_mut().enumerate().take(count) {
                let start = sum.source.add((first + row) * sum.source_stride);
                let mut total = V::load(start);
                for part in 1..sum.parts {
                    total = total.add(V::load(start.add(part * sum.part_stride)));
                }
                total.store(values.as_mut_ptr());
            }
            V::transpose_square(square.as_ptr().cast(), MAX_LANES, transposed.as_mut_ptr().cast(), MAX_LANES);
            for (column, values) in transposed.iter().enumerate().take(sum.columns) {
                let target = sum.target.add(column * sum.rows + first);
                std::ptr::copy_nonoverlapping(values.as_ptr(), target, count);
            }
        }
    }
}

impl Kernels {
    /// Transposes the first `size[1]` columns of `size[0]` rows, `stride` apart, to rows of `target_stride` elements,
    /// filled up with zeros.
    ///
    /// # Panics
    /// If a slice is too short.
    pub(crate) fn transpose_rows(
        &self,
        source: &[f32],
        stride: usize,
        size: [usize; 2],
        target: &mut [f32],
        target_stride: usize,
    ) {
        let [rows, columns] = size;
        assert!(rows == 0 || (rows - 1) * stride + columns <= source.len(), "the source has all rows");
        assert!(rows <= target_stride && columns * target_stride <= target.len(), "the target has all columns");
        let matrix = Transposition {
            source: source.as_ptr(),
            source_stride: stride,
            rows,
            columns,
            target: target.as_mut_ptr(),
            target_stride,
            fill: target_stride - rows,
        };
        // SAFETY: the lengths were checked, and the target is borrowed.
        unsafe { self.transpose(&matrix) };
    }

    /// Sums matrices `[rows][stride]`, `part_stride` apart, in their order; writes the columns that the target has room
    /// for, a register at most, as `[column][rows]`.
    ///
    /// # Panics
    /// If the source is shorter than its parts say.
    pub(crate) fn sum_transposed(
        &self,
        source: &[f32],
        [parts, part_stride]: [usize; 2],
        [rows, stride]: [usize; 2],
        target: &mut [f32],
    ) {
        let last = (parts - 1) * part_stride + (rows - 1) * stride;
        assert!(last + self.lanes <= source.len(), "the source has whole registers in all rows of all parts");
        assert!(target.len() <= self.lanes * rows, "the target has columns of a register at most");
        let sum = TransposedSum {
            source: source.as_ptr(),
            part_stride,
            parts,
            source_stride: stride,
            rows,
            columns: target.len() / rows,
            target: target.as_mut_ptr(),
        };
        // SAFETY: the lengths were checked, and the target is borrowed.
        unsafe { self.add_transposed(&sum) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::isa::Isa;

    #[test]
    fn transpose_fills_up_with_zeros() {
        for kernels in Isa::ALL.into_iter().filter_map(Kernels::of) {
            for (rows, columns, target_stride) in [(3, 18, 4), (16, 16, 16), (35, 37, 48), (1, 5, 1), (20, 3, 32)] {
                let source_stride = columns + 2;
                let source: Vec<f32> = (0..rows * source_stride).map(|value| value as f32 + 1.0).collect();
                let mut target = vec![f32::NAN; columns * target_stride];
                kernels.transpose_rows(&source, source_stride, [rows, columns], &mut target, target_stride);
                for (index, value) in target.iter().enumerate() {
                    let (column, row) = (index / target_stride, index % target_stride);
                    let expected = if row < rows { source[row * source_stride + column] } else { 0.0 };
                    assert_eq!(*value, expected, "{rows}x{columns} at {row},{column} with {:?}", kernels.isa());
                }
            }
        }
    }
}
