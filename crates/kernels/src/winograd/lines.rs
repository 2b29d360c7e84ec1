//! The one-dimensional transforms of F(6, 7), at the points 0, ±1, ±2/5, ±5/2, ±2/3, ±3/2 and ∞. Sets of pairs and their
//! reciprocals were compared on random operands of 160 channels: with these points the largest error is 8e-6 of the largest
//! output, with ±1/2, ±2, ±3/4 and ±4/3 beside ±1 it is 1.5e-5, and 1.4e-6 by the definition.

use super::columns::{ColumnIn, ColumnOut};
use crate::simd::vector::Vector;

/// The transforms of F(6, 7).
pub(super) struct Seven;

/// The points of pairs `±p`.
const PAIRS: [f64; 5] = [1.0, 2.0 / 5.0, 5.0 / 2.0, 2.0 / 3.0, 3.0 / 2.0];
/// The finite points, with the factors of kernels there.
pub(super) const SEVEN_POINTS: [[f64; 2]; 11] = points();
/// Coefficients of the product of `x² - q²` over all pairs, the lowest power first, without the highest, which is 1.
const ALL: [f32; 5] = lower(product(usize::MAX));
/// The same without one pair.
const OTHERS: [[f32; 4]; 5] =
    [lower(product(0)), lower(product(1)), lower(product(2)), lower(product(3)), lower(product(4))];

/// Coefficients of the product of `y - q²` over all pairs but one, the lowest power first.
const fn product(left_out: usize) -> [f64; 6] {
    let mut product = [0.0; 6];
    product[0] = 1.0;
    let (mut pair, mut degree) = (0, 0);
    while pair < PAIRS.len() {
        if pair != left_out {
            let mut power = degree + 1;
            while power > 0 {
                product[power] = product[power - 1] - PAIRS[pair] * PAIRS[pair] * product[power];
                power -= 1;
            }
            product[0] *= -PAIRS[pair] * PAIRS[pair];
            degree += 1;
        }
        pair += 1;
    }
    product
}

/// The first coefficients.
const fn lower<const COUNT: usize>(product: [f64; 6]) -> [f32; COUNT] {
    let mut lower = [0.0; COUNT];
    let mut power = 0;
    while power < COUNT {
        lower[power] = product[power] as f32;
        power += 1;
    }
    lower
}

/// A kernel's factor at a point is 1 by the product of its distances from the other finite points.
const fn points() -> [[f64; 2]; 11] {
    let mut points = [[0.0, 1.0 / product(usize::MAX)[0]]; 11];
    let mut pair = 0;
    while pair < PAIRS.len() {
        let (square, others) = (PAIRS[pair] * PAIRS[pair], product(pair));
        let value = others[0] + square * (others[1] + square * (others[2] + square * (others[3] + square * others[4])));
        let factor = 1.0 / (2.0 * square * value);
        points[1 + 2 * pair] = [PAIRS[pair], factor];
        points[2 + 2 * pair] = [-PAIRS[pair], factor];
        pair += 1;
    }
    points
}

impl ColumnIn<12, 12> for Seven {
    #[inline(always)]
    unsafe fn column<V: Vector>(d: [V; 12]) -> [V; 12] {
        // SAFETY: the caller's promise.
        unsafe {
            let mut points = [V::zero(); 12];
            // Of the even places at 0, of the odd ones at ∞.
            let (mut zero, mut infinity) = (d[10], d[11]);
            for power in 0..5 {
                zero = zero.add_product(V::splat(ALL[power]), d[2 * power]);
                infinity = infinity.add_product(V::splat(ALL[power]), d[2 * power + 1]);
            }
            (points[0], points[11]) = (zero, infinity);
            for pair in 0..5 {
                let (mut odd, mut even) = (d[9], d[10]);
                for power in 0..4 {
                    let factor = V::splat(OTHERS[pair][power]);
                    odd = odd.add_product(factor, d[2 * power + 1]);
                    even = even.add_product(factor, d[2 * power + 2]);
                }
                let point = PAIRS[pair] as f32;
                points[1 + 2 * pair] = even.add_product(V::splat(point), odd);
                points[2 + 2 * pair] = even.add_product(V::splat(-point), odd);
            }
            points
        }
    }
}

impl ColumnOut<12, 6> for Seven {
    #[inline(always)]
    unsafe fn column<V: Vector>(m: [V; 12]) -> [V; 6] {
        // SAFETY: the caller's promise.
        unsafe {
            let mut outputs = [m[0], V::zero(), V::zero(), V::zero(), V::zero(), m[11]];
            for pair in 0..5 {
                let (plus, minus) = (m[1 + 2 * pair], m[2 + 2 * pair]);
                let (sum, difference) = (plus.add(minus), plus.add_product(V::splat(-1.0), minus));
                let mut power = 1.0;
                for output in (0..6).step_by(2) {
                    outputs[output] = outputs[output].add_product(V::splat(power as f32), sum);
                    power *= PAIRS[pair];
                    outputs[output + 1] = outputs[output + 1].add_product(V::splat(power as f32), difference);
                    power *= PAIRS[pair];
                }
            }
            outputs
        }
    }
}
