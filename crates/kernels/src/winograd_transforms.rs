//! The three transforms of Winograd's F(4x4, 3x3).

use crate::vector::{MAX_LANES, Vector};

/// Side of an output tile.
pub(crate) const OUT: usize = 4;
/// Side of an input tile.
pub(crate) const IN: usize = 6;

/// `Bᵀ` times a column.
///
/// # Safety
/// The processor has `V`'s instruction set.
#[inline(always)]
pub(crate) unsafe fn input_column<V: Vector>(d: [V; IN]) -> [V; IN] {
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
pub(crate) unsafe fn output_column<V: Vector>(m: [V; IN]) -> [V; OUT] {
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

/// Kernels of some target channels, to be transformed to `[source channel][row]` at each place.
pub(crate) struct WeightTransform<'a> {
    /// For each row (target channel) and tap the weight of the first source channel.
    pub(crate) taps: &'a [[*const f32; 9]],
    /// For each row and tap the elements from a source channel to the next; 0 for a tap that is zero.
    pub(crate) steps: &'a [[usize; 9]],
    pub(crate) source_channels: usize,
    /// Where the caller's weights end: up to there elements beside the taps may be read too.
    pub(crate) end: *const f32,
    /// Place 0 of the first source channel.
    pub(crate) target: *mut f32,
    /// Elements from a place to the next.
    pub(crate) place_stride: usize,
}

/// `G` times a column.
///
/// # Safety
/// The processor has `V`'s instruction set.
#[inline(always)]
unsafe fn weight_column<V: Vector>([first, middle, last]: [V; 3]) -> [V; IN] {
    // SAFETY: the caller's promise.
    unsafe {
        let zero = V::zero();
        let [minus_sixth, twelfth] = [V::splat(-1.0 / 6.0), V::splat(1.0 / 12.0)];
        let (sum, wide) = (first.add(last), first.add_product(V::splat(4.0), last));
        let (middle_sixth, middle_twelfth) = (zero.add_product(minus_sixth, middle), zero.add_product(twelfth, middle));
        let (sixth, twenty_fourth) = (zero.add_product(minus_sixth, sum), zero.add_product(V::splat(1.0 / 24.0), wide));
        [
            zero.add_product(V::splat(0.25), first),
            sixth.add(middle_sixth),
            sixth.add_product(V::splat(-1.0), middle_sixth),
            twenty_fourth.add(middle_twelfth),
            twenty_fourth.add_product(V::splat(-1.0), middle_twelfth),
            last,
        ]
    }
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
    let (mut square, mut turned) = ([[0.0_f32; MAX_LANES]; MAX_LANES], [[0.0_f32; MAX_LANES]; MAX_LANES]);
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
        V::transpose_square(square.as_ptr().cast(), MAX_LANES, turned.as_mut_ptr().cast(), MAX_LANES);
    }
    for (tap, lanes) in lanes.iter_mut().enumerate() {
        *lanes = turned[lowest.abs_diff(tap)];
    }
    lanes
}

/// Transforms the kernels of some target channels.
///
/// # Safety
/// The processor has `V`'s instruction set; each tap is readable for each source channel; the target is valid for
/// `source_channels` times the rows at every place, and no other thread touches it.
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
                    let target = transform.target.add((y * IN + x) * transform.place_stride + first);
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
    /// `[input][width]` at each place.
    pub(crate) target: *mut f32,
    /// Elements from a place to the next.
    pub(crate) place_stride: usize,
}

/// Transforms packed kernels.
///
/// # Safety
/// The processor has `V`'s instruction set; the source is valid for all inputs of every tap, the target for all inputs at
/// every place, and no other thread touches it.
#[expect(clippy::needless_range_loop, reason = "counted loops over registers are what the compiler unrolls")]
#[inline(always)]
pub(crate) unsafe fn transform_packed<V: Vector>(transform: &PackedTransform) {
    let PackedTransform { source, tap_stride, inputs, width, target, place_stride } = *transform;
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
                    row[x].store(target.add((y * IN + x) * place_stride));
                }
            }
        }
    }
}

/// `A` times a column.
///
/// # Safety
/// The processor has `V`'s instruction set.
#[inline(always)]
pub(crate) unsafe fn gradient_column<V: Vector>(d: [V; OUT]) -> [V; IN] {
    // SAFETY: the caller's promise.
    unsafe {
        let minus_one = V::splat(-1.0);
        let (even, odd) = (d[0].add(d[2]), d[1].add(d[3]));
        let even_wide = d[0].add_product(V::splat(4.0), d[2]);
        let odd_wide = V::zero().add_product(V::splat(2.0), d[1]).add_product(V::splat(8.0), d[3]);
        [
            d[0],
            even.add(odd),
            even.add_product(minus_one, odd),
            even_wide.add(odd_wide),
            even_wide.add_product(minus_one, odd_wide),
            d[3],
        ]
    }
}

/// Sums of products of transformed tiles, `[place][output channel][input channel]`, to become gradients of kernels.
pub(crate) struct KernelTransform {
    /// Place 0 of the first input channel.
    pub(crate) source: *const f32,
    /// Elements from a place to the next.
    pub(crate) place_stride: usize,
    /// Input channels; whole registers are read.
    pub(crate) channels: usize,
    /// `[channel][9]`.
    pub(crate) target: *mut f32,
}

/// `Gᵀ` times a column: the adjoint of the transform of weights.
///
/// # Safety
/// The processor has `V`'s instruction set.
#[inline(always)]
unsafe fn kernel_column<V: Vector>(m: [V; IN]) -> [V; 3] {
    // SAFETY: the caller's promise.
    unsafe {
        let minus_one = V::splat(-1.0);
        let (near, far) = (m[1].add(m[2]), m[3].add(m[4]));
        let (near_difference, far_difference) = (m[2].add_product(minus_one, m[1]), m[3].add_product(minus_one, m[4]));
        let [sixth, minus_sixth] = [V::splat(1.0 / 6.0), V::splat(-1.0 / 6.0)];
        let near = V::zero().add_product(minus_sixth, near);
        [
            near.add_product(V::splat(0.25), m[0]).add_product(V::splat(1.0 / 24.0), far),
            V::zero().add_product(sixth, near_difference).add_product(V::splat(1.0 / 12.0), far_difference),
            near.add_product(sixth, far).add(m[5]),
        ]
    }
}

/// Transforms the sums of one output channel.
///
/// # Safety
/// The processor has `V`'s instruction set; the source is valid for whole registers at every place, the target for
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
                    column[y] = V::load(source.add((y * IN + x) * transform.place_stride));
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
