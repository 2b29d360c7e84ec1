//! Winograd's transforms of channels-last tiles: a register holds channels of one pixel, so tiles of any number and
//! position cost the same.

use super::columns::{ColumnIn, ColumnOut, F2, F4, F4Gradient, F4Rounded, Five};
use super::filter::{Direction, Filter};
use super::lines::Seven;
use crate::bf16::registers::PairVector;
use crate::simd::dispatch::kernel_methods;
use crate::simd::epilogue::Epilogue;
use crate::simd::vector::Vector;

kernel_methods! {
    unsafe fn tile_in<V>(tile: &TileIn);
    unsafe fn tile_out<V>(tile: &TileOut);
}
kernel_methods! {
    paired unsafe fn tile_in_rounded<V>(tile: &TileIn<u16>);
}

/// What a tile that goes into the transform domain holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TileTransform {
    /// Inputs: `Bᵀ d B`.
    Input(Filter),
    /// Gradients of the 4x4 outputs of F(4x4, 3x3): `A y Aᵀ`, the adjoint of the transform of outputs.
    OutputGradient,
}

/// One tile, to be transformed to `f32` or to bf16 values.
pub(crate) struct TileIn<T = f32> {
    pub(crate) transform: TileTransform,
    /// First channel of the tile's first pixel.
    pub(crate) source: *const f32,
    /// Elements from a row to the next.
    pub(crate) row_stride: usize,
    /// Elements from a pixel to the next.
    pub(crate) pitch: usize,
    /// Channels: whole registers.
    pub(crate) channels: usize,
    /// First channel at point 0.
    pub(crate) target: *mut T,
    /// Elements from a point to the next.
    pub(crate) point_stride: usize,
}

/// What a register is stored as.
trait Stored<V> {
    /// # Safety
    /// As of `Vector::store`.
    unsafe fn store(register: V, to: *mut Self);
}

impl<V: Vector> Stored<V> for f32 {
    #[inline(always)]
    unsafe fn store(register: V, to: *mut Self) {
        // SAFETY: the caller's promise is the same.
        unsafe { register.store(to) };
    }
}

impl<V: PairVector> Stored<V> for u16 {
    #[inline(always)]
    unsafe fn store(register: V, to: *mut Self) {
        // SAFETY: the caller's promise is the same.
        unsafe { register.round_to(to) };
    }
}

/// One tile of sums, to be transformed to outputs.
pub(crate) struct TileOut {
    pub(crate) filter: Filter,
    /// First channel at point 0.
    pub(crate) source: *const f32,
    /// Elements from a point to the next.
    pub(crate) point_stride: usize,
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
    pub(crate) epilogue: Epilogue,
}

/// Transforms a tile into the transform domain.
///
/// # Safety
/// The processor has `V`'s instruction set; source and target are valid for all pixels and points, and no other thread
/// touches the target.
#[inline(always)]
pub(crate) unsafe fn tile_in<V: Vector>(tile: &TileIn) {
    // SAFETY: the caller's promise is the same.
    unsafe { any_tile_in::<V, f32>(tile) }
}

/// Transforms a tile into the transform domain, and rounds it.
///
/// # Safety
/// As [`tile_in`].
#[inline(always)]
pub(crate) unsafe fn tile_in_rounded<V: PairVector>(tile: &TileIn<u16>) {
    // SAFETY: the caller's promise is the same.
    unsafe { any_tile_in::<V, u16>(tile) }
}

/// # Safety
/// As [`tile_in`].
#[inline(always)]
unsafe fn any_tile_in<V: Vector, T: Stored<V>>(tile: &TileIn<T>) {
    match tile.transform {
        // SAFETY: the caller's promise is the same.
        TileTransform::Input(Filter::F2) => unsafe { sized_tile_in::<V, T, 4, 4, F2>(tile) },
        // SAFETY: the caller's promise is the same.
        TileTransform::Input(Filter::F4 | Filter::Five) => unsafe { sized_tile_in::<V, T, 6, 6, F4>(tile) },
        // SAFETY: the caller's promise is the same.
        TileTransform::Input(Filter::F4Rounded) => unsafe { sized_tile_in::<V, T, 6, 6, F4Rounded>(tile) },
        // SAFETY: the caller's promise is the same.
        TileTransform::Input(Filter::Line3(direction)) => unsafe { line_in::<V, T, 6, F4>(tile, direction) },
        // SAFETY: the caller's promise is the same.
        TileTransform::Input(Filter::Line7(direction)) => unsafe { line_in::<V, T, 12, Seven>(tile, direction) },
        // SAFETY: the caller's promise is the same.
        TileTransform::OutputGradient => unsafe { sized_tile_in::<V, T, 4, 6, F4Gradient>(tile) },
    }
}

