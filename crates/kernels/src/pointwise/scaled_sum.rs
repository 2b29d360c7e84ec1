//! A sum of which one part is scaled by a trained factor, on all threads.

use super::CHUNK;
use crate::error::{ShapeError, check_length};
use crate::simd::dispatch::{kernel_methods, kernels};
use crate::simd::sums::sum_of;
use rayon::prelude::*;

kernel_methods! {
    fn scaled_sums(factor: f32, change: &[f32], x: &[f32], output: &mut [f32]);
    fn scaled_gradients(factor: f32, change: &[f32], output_gradient: &[f32], gradient: &mut [f32]) -> f64;
}

/// Writes `change * factor + x`.
#[inline(always)]
pub(crate) fn scaled_sums(factor: f32, change: &[f32], x: &[f32], output: &mut [f32]) {
    output.iter_mut().zip(change).zip(x).for_each(|((output, change), x)| *output = change * factor + x);
}

/// Writes `output_gradient * factor`; returns the sum of its products with `change`.
#[inline(always)]
pub(crate) fn scaled_gradients(factor: f32, change: &[f32], output_gradient: &[f32], gradient: &mut [f32]) -> f64 {
    gradient.iter_mut().zip(output_gradient).for_each(|(result, gradient)| *result = gradient * factor);
    sum_of(change, output_gradient, |change, gradient| change * gradient)
}

/// Overwrites `output` with `change * factor + x`.
///
/// # Errors
/// [`ShapeError`] if the lengths differ; nothing is written then.
pub fn scaled_sum(factor: f32, change: &[f32], x: &[f32], output: &mut [f32]) -> Result<(), ShapeError> {
    check_length("x", change.len(), x.len())?;
    check_length("output", change.len(), output.len())?;
    let kernels = kernels();
    let chunks = output.par_chunks_mut(CHUNK).zip(change.par_chunks(CHUNK)).zip(x.par_chunks(CHUNK));
    chunks.for_each(|((output, change), x)| kernels.scaled_sums(factor, change, x, output));
    Ok(())
}

/// Overwrites `change_gradient` with the gradient of [`scaled_sum`] with respect to `change`; returns that with respect
/// to the factor.
///
/// # Errors
/// [`ShapeError`] if the lengths differ; nothing is written then.
pub fn scaled_sum_gradient(
    factor: f32,
    change: &[f32],
    output_gradient: &[f32],
    change_gradient: &mut [f32],
) -> Result<f32, ShapeError> {
    check_length("output_gradient", change.len(), output_gradient.len())?;
    check_length("change_gradient", change.len(), change_gradient.len())?;
    let kernels = kernels();
    let chunks = change_gradient.par_chunks_mut(CHUNK).zip(change.par_chunks(CHUNK));
    let sums = chunks
        .zip(output_gradient.par_chunks(CHUNK))
        .map(|((result, change), gradient)| kernels.scaled_gradients(factor, change, gradient, result));
    Ok(sums.collect::<Vec<f64>>().iter().sum::<f64>() as f32)
}
