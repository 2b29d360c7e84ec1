//! Winograd's transforms of tiles whose pixels hold their channels side by side: a register is one pixel, so tiles of any
//! number and place cost the same.

use super::product::Finish;
use crate::vector::Vector;
use crate::winograd_transforms::{gradient_column, input_column, output_column};

/// A minimal filtering algorithm for 3x3 kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    /// F(2x2, 3x3): 4 products for an output in place of 9.
    Two,
    /// F(4x4, 3x3): 2.25 products for an output, and a digit less of accuracy.
    Four,
}

impl Filter {
    /// Side of an output tile.
    pub(crate) const fn out(self) -> usize {
        match self {
            Self::Two => 2,
            Self::Four => 4,
        }
    }

    /// Places of a transformed tile.
    pub(crate) const fn places(self) -> usize {
        (self.out() + 2) * (self.out() + 2)
    }

    /// A kernel in the places: `G g Gᵀ`.
    pub(crate) fn transform_weights(self, kernel: &[f64; 9], mut store: impl FnMut(usize, f64)) {
        const TWO: [[f64; 3]; 4] = [[1.0, 0.0, 0.0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0.0, 0.0, 1.0]];
        const FOUR: [[f64; 3]; 6] = [
            [0.25, 0.0, 0.0],
            [-1.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0],
            [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0],
            [1.0 / 24.0, 1.0 / 12.0, 1.0 / 6.0],
            [1.0 / 24.0, -1.0 / 12.0, 1.0 / 6.0],
            [0.0, 0.0, 1.0],
        ];
        let rows: &[[f64; 3]] = match self {
            Self::Two => &TWO,
            Self::Four => &FOUR,
        };
        for (y, vertical) in rows.iter().enumerate() {
            let mut half = [0.0; 3];
            for (x, half) in half.iter_mut().enumerate() {
                *half = vertical[0] * kernel[x] + vertical[1] * kernel[3 + x] + vertical[2] * kernel[6 + x];
            }
            for (x, horizontal) in rows.iter().enumerate() {
                let value = horizontal[0] * half[0] + horizontal[1] * half[1] + horizontal[2] * half[2];
                store(y * rows.len() + x, value);
            }
        }
    }
}

/// How a tile is transformed before products.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TileTransform {
    /// Inputs: `Bᵀ d B`.
    Input(Filter),
    /// Gradients of the 4x4 outputs of F(4x4, 3x3): `A y Aᵀ`, the adjoint of the transform of outputs.
    OutputGradient,
}

/// One tile, to be transformed.
pub(crate) struct TileIn {
    pub(crate) transform: TileTransform,
    /// First channel of the tile's first pixel.
    pub(crate) source: *const f32,
    /// Elements from a row to the next.
    pub(crate) row_stride: usize,
    /// Elements from a pixel to the next.
    pub(crate) pitch: usize,
    /// Channels: whole registers.
    pub(crate) channels: usize,
    /// First channel at place 0.
    pub(crate) target: *mut f32,
    /// Elements from a place to the next.
    pub(crate) place_stride: usize,
}

/// One tile of sums, to be transformed to outputs.
pub(crate) struct TileOut {
    pub(crate) filter: Filter,
    /// First channel at place 0.
    pub(crate) source: *const f32,
    /// Elements from a place to the next.
    pub(crate) place_stride: usize,
    /// Channels: whole registers.
    pub(crate) channels: usize,
    /// First channel of the tile's first output.
    pub(crate) target: *mut f32,
    /// Elements from a row to the next.
    pub(crate) row_stride: usize,
    /// Elements from a pixel to the next.
    pub(crate) pitch: usize,
    /// Rows and columns of the tile that are outputs.
    pub(crate) size: [usize; 2],
    pub(crate) finish: Finish,
}

/// A one-dimensional transform before products: `Bᵀ` or `A` times a column.
trait ColumnIn<const FROM: usize, const TO: usize> {
    /// # Safety
    /// The processor has `V`'s instruction set.
    unsafe fn column<V: Vector>(d: [V; FROM]) -> [V; TO];
}

/// A one-dimensional transform of sums: `Aᵀ` times a column.
trait ColumnOut<const FROM: usize, const TO: usize> {
    /// # Safety
    /// The processor has `V`'s instruction set.
    unsafe fn column<V: Vector>(m: [V; FROM]) -> [V; TO];
}

struct Two;
struct Four;
struct FourGradient;

impl ColumnIn<4, 4> for Two {
    #[inline(always)]
    unsafe fn column<V: Vector>(d: [V; 4]) -> [V; 4] {
        // SAFETY: the caller's promise.
        unsafe {
            let minus_one = V::splat(-1.0);
            [
                d[0].add_product(minus_one, d[2]),
                d[1].add(d[2]),
                d[2].add_product(minus_one, d[1]),
                d[1].add_product(minus_one, d[3]),
            ]
        }
    }
}