/// Transforms a tile of sums to outputs.
///
/// # Safety
/// The processor has `V`'s instruction set; the source is valid at all points, target and what the epilogue reads for the
/// outputs of the tile; no other thread touches the target.
#[inline(always)]
pub(crate) unsafe fn tile_out<V: Vector>(tile: &TileOut) {
    match tile.filter {
        // SAFETY: the caller's promise is the same.
        Filter::F2 => unsafe { sized_tile_out::<V, 4, 2, F2>(tile) },
        // SAFETY: the caller's promise is the same.
        Filter::F4 => unsafe { sized_tile_out::<V, 6, 4, F4>(tile) },
        // SAFETY: the caller's promise is the same.
        Filter::F4Rounded => unsafe { sized_tile_out::<V, 6, 4, F4Rounded>(tile) },
        // SAFETY: the caller's promise is the same.
        Filter::Five => unsafe { sized_tile_out::<V, 6, 2, Five>(tile) },
        // SAFETY: the caller's promise is the same.
        Filter::Line3(direction) => unsafe { line_out::<V, 6, 4, F4>(tile, direction) },
        // SAFETY: the caller's promise is the same.
        Filter::Line7(direction) => unsafe { line_out::<V, 12, 6, Seven>(tile, direction) },
    }
}

/// # Safety
/// As [`tile_in`].
#[expect(clippy::needless_range_loop, reason = "counted loops over registers are what the compiler unrolls")]
#[inline(always)]
unsafe fn sized_tile_in<V: Vector, T: Stored<V>, const FROM: usize, const TO: usize, F: ColumnIn<FROM, TO>>(
    tile: &TileIn<T>,
) {
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
                    T::store(row[x], target.add((y * TO + x) * tile.point_stride));
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
                    column[y] = V::load(source.add((y * IN + x) * tile.point_stride));
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
                        tile.epilogue.apply(row[x], channel, target).store(target);
                    }
                }
            }
        }
    }
}

/// # Safety
/// As [`tile_in`].
#[expect(clippy::needless_range_loop, reason = "counted loops over registers are what the compiler unrolls")]
#[inline(always)]
unsafe fn line_in<V: Vector, T: Stored<V>, const LENGTH: usize, F: ColumnIn<LENGTH, LENGTH>>(
    tile: &TileIn<T>,
    direction: Direction,
) {
    let step = match direction {
        Direction::Across => tile.pitch,
        Direction::Down => tile.row_stride,
    };
    for channel in (0..tile.channels).step_by(V::LANES) {
        // SAFETY: the caller's promise.
        unsafe {
            let (source, target) = (tile.source.add(channel), tile.target.add(channel));
            let mut line = [V::zero(); LENGTH];
            for place in 0..LENGTH {
                line[place] = V::load(source.add(place * step));
            }
            let line = F::column(line);
            for point in 0..LENGTH {
                T::store(line[point], target.add(point * tile.point_stride));
            }
        }
    }
}

/// # Safety
/// As [`tile_out`].
#[expect(clippy::needless_range_loop, reason = "counted loops over registers are what the compiler unrolls")]
#[inline(always)]
unsafe fn line_out<V: Vector, const IN: usize, const OUT: usize, F: ColumnOut<IN, OUT>>(
    tile: &TileOut,
    direction: Direction,
) {
    let (step, count) = match direction {
        Direction::Across => (tile.pitch, tile.size[1]),
        Direction::Down => (tile.row_stride, tile.size[0]),
    };
    for channel in (0..tile.channels).step_by(V::LANES) {
        // SAFETY: the caller's promise.
        unsafe {
            let source = tile.source.add(channel);
            let mut line = [V::zero(); IN];
            for point in 0..IN {
                line[point] = V::load(source.add(point * tile.point_stride));
            }
            let line = F::column(line);
            for place in 0..OUT {
                if place < count {
                    let target = tile.target.add(place * step + channel);
                    tile.epilogue.apply(line[place], channel, target).store(target);
                }
            }
        }
    }
}
