//! The register tile of sums over positions: some scalar streams by some vectors of channels.
//!
//! It keeps all its sums in registers, starts from zero and adds to memory once at the end, which also keeps rounding
//! errors small: long sums become sums of short ones.

use super::dispatch::kernel_methods;
use super::vector::Vector;

kernel_methods! {
    unsafe fn outer_product<V>(product: &OuterProduct);
}

/// Most scalar streams that an [`OuterProduct`] reads.
pub(crate) const MAX_OUTER_ROWS: usize = 6;

/// `sums[row][lane] = Σ_p scalars[row][p] * vectors[p][lane]` over the positions p of a rectangle in each image.
pub(crate) struct OuterProduct {
    /// Scalar streams: 1 to 6.
    pub(crate) rows: usize,
    /// Registers in a vector: 1 to 4.
    pub(crate) columns: usize,
    /// Start of each scalar stream.
    pub(crate) scalars: [*const f32; MAX_OUTER_ROWS],
    /// Elements from a position to the next in the scalar streams.
    pub(crate) scalar_stride: usize,
    /// Elements from a row of positions to the next in the scalar streams.
    pub(crate) scalar_row_stride: usize,
    /// Vector of the first position.
    pub(crate) vectors: *const f32,
    /// Elements from a position's vector to the next.
    pub(crate) vector_stride: usize,
    /// Elements from a row of positions to the next among the vectors.
    pub(crate) vector_row_stride: usize,
    /// Elements from an image to the next in the scalar streams.
    pub(crate) scalar_image_stride: usize,
    /// Elements from an image to the next among the vectors.
    pub(crate) vector_image_stride: usize,
    /// Images that are summed.
    pub(crate) images: usize,
    /// Rows of positions in an image.
    pub(crate) height: usize,
    /// Positions in a row.
    pub(crate) width: usize,
    /// Sums of the first scalar stream.
    pub(crate) sums: *mut f32,
    /// Elements from a scalar stream's sums to the next.
    pub(crate) sums_stride: usize,
    /// Whether to add to what the sums hold.
    pub(crate) accumulate: bool,
}

/// Computes an outer product of the size that it names.
///
/// # Safety
/// The processor has `V`'s instruction set; the streams, vectors and sums are valid for the strides and counts given,
/// and no other thread touches the sums.
#[inline(always)]
pub(crate) unsafe fn outer_product<V: Vector>(product: &OuterProduct) {
    macro_rules! dispatch {
        ($($rows:literal)*) => {
            match (product.rows, product.columns) {
                // SAFETY: the caller's promise is the same.
                $(
                    ($rows, 1) => unsafe { sized_outer_product::<V, $rows, 1>(product) },
                    ($rows, 2) => unsafe { sized_outer_product::<V, $rows, 2>(product) },
                    ($rows, 3) => unsafe { sized_outer_product::<V, $rows, 3>(product) },
                    ($rows, 4) => unsafe { sized_outer_product::<V, $rows, 4>(product) },
                )*
                (rows, columns) => unreachable!("no {rows}x{columns} outer product"),
            }
        };
    }
    dispatch!(1 2 3 4 5 6);
}

/// # Safety
/// As [`outer_product`].
#[expect(clippy::needless_range_loop, reason = "counted loops over registers are what the compiler unrolls")]
#[inline(always)]
unsafe fn sized_outer_product<V: Vector, const ROWS: usize, const COLUMNS: usize>(product: &OuterProduct) {
    // SAFETY: the caller vouches for the instruction set and all streams.
    unsafe {
        let scalars: [*const f32; ROWS] = std::array::from_fn(|row| product.scalars[row]);
        let mut sums = [[V::zero(); COLUMNS]; ROWS];
        for row in 0..product.images * product.height {
            let (image, y) = (row / product.height, row % product.height);
            let start = image * product.vector_image_stride + y * product.vector_row_stride;
            let mut vectors = product.vectors.add(start);
            let mut position = image * product.scalar_image_stride + y * product.scalar_row_stride;
            for _ in 0..product.width {
                let mut values = [V::zero(); COLUMNS];
                for column in 0..COLUMNS {
                    values[column] = V::load(vectors.add(column * V::LANES));
                }
                for row in 0..ROWS {
                    let scalar = V::splat(*scalars[row].add(position));
                    for column in 0..COLUMNS {
                        sums[row][column] = sums[row][column].add_product(scalar, values[column]);
                    }
                }
                vectors = vectors.wrapping_add(product.vector_stride);
                position += product.scalar_stride;
            }
        }
        for row in 0..ROWS {
            for column in 0..COLUMNS {
                let target = product.sums.add(row * product.sums_stride + column * V::LANES);
                let before = if product.accumulate { V::load(target) } else { V::zero() };
                before.add(sums[row][column]).store(target);
            }
        }
    }
}
