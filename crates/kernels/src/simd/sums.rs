//! Sums over slices: plain loops that the compiler turns into vectors. They run in lanes over short blocks, and in
//! double precision over blocks.

use super::dispatch::kernel_methods;

kernel_methods! {
    fn sum(values: &[f32]) -> f64;
    fn squares(values: &[f32], center: f32) -> f64;
    fn dot(left: &[f32], right: &[f32]) -> f64;
    fn add_scaled(factor: f32, values: &[f32], sums: &mut [f32]);
}

/// Lanes that sum independently.
const LANES: usize = 64;
/// Elements that are summed in single precision.
const BLOCK: usize = 2048;

/// Sum of `term(left, right)` over two slices of the same length.
#[inline(always)]
pub(crate) fn sum_of(left: &[f32], right: &[f32], term: impl Fn(f32, f32) -> f32) -> f64 {
    let mut total = 0.0;
    for (left, right) in left.chunks(BLOCK).zip(right.chunks(BLOCK)) {
        let ((left, left_rest), (right, right_rest)) = (left.as_chunks::<LANES>(), right.as_chunks::<LANES>());
        let mut lanes = [0.0_f32; LANES];
        for (left, right) in left.iter().zip(right) {
            for lane in 0..LANES {
                lanes[lane] += term(left[lane], right[lane]);
            }
        }
        for (lane, (left, right)) in lanes.iter_mut().zip(left_rest.iter().zip(right_rest)) {
            *lane += term(*left, *right);
        }
        total += lanes.iter().map(|lane| f64::from(*lane)).sum::<f64>();
    }
    total
}

/// Sum of the values.
#[inline(always)]
pub(crate) fn sum(values: &[f32]) -> f64 {
    sum_of(values, values, |value, _| value)
}

/// Sum of squares about `center`.
#[inline(always)]
pub(crate) fn squares(values: &[f32], center: f32) -> f64 {
    sum_of(values, values, |value, _| (value - center) * (value - center))
}

/// Sum of products.
#[inline(always)]
pub(crate) fn dot(left: &[f32], right: &[f32]) -> f64 {
    sum_of(left, right, |left, right| left * right)
}

/// Adds `factor` times the values.
#[inline(always)]
pub(crate) fn add_scaled(factor: f32, values: &[f32], sums: &mut [f32]) {
    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += factor * value);
}
