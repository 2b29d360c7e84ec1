//! The three transforms of Winograd's F(4x4, 3x3).

use crate::vector::{MAX_LANES, Vector};

/// Side of an output tile.
pub(crate) const OUT: usize = 4;
/// Side of an input tile.
pub(crate) const IN: usize = 6;

/// Input tiles in phases of `OUT` rows and columns, to be transformed.
pub(crate) struct InputTransform {
    /// First tile of a row of tiles: phase 0.
    pub(crate) source: *const f32,
    /// Elements from a phase to the next.
    pub(crate) phase_stride: usize,
    /// Elements from a row of a phase to the next.
    pub(crate) row_stride: usize,
    /// Where place 0 of the first tile goes.
    pub(crate) target: *mut f32,
    /// Elements from a place to the next.
    pub(crate) place_stride: usize,
    /// Tiles in the row; whole registers are read and written.
    pub(crate) tiles: usize,
}

/// Products of tiles, to be transformed to outputs.
pub(crate) struct OutputTransform {
    /// Place 0 of the first tile.
    pub(crate) source: *const f32,
    /// Elements from a place to the next.
    pub(crate) place_stride: usize,
    /// Rows of tiles.
    pub(crate) tile_rows: usize,
    /// Tiles from a row of tiles to the next; whole registers are read.
    pub(crate) pitch: usize,
    /// First output.
    pub(crate) target: *mut f32,
    /// Output rows; those beyond the tiles are not written.
    pub(crate) height: usize,
    /// Output columns.
    pub(crate) width: usize,
    pub(crate) bias: f32,
}

/// `Bᵀ` times a column.
///
/// # Safety
/// The processor has `V`'s instruction set.
#[inline(always)]
unsafe fn input_column<V: Vector>(d: [V; IN]) -> [V; IN] {
    // SAFETY: the caller's promise.
    unsafe {
        let [four, minus_four, minus_five] = [V::splat(4.0), V::splat(-4.0), V::splat(-5.0)];
        let [minus_one, two] = [V::splat(-1.0), V::splat(2.0)];
        let even = d[4].add_product(minus_four, d[2]);
        let odd = d[3].add_product(minus_four, d[1]);
        let even_difference = d[4].add_product(minus_one, d[2]);
        let odd_difference = d[3].add_product(minus_one, d[1]);
        [
            d[4].add_product(four, d[0]).add_product(minus_five, d[2]),
            even.add(odd),
            even.add_product(minus_one, odd),
            even_difference.add_product(two, odd_difference),
            even_difference.add_product(V::splat(-2.0), odd_difference),
            d[5].add_product(four, d[1]).add_product(minus_five, d[3]),
        ]
    }
}

/// `Aᵀ` times a column.
///
/// # Safety
/// The processor has `V`'s instruction set.
#[inline(always)]
unsafe fn output_column<V: Vector>(m: [V; IN]) -> [V; OUT] {
    // SAFETY: the caller's promise.
    unsafe {
        let minus_one = V::splat(-1.0);
        let (near, far) = (m[1].add(m[2]), m[3].add(m[4]));
        let (near_difference, far_difference) = (m[1].add_product(minus_one, m[2]), m[3].add_product(minus_one, m[4]));
        [
            m[0].add(near).add(far),
            near_difference.add_product(V::splat(2.0), far_difference),
            near.add_product(V::splat(4.0), far),
            m[5].add(near_difference).add_product(V::splat(8.0), far_difference),
        ]
    }
}

/// Transforms a row of input tiles.
///
/// # Safety
/// The processor has `V`'s instruction set; source and target are valid for whole registers at every place.
#[expect(clippy::needless_range_loop, reason = "counted loops over registers are what the compiler unrolls")]
#[inline(always)]
pub(crate) unsafe fn transform_input<V: Vector>(transform: &InputTransform) {
    for tile in (0..transform.tiles).step_by(V::LANES) {
        // SAFETY: the caller's promise.
        unsafe {
            let source = transform.source.add(tile);
            let mut half = [[V::zero(); IN]; IN];
            for x in 0..IN {
                let column: [V; IN] = std::array::from_fn(|y| {
                    let phase = y % OUT * OUT + x % OUT;
                    V::load(source.add(phase * transform.phase_stride + y / OUT * transform.row_stride + x / OUT))
                });
                let column = input_column(column);
                for y in 0..IN {
                    half[y][x] = column[y];
                }
            }
            let target = transform.target.add(tile);
            for y in 0..IN {
                let row = input_column(half[y]);
                for x in 0..IN {
                    row[x].store(target.add((y * IN + x) * transform.place_stride));
                }
            }
        }
    }
}

