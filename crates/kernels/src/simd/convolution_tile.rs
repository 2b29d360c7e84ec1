//! The register tile of the direct convolution: some output channels by some vectors of positions.
//!
//! It keeps all its sums in registers, starts from zero and adds to memory once at the end, which also keeps rounding
//! errors small: long sums become sums of short ones.

use super::dispatch::kernel_methods;
use super::vector::{MAX_LANES, Vector};

kernel_methods! {
    unsafe fn convolution_tile<V>(tile: &ConvolutionTile<'_>);
}

/// Most vectors of positions that a [`ConvolutionTile`] holds.
pub(crate) const MAX_TILE_COLUMNS: usize = 6;

/// A part of a vector of positions and where it belongs in the output plane.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    /// Position in the output plane of lane 0, which may lie before the plane when lane 0 is not in the mask.
    pub(crate) offset: isize,
    /// Lanes that belong to the output.
    pub(crate) mask: u32,
}

/// `rows` output channels by `columns` vectors of positions, over one chunk of taps.
pub(crate) struct ConvolutionTile<'a> {
    /// Output channels in the register tile: 1, 3, 4 or 8.
    pub(crate) rows: usize,
    /// Vectors of positions: 1, 2, 3 or 6.
    pub(crate) columns: usize,
    /// Weights as `[tap][rows]`.
    pub(crate) weights: *const f32,
    /// Where each tap reads, relative to a vector's source.
    pub(crate) offsets: &'a [u32],
    /// Source of each vector of positions.
    pub(crate) sources: [*const f32; MAX_TILE_COLUMNS],
    /// Where the lanes of each vector go.
    pub(crate) segments: [&'a [Segment]; MAX_TILE_COLUMNS],
    /// Output plane of the first channel.
    pub(crate) target: *mut f32,
    /// Elements between output planes.
    pub(crate) target_stride: usize,
    /// Output channels that exist; the other rows are dropped.
    pub(crate) channels: usize,
    /// Whether to add to the output rather than to replace it.
    pub(crate) accumulate: bool,
    /// First bias to add when replacing; null for none.
    pub(crate) bias: *const f32,
}

/// Computes a tile of the size that it names.
///
/// # Safety
/// The processor has `V`'s instruction set; `weights` has `offsets.len() * rows` elements; each source is readable
/// for a whole vector at every offset; every masked lane lies inside its output plane and no other thread touches it;
/// `bias` is null or has `channels` elements.
#[inline(always)]
pub(crate) unsafe fn convolution_tile<V: Vector>(tile: &ConvolutionTile<'_>) {
    macro_rules! dispatch {
        ($($rows:literal x $columns:literal),*) => {
            match (tile.rows, tile.columns) {
                // SAFETY: the caller's promise is the same.
                $(($rows, $columns) => unsafe { sized_tile::<V, $rows, $columns>(tile) },)*
                (rows, columns) => unreachable!("no {rows}x{columns} tile"),
            }
        };
    }
    dispatch!(8 x 3, 8 x 2, 8 x 1, 4 x 6, 4 x 3, 4 x 2, 4 x 1, 3 x 6, 3 x 3, 3 x 2, 3 x 1, 1 x 6, 1 x 3, 1 x 2, 1 x 1);
}

/// # Safety
/// As [`convolution_tile`].
#[expect(clippy::needless_range_loop, reason = "counted loops over registers are what the compiler unrolls")]
#[inline(always)]
unsafe fn sized_tile<V: Vector, const ROWS: usize, const COLUMNS: usize>(tile: &ConvolutionTile<'_>) {
    let mut lanes = [[[0.0_f32; MAX_LANES]; COLUMNS]; ROWS];
    // SAFETY: the caller vouches for the instruction set, and for sources and weights at every offset.
    unsafe {
        for column in 0..COLUMNS {
            for row in 0..ROWS.min(tile.channels) {
                let plane = tile.target.wrapping_add(row * tile.target_stride);
                let segment = tile.segments[column].first();
                V::prefetch(plane.wrapping_offset(segment.map_or(0, |segment| segment.offset)));
            }
        }
        let sources: [*const f32; COLUMNS] = std::array::from_fn(|column| tile.sources[column]);
        let mut sums = [[V::zero(); COLUMNS]; ROWS];
        let mut weights = tile.weights;
        for &offset in tile.offsets {
            let mut values = [V::zero(); COLUMNS];
            for column in 0..COLUMNS {
                values[column] = V::load(sources[column].add(offset as usize));
            }
            for row in 0..ROWS {
                let weight = V::splat(*weights.add(row));
                for column in 0..COLUMNS {
                    sums[row][column] = sums[row][column].add_product(weight, values[column]);
                }
            }
            weights = weights.add(ROWS);
        }
        // Through memory, so that the loops over segments below do not keep the sums out of registers above.
        for row in 0..ROWS {
            for column in 0..COLUMNS {
                sums[row][column].store(lanes[row][column].as_mut_ptr());
            }
        }
    }
    for (row, sums) in lanes.iter().enumerate().take(tile.channels) {
        // SAFETY: the caller vouches for the bias and for every masked lane of the output.
        unsafe {
            let bias = if tile.bias.is_null() { 0.0 } else { *tile.bias.add(row) };
            let plane = tile.target.wrapping_add(row * tile.target_stride);
            for (sums, segments) in sums.iter().zip(tile.segments) {
                store_segments::<V>(V::load(sums.as_ptr()), segments, plane, tile.accumulate, bias);
            }
        }
    }
}

/// Writes one vector of sums to where its lanes belong.
///
/// # Safety
/// As [`convolution_tile`], for the masked lanes of `plane`.
#[inline(always)]
unsafe fn store_segments<V: Vector>(sums: V, segments: &[Segment], plane: *mut f32, accumulate: bool, bias: f32) {
    let whole = u32::MAX >> (32 - V::LANES);
    for segment in segments {
        let target = plane.wrapping_offset(segment.offset);
        // SAFETY: the caller vouches for the masked lanes.
        unsafe {
            if segment.mask == whole {
                let before = if accumulate { V::load(target) } else { V::splat(bias) };
                before.add(sums).store(target);
            } else {
                let before = if accumulate { V::load_masked(target, segment.mask) } else { V::splat(bias) };
                before.add(sums).store_masked(target, segment.mask);
            }
        }
    }
}
