//! The one-dimensional transforms of F(2x2, 3x3), F(4x4, 3x3) and F(2x2, 5x5): matrices times a column, with as few operations as
//! they need. Lavin and Gray 2016, <https://arxiv.org/abs/1509.09308>.

use crate::simd::vector::Vector;

/// Side of an output tile.
pub(crate) const OUT: usize = 4;
/// Side of an input tile.
pub(crate) const IN: usize = 6;

/// A one-dimensional transform into the transform domain: `Bᵀ` or `A` times a column.
pub(super) trait ColumnIn<const FROM: usize, const TO: usize> {
    /// # Safety
    /// The processor has `V`'s instruction set.
    unsafe fn column<V: Vector>(d: [V; FROM]) -> [V; TO];
}

/// A one-dimensional transform from the transform domain: `Aᵀ` times a column.
pub(super) trait ColumnOut<const FROM: usize, const TO: usize> {
    /// # Safety
    /// The processor has `V`'s instruction set.
    unsafe fn column<V: Vector>(m: [V; FROM]) -> [V; TO];
}

/// The transforms of F(2x2, 3x3).
pub(super) struct F2;
/// The transforms of F(4x4, 3x3).
pub(super) struct F4;
/// The transform of the outputs of F(2x2, 5x5), whose inputs are transformed as those of F(4x4, 3x3).
pub(super) struct Five;
/// The transforms of F(4x4, 3x3) at the points 0, ±2/3, ±3/2 and ∞.
pub(super) struct F4Rounded;
/// The adjoint of the output transform of F(4x4, 3x3).
pub(super) struct F4Gradient;

impl ColumnIn<4, 4> for F2 {
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

impl ColumnOut<4, 2> for F2 {
    #[inline(always)]
    unsafe fn column<V: Vector>(m: [V; 4]) -> [V; 2] {
        // SAFETY: the caller's promise.
        unsafe {
            let minus_one = V::splat(-1.0);
            [m[0].add(m[1]).add(m[2]), m[1].add_product(minus_one, m[2]).add_product(minus_one, m[3])]
        }
    }
}

impl ColumnIn<6, 6> for F4 {
    #[inline(always)]
    unsafe fn column<V: Vector>(d: [V; 6]) -> [V; 6] {
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
}

impl ColumnIn<6, 6> for F4Rounded {
    #[inline(always)]
    unsafe fn column<V: Vector>(d: [V; 6]) -> [V; 6] {
        // SAFETY: the caller's promise.
        unsafe {
            // p = 2/3 and q = 3/2, so that p q = 1.
            let [p, q] = [V::splat(2.0 / 3.0), V::splat(1.5)];
            let [minus_p, minus_q] = [V::splat(-2.0 / 3.0), V::splat(-1.5)];
            let [minus_squares, minus_p_square, minus_q_square] =
                [V::splat(-97.0 / 36.0), V::splat(-4.0 / 9.0), V::splat(-2.25)];
            let near_even = d[4].add_product(minus_q_square, d[2]);
            let near_odd = V::zero().add_product(p, d[3]).add_product(minus_q, d[1]);
            let far_even = d[4].add_product(minus_p_square, d[2]);
            let far_odd = V::zero().add_product(q, d[3]).add_product(minus_p, d[1]);
            let minus_one = V::splat(-1.0);
            [
                d[0].add(d[4]).add_product(minus_squares, d[2]),
                near_even.add(near_odd),
                near_even.add_product(minus_one, near_odd),
                far_even.add(far_odd),
                far_even.add_product(minus_one, far_odd),
                d[1].add(d[5]).add_product(minus_squares, d[3]),
            ]
        }
    }
}

impl ColumnOut<6, 4> for F4Rounded {
    #[inline(always)]
    unsafe fn column<V: Vector>(m: [V; 6]) -> [V; 4] {
        // SAFETY: the caller's promise.
        unsafe {
            let minus_one = V::splat(-1.0);
            let (near, far) = (m[1].add(m[2]), m[3].add(m[4]));
            let (near_difference, far_difference) =
                (m[1].add_product(minus_one, m[2]), m[3].add_product(minus_one, m[4]));
            let [p, q] = [V::splat(2.0 / 3.0), V::splat(1.5)];
            let [p_square, q_square] = [V::splat(4.0 / 9.0), V::splat(2.25)];
            let [p_cube, q_cube] = [V::splat(8.0 / 27.0), V::splat(3.375)];
            [
                m[0].add(near).add(far),
                V::zero().add_product(p, near_difference).add_product(q, far_difference),
                V::zero().add_product(p_square, near).add_product(q_square, far),
                m[5].add_product(p_cube, near_difference).add_product(q_cube, far_difference),
            ]
        }
    }
}

impl ColumnIn<4, 6> for F4Gradient {
    #[inline(always)]
    unsafe fn column<V: Vector>(d: [V; 4]) -> [V; 6] {
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
}

impl ColumnOut<6, 4> for F4 {
    #[inline(always)]
    unsafe fn column<V: Vector>(m: [V; 6]) -> [V; 4] {
        // SAFETY: the caller's promise.
        unsafe {
            let minus_one = V::splat(-1.0);
            let (near, far) = (m[1].add(m[2]), m[3].add(m[4]));
            let (near_difference, far_difference) =
                (m[1].add_product(minus_one, m[2]), m[3].add_product(minus_one, m[4]));
            [
                m[0].add(near).add(far),
                near_difference.add_product(V::splat(2.0), far_difference),
                near.add_product(V::splat(4.0), far),
                m[5].add(near_difference).add_product(V::splat(8.0), far_difference),
            ]
        }
    }
}

impl ColumnOut<6, 2> for Five {
    #[inline(always)]
    unsafe fn column<V: Vector>(m: [V; 6]) -> [V; 2] {
        // SAFETY: the caller's promise.
        unsafe {
            let minus_one = V::splat(-1.0);
            let near_difference = m[1].add_product(minus_one, m[2]);
            let far_difference = m[3].add_product(minus_one, m[4]);
            [
                m[0].add(m[1].add(m[2])).add(m[3].add(m[4])),
                m[5].add(near_difference).add_product(V::splat(2.0), far_difference),
            ]
        }
    }
}

/// `G` times a column.
///
/// # Safety
/// The processor has `V`'s instruction set.
#[inline(always)]
pub(super) unsafe fn weight_column<V: Vector>([first, middle, last]: [V; 3]) -> [V; IN] {
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

/// `Gᵀ` times a column: the adjoint of the transform of weights.
///
/// # Safety
/// The processor has `V`'s instruction set.
#[inline(always)]
pub(super) unsafe fn kernel_column<V: Vector>(m: [V; IN]) -> [V; 3] {
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