impl ColumnOut<4, 2> for Two {
    #[inline(always)]
    unsafe fn column<V: Vector>(m: [V; 4]) -> [V; 2] {
        // SAFETY: the caller's promise.
        unsafe {
            let minus_one = V::splat(-1.0);
            [m[0].add(m[1]).add(m[2]), m[1].add_product(minus_one, m[2]).add_product(minus_one, m[3])]
        }
    }
}

impl ColumnIn<6, 6> for Four {
    #[inline(always)]
    unsafe fn column<V: Vector>(d: [V; 6]) -> [V; 6] {
        // SAFETY: the caller's promise.
        unsafe { input_column(d) }
    }
}

impl ColumnIn<4, 6> for FourGradient {
    #[inline(always)]
    unsafe fn column<V: Vector>(d: [V; 4]) -> [V; 6] {
        // SAFETY: the caller's promise.
        unsafe { gradient_column(d) }
    }
}

impl ColumnOut<6, 4> for Four {
    #[inline(always)]
    unsafe fn column<V: Vector>(m: [V; 6]) -> [V; 4] {
        // SAFETY: the caller's promise.
        unsafe { output_column(m) }
    }
}

/// Transforms a tile before products.
///
/// # Safety
/// The processor has `V`'s instruction set; source and target are valid for all pixels and places, and no other thread
/// touches the target.
#[inline(always)]
pub(crate) unsafe fn tile_in<V: Vector>(tile: &TileIn) {
    match tile.transform {
        // SAFETY: the caller's promise is the same.
        TileTransform::Input(Filter::Two) => unsafe { sized_tile_in::<V, 4, 4, Two>(tile) },
        // SAFETY: the caller's promise is the same.
        TileTransform::Input(Filter::Four) => unsafe { sized_tile_in::<V, 6, 6, Four>(tile) },
        // SAFETY: the caller's promise is the same.
        TileTransform::OutputGradient => unsafe { sized_tile_in::<V, 4, 6, FourGradient>(tile) },
    }
}

/// Transforms a tile of sums to outputs.
///
/// # Safety
/// The processor has `V`'s instruction set; the source is valid at all places, target and what [`Finish`] reads for the
/// outputs of the tile; no other thread touches the target.
#[inline(always)]
pub(crate) unsafe fn tile_out<V: Vector>(tile: &TileOut) {
    match tile.filter {
        // SAFETY: the caller's promise is the same.
        Filter::Two => unsafe { sized_tile_out::<V, 4, 2, Two>(tile) },
        // SAFETY: the caller's promise is the same.
        Filter::Four => unsafe { sized_tile_out::<V, 6, 4, Four>(tile) },
    }
}

/// # Safety
/// As [`tile_in`].
#[expect(clippy::needless_range_loop, reason = "counted loops over registers are what the compiler unrolls")]
#[inline(always)]
unsafe fn sized_tile_in<V: Vector, const FROM: usize, const TO: usize, F: ColumnIn<FROM, TO>>(tile: &TileIn) {
    for channel in (0..tile.channels).step_by(V::LANES) {
        // SAFETY: the caller's promise.
        unsafe {
            let (source, target) = (tile.source.add(channel), tile.target.add(channel));
            let mut half = [[V::zero(); FROM]; TO];
            for x in 0..FROM {
                let mut column = [V::zero(); FROM];
                for y in 0..FROM {
                    column[y] = V::load(source.add(y * tile.row_stride + x * tile.pitch));
                }
                let column = F::column(column);
                for y in 0..TO {
                    half[y][x] = column[y];
                }
            }
            for y in 0..TO {
                let row = F::column(half[y]);
                for x in 0..TO {
                    row[x].store(target.add((y * TO + x) * tile.place_stride));
                }
            }
        }
    }
}

/// # Safety
/// As [`tile_out`].
#[expect(clippy::needless_range_loop, reason = "counted loops over registers are what the compiler unrolls")]
#[inline(always)]
unsafe fn sized_tile_out<V: Vector, const IN: usize, const OUT: usize, F: ColumnOut<IN, OUT>>(tile: &TileOut) {
    for channel in (0..tile.channels).step_by(V::LANES) {
        // SAFETY: the caller's promise.
        unsafe {
            let source = tile.source.add(channel);
            let mut half = [[V::zero(); IN]; OUT];
            for x in 0..IN {
                let mut column = [V::zero(); IN];
                for y in 0..IN {
                    column[y] = V::load(source.add((y * IN + x) * tile.place_stride));
                }
                let column = F::column(column);
                for y in 0..OUT {
                    half[y][x] = column[y];
                }
            }
            for y in 0..OUT {
                let row = F::column(half[y]);
                for x in 0..OUT {
                    if y < tile.size[0] && x < tile.size[1] {
                        let target = tile.target.add(y * tile.row_stride + x * tile.pitch + channel);
                        tile.finish.apply(row[x], channel, target).store(target);
                    }
                }
            }
        }
    }
}