/// Transforms rows of tiles to outputs.
///
/// # Safety
/// The processor has `V`'s instruction set; the source is valid for whole registers at every place, the target for
/// the outputs of the tiles within `height` rows of `width`, which no other thread touches.
#[expect(clippy::needless_range_loop, reason = "counted loops over registers are what the compiler unrolls")]
#[inline(always)]
pub(crate) unsafe fn transform_output<V: Vector>(transform: &OutputTransform) {
    let (mut tile_row, mut tile_column) = (0, 0);
    let mut outputs = [[[0.0_f32; OUT]; MAX_LANES]; OUT];
    for tile in (0..transform.tile_rows * transform.pitch).step_by(V::LANES) {
        // SAFETY: the caller's promise.
        unsafe { output_tiles::<V>(transform, tile, &mut outputs) };
        for lane in 0..V::LANES {
            let (row, column) = (tile_row * OUT, tile_column * OUT);
            if tile_row < transform.tile_rows && column < transform.width {
                for y in 0..OUT.min(transform.height - row) {
                    let target = transform.target.wrapping_add((row + y) * transform.width + column);
                    let count = transform.width - column;
                    // SAFETY: the caller's promise; row and column were compared.
                    unsafe {
                        if count >= OUT {
                            target.cast::<[f32; OUT]>().write_unaligned(outputs[y][lane]);
                        } else {
                            std::ptr::copy_nonoverlapping(outputs[y][lane].as_ptr(), target, count);
                        }
                    }
                }
            }
            tile_column += 1;
            if tile_column == transform.pitch {
                (tile_row, tile_column) = (tile_row + 1, 0);
            }
        }
    }
}

/// The outputs of a register of tiles: `[row][tile][column]`.
///
/// # Safety
/// The processor has `V`'s instruction set; the source is valid for a whole register at every place.
#[expect(clippy::needless_range_loop, reason = "counted loops over registers are what the compiler unrolls")]
#[inline(always)]
unsafe fn output_tiles<V: Vector>(
    transform: &OutputTransform,
    tile: usize,
    outputs: &mut [[[f32; OUT]; MAX_LANES]; OUT],
) {
    // SAFETY: the caller's promise.
    unsafe {
        let source = transform.source.add(tile);
        let mut half = [[V::zero(); IN]; OUT];
        for x in 0..IN {
            let column: [V; IN] = std::array::from_fn(|y| V::load(source.add((y * IN + x) * transform.place_stride)));
            let column = output_column(column);
            for y in 0..OUT {
                half[y][x] = column[y];
            }
        }
        for y in 0..OUT {
            let row = output_column(half[y]);
            let mut lanes = [[0.0_f32; MAX_LANES]; OUT];
            for x in 0..OUT {
                row[x].add(V::splat(transform.bias)).store(lanes[x].as_mut_ptr());
            }
            for lane in 0..V::LANES {
                outputs[y][lane] = [lanes[0][lane], lanes[1][lane], lanes[2][lane], lanes[3][lane]];
            }
        }
    }
}

/// `G` times a column.
pub(crate) fn weight_column<const ROWS: usize>(g: [[f32; ROWS]; 3]) -> [[f32; ROWS]; IN] {
    let mut column = [[0.0; ROWS]; IN];
    for row in 0..ROWS {
        let [first, middle, last] = [g[0][row], g[1][row], g[2][row]];
        let (sum, wide) = (first + last, first + 4.0 * last);
        column[0][row] = first / 4.0;
        column[1][row] = (sum + middle) * (-1.0 / 6.0);
        column[2][row] = (sum - middle) * (-1.0 / 6.0);
        column[3][row] = (wide + 2.0 * middle) * (1.0 / 24.0);
        column[4][row] = (wide - 2.0 * middle) * (1.0 / 24.0);
        column[5][row] = last;
    }
    column
}
