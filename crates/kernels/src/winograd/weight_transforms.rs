//! Transforms of whole kernels of F(4x4, 3x3) in single precision: weights into the transform domain, sums of the weight
//! gradient out of it.

use super::columns::{IN, kernel_column, weight_column};
use crate::simd::dispatch::kernel_methods;
use crate::simd::vector::{MAX_LANES, Vector};

kernel_methods! {
    unsafe fn transform_weights<V>(transform: &WeightTransform<'_>);
    unsafe fn transform_packed<V>(transform: &PackedTransform);
    unsafe fn transform_kernels<V>(transform: &KernelTransform);
}

/// Kernels of some target channels, to be transformed to `[source channel][row]` at each point.
pub(crate) struct WeightTransform<'a> {
    /// For each row (target channel) and tap the weight of the first source channel.
    pub(crate) taps: &'a [[*const f32; 9]],
    /// For each row and tap the elements from a source channel to the next; 0 for a tap that is zero.
    pub(crate) steps: &'a [[usize; 9]],
    pub(crate) source_channels: usize,
    /// Where the caller's weights end: up to there elements beside the taps may be read too.
    pub(crate) end: *const f32,
    /// Point 0 of the first source channel.
    pub(crate) target: *mut f32,
    /// Elements from a point to the next.
    pub(crate) point_stride: usize,
}

/// Whether the taps of all kernels lie one behind the other, in their order (1) or against it (-1); otherwise 0.
fn direction(taps: &[[*const f32; 9]]) -> isize {
    let ordered = |direction: isize| {
        let follow =
            |taps: &[*const f32; 9]| (0..9).all(|tap| taps[tap] == taps[0].wrapping_offset(direction * tap as isize));
        taps.iter().all(follow)
    };
    [1, -1].into_iter().find(|direction| ordered(*direction)).unwrap_or(0)
}

/// The taps of `count` kernels from the `first` one on, counted as `[source channel][row]`: `[tap][kernel]`.
///
/// # Safety
/// The processor has `V`'s instruction set; each tap is readable, and where `direction` is not 0 everything from the
/// kernels up to `end`.
#[inline(always)]
unsafe fn gather_taps<V: Vector>(
    transform: &WeightTransform<'_>,
    first: usize,
    count: usize,
    direction: isize,
) -> [[f32; MAX_LANES]; 9] {
    let rows = transform.taps.len();
    let (mut channel, mut row) = (first / rows, first % rows);
    let lowest = if direction == 1 { 0 } else { 8 };
    let last = transform.source_channels - 1;
    let readable = |row: usize| {
        let start = transform.taps[row][lowest].wrapping_add(last * transform.steps[row][lowest]);
        start.wrapping_add(V::LANES) <= transform.end
    };
    let mut lanes = [[0.0_f32; MAX_LANES]; 9];
    if V::LANES < 9 || direction == 0 || count < V::LANES || (channel + V::LANES >= last && !(0..rows).all(readable)) {
        for lane in 0..count {
            for (tap, lanes) in lanes.iter_mut().enumerate() {
                let start = transform.taps[row][tap].wrapping_add(channel * transform.steps[row][tap]);
                // SAFETY: the caller's promise.
                lanes[lane] = unsafe { start.read() };
            }
            row += 1;
            if row == rows {
                (channel, row) = (channel + 1, 0);
            }
        }
        return lanes;
    }
    let (mut square, mut transposed) = ([[0.0_f32; MAX_LANES]; MAX_LANES], [[0.0_f32; MAX_LANES]; MAX_LANES]);
    // SAFETY: the caller's promise. A register from the lowest tap on ends before `end`: for the last channels that was
    // compared, others are followed by as many elements of later channels.
    unsafe {
        for square in square.iter_mut().take(V::LANES) {
            let start = transform.taps[row][lowest].wrapping_add(channel * transform.steps[row][lowest]);
            V::load(start).store(square.as_mut_ptr());
            row += 1;
            if row == rows {
                (channel, row) = (channel + 1, 0);
            }
        }
        V::transpose_square(square.as_ptr().cast(), MAX_LANES, transposed.as_mut_ptr().cast(), MAX_LANES);
    }
    for (tap, lanes) in lanes.iter_mut().enumerate() {
        *lanes = transposed[lowest.abs_diff(tap)];
    }
    lanes
}

