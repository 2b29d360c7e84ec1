//! Passes over values one by one, on all threads: activations, the mean absolute error, a scaled sum.
//!
//! The inner loops are plain; the compiler turns them into vectors of whichever instruction set they are inlined for.
//! Chunks are fixed, and what they sum is added in double precision in their order.

use crate::isa::kernels;
use crate::plane::sum_of;
use crate::shape::{ShapeError, check_length};
use crate::softmax::exp;
use rayon::prelude::*;

/// Values of a task.
const CHUNK: usize = 1 << 15;

/// An activation of single values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pointwise {
    /// `max(0, x)`.
    Relu,
    /// `x` above 0, else `x` times this slope, which is positive.
    LeakyRelu(f32),
    /// Hyperbolic tangent.
    Tanh,
}

/// Hyperbolic tangent with an error of about 1e-7 of the result.
#[inline(always)]
fn tanh(x: f32) -> f32 {
    let square = x * x;
    let mut odd = -5.704_988_7e-3_f32;
    for coefficient in [2.063_909e-2, -5.373_971_6e-2, 1.333_144_2e-1, -3.333_328e-1] {
        odd = odd * square + coefficient;
    }
    let small = odd * square * x + x;
    let power = exp(-2.0 * x.abs());
    let large = ((1.0 - power) / (1.0 + power)).copysign(x);
    if x.abs() < 0.625 { small } else { large }
}

/// Writes the activation of every value of a chunk.
#[inline(always)]
pub(crate) fn activate(function: Pointwise, input: &[f32], output: &mut [f32]) {
    let values = output.iter_mut().zip(input);
    match function {
        // Not `max`, which would turn NaN into 0.
        Pointwise::Relu => values.for_each(|(output, x)| *output = if *x < 0.0 { 0.0 } else { *x }),
        Pointwise::LeakyRelu(slope) => values.for_each(|(output, x)| *output = if *x > 0.0 { *x } else { *x * slope }),
        Pointwise::Tanh => values.for_each(|(output, x)| *output = tanh(*x)),
    }
}

/// Writes the gradient with respect to a chunk of inputs, from the outputs.
#[inline(always)]
pub(crate) fn activate_gradient(function: Pointwise, output: &[f32], output_gradient: &[f32], gradient: &mut [f32]) {
    let values = gradient.iter_mut().zip(output).zip(output_gradient);
    match function {
        Pointwise::Relu => values.for_each(|((result, y), gradient)| *result = if *y > 0.0 { *gradient } else { 0.0 }),
        Pointwise::LeakyRelu(slope) => values.for_each(|((result, y), gradient)| {
            *result = if *y > 0.0 { *gradient } else { *gradient * slope };
        }),
        Pointwise::Tanh => values.for_each(|((result, y), gradient)| *result = gradient * (1.0 - y * y)),
    }
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

/// Overwrites `output` with the activation of each value of `input`.
///
/// # Errors
/// [`ShapeError`] if the lengths differ; nothing is written then.
pub fn activation(function: Pointwise, input: &[f32], output: &mut [f32]) -> Result<(), ShapeError> {
    check_length("output", input.len(), output.len())?;
    let kernels = kernels();
    let chunks = output.par_chunks_mut(CHUNK).zip(input.par_chunks(CHUNK));
    chunks.for_each(|(output, input)| kernels.activate(function, input, output));
    Ok(())
}

/// Overwrites `input_gradient` with the gradient of [`activation`] with respect to its input, from its output.
///
/// # Errors
/// [`ShapeError`] if the lengths differ; nothing is written then.
pub fn activation_gradient(
    function: Pointwise,
    output: &[f32],
    output_gradient: &[f32],
    input_gradient: &mut [f32],
) -> Result<(), ShapeError> {
    check_length("output_gradient", output.len(), output_gradient.len())?;
    check_length("input_gradient", output.len(), input_gradient.len())?;
    let kernels = kernels();
    let chunks = input_gradient.par_chunks_mut(CHUNK).zip(output.par_chunks(CHUNK));
    chunks.zip(output_gradient.par_chunks(CHUNK)).for_each(|((result, output), gradient)| {
        kernels.activate_gradient(function, output, gradient, result);
    });
    Ok(())
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
