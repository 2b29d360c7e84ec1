//! The mean absolute error, on all threads.

use super::CHUNK;
use crate::error::{ShapeError, check_length};
use crate::simd::dispatch::{kernel_methods, kernels};
use crate::simd::sums::sum_of;
use rayon::prelude::*;

kernel_methods! {
    fn absolute_errors(left: &[f32], right: &[f32]) -> f64;
    fn error_signs(factor: f32, left: &[f32], right: &[f32], signs: &mut [f32]);
}

/// The sum of a chunk's absolute differences.
#[inline(always)]
pub(crate) fn absolute_errors(left: &[f32], right: &[f32]) -> f64 {
    sum_of(left, right, |left, right| (left - right).abs())
}

/// Writes the differences' signs times `factor`; 0 where there is no difference.
#[inline(always)]
pub(crate) fn error_signs(factor: f32, left: &[f32], right: &[f32], signs: &mut [f32]) {
    for ((sign, left), right) in signs.iter_mut().zip(left).zip(right) {
        let positive = if left > right { factor } else { 0.0 };
        *sign = if left < right { -factor } else { positive };
    }
}

/// The mean of the absolute differences; NaN of nothing.
///
/// # Errors
/// [`ShapeError`] if the lengths differ.
pub fn mean_absolute_error(left: &[f32], right: &[f32]) -> Result<f32, ShapeError> {
    check_length("right", left.len(), right.len())?;
    let kernels = kernels();
    let chunks = left.par_chunks(CHUNK).zip(right.par_chunks(CHUNK));
    let sums: Vec<f64> = chunks.map(|(left, right)| kernels.absolute_errors(left, right)).collect();
    Ok((sums.iter().sum::<f64>() / left.len() as f64) as f32)
}

/// Overwrites `left_gradient` with `output_gradient` times the gradient of [`mean_absolute_error`] with respect to
/// `left`; 0 where there is no difference.
///
/// # Errors
/// [`ShapeError`] if the lengths differ; nothing is written then.
pub fn mean_absolute_error_gradient(
    left: &[f32],
    right: &[f32],
    output_gradient: f32,
    left_gradient: &mut [f32],
) -> Result<(), ShapeError> {
    check_length("right", left.len(), right.len())?;
    check_length("left_gradient", left.len(), left_gradient.len())?;
    let kernels = kernels();
    let factor = output_gradient / left.len() as f32;
    let chunks = left_gradient.par_chunks_mut(CHUNK).zip(left.par_chunks(CHUNK)).zip(right.par_chunks(CHUNK));
    chunks.for_each(|((signs, left), right)| kernels.error_signs(factor, left, right, signs));
    Ok(())
}