/// Transforms the kernels of some target channels.
///
/// # Safety
/// The processor has `V`'s instruction set; each tap is readable for each source channel; the target is valid for
/// `source_channels` times the rows at every point, and no other thread touches it.
#[expect(clippy::needless_range_loop, reason = "counted loops over registers are what the compiler unrolls")]
#[inline(always)]
pub(crate) unsafe fn transform_weights<V: Vector>(transform: &WeightTransform<'_>) {
    let rows = transform.taps.len();
    let direction = direction(transform.taps);
    for first in (0..transform.source_channels * rows).step_by(V::LANES) {
        let count = V::LANES.min(transform.source_channels * rows - first);
        // SAFETY: the caller's promise.
        let lanes = unsafe { gather_taps::<V>(transform, first, count, direction) };
        // SAFETY: the caller's promise; the lanes that are stored belong to the target.
        unsafe {
            let mut half = [[V::zero(); IN]; 3];
            for x in 0..3 {
                let [top, middle, bottom] = [&lanes[x], &lanes[3 + x], &lanes[6 + x]];
                let column = [V::load(top.as_ptr()), V::load(middle.as_ptr()), V::load(bottom.as_ptr())];
                half[x] = weight_column(column);
            }
            for y in 0..IN {
                let row = weight_column([half[0][y], half[1][y], half[2][y]]);
                for x in 0..IN {
                    let target = transform.target.add((y * IN + x) * transform.point_stride + first);
                    if count == V::LANES {
                        row[x].store(target);
                    } else {
                        row[x].store_masked(target, u32::MAX >> (32 - count));
                    }
                }
            }
        }
    }
}

/// Kernels whose taps lie in registers of output channels, to be transformed.
pub(crate) struct PackedTransform {
    /// `[input][width]` of each tap.
    pub(crate) source: *const f32,
    /// Elements from a tap to the next.
    pub(crate) tap_stride: usize,
    pub(crate) inputs: usize,
    /// Output channels: whole registers.
    pub(crate) width: usize,
    /// `[input][width]` at each point.
    pub(crate) target: *mut f32,
    /// Elements from a point to the next.
    pub(crate) point_stride: usize,
}

/// Transforms packed kernels.
///
/// # Safety
/// The processor has `V`'s instruction set; the source is valid for all inputs of every tap, the target for all inputs at
/// every point, and no other thread touches it.
#[expect(clippy::needless_range_loop, reason = "counted loops over registers are what the compiler unrolls")]
#[inline(always)]
pub(crate) unsafe fn transform_packed<V: Vector>(transform: &PackedTransform) {
    let PackedTransform { source, tap_stride, inputs, width, target, point_stride } = *transform;
    for first in (0..inputs * width).step_by(V::LANES) {
        // SAFETY: the caller's promise.
        unsafe {
            let (source, target) = (source.add(first), target.add(first));
            let mut half = [[V::zero(); IN]; 3];
            for x in 0..3 {
                let mut column = [V::zero(); 3];
                for y in 0..3 {
                    column[y] = V::load(source.add((y * 3 + x) * tap_stride));
                }
                half[x] = weight_column(column);
            }
            for y in 0..IN {
                let row = weight_column([half[0][y], half[1][y], half[2][y]]);
                for x in 0..IN {
                    row[x].store(target.add((y * IN + x) * point_stride));
                }
            }
        }
    }
}

/// Sums of products of transformed tiles, `[point][output channel][input channel]`, to become gradients of kernels.
pub(crate) struct KernelTransform {
    /// Point 0 of the first input channel.
    pub(crate) source: *const f32,
    /// Elements from a point to the next.
    pub(crate) point_stride: usize,
    /// Input channels; whole registers are read.
    pub(crate) channels: usize,
    /// `[channel][9]`.
    pub(crate) target: *mut f32,
}

/// Transforms the sums of one output channel.
///
/// # Safety
/// The processor has `V`'s instruction set; the source is valid for whole registers at every point, the target for
/// nine elements of each channel, which no other thread touches.
#[expect(clippy::needless_range_loop, reason = "counted loops over registers are what the compiler unrolls")]
#[inline(always)]
pub(crate) unsafe fn transform_kernels<V: Vector>(transform: &KernelTransform) {
    let (mut lanes, mut kernels) = ([[0.0_f32; MAX_LANES]; MAX_LANES], [[0.0_f32; MAX_LANES]; MAX_LANES]);
    for first in (0..transform.channels).step_by(V::LANES) {
        // SAFETY: the caller's promise.
        unsafe {
            let source = transform.source.add(first);
            let mut half = [[V::zero(); IN]; 3];
            for x in 0..IN {
                let mut column = [V::zero(); IN];
                for y in 0..IN {
                    column[y] = V::load(source.add((y * IN + x) * transform.point_stride));
                }
                let column = kernel_column(column);
                for y in 0..3 {
                    half[y][x] = column[y];
                }
            }
            for y in 0..3 {
                let row = kernel_column(half[y]);
                for x in 0..3 {
                    row[x].store(lanes[3 * y + x].as_mut_ptr());
                }
            }
            for tap in (0..9).step_by(V::LANES) {
                let to = kernels.as_mut_ptr().cast::<f32>().add(tap);
                V::transpose_square(lanes[tap..].as_ptr().cast(), MAX_LANES, to, MAX_LANES);
            }
            for (lane, kernel) in kernels.iter().enumerate().take(V::LANES.min(transform.channels - first)) {
                let target = transform.target.add((first + lane) * 9);
                std::ptr::copy_nonoverlapping(kernel.as_ptr(), target, 9);
            }
        }
    }
}
