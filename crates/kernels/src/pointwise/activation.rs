//! Activations without weights, on all threads.

use super::CHUNK;
use crate::error::{ShapeError, check_length};
use crate::simd::dispatch::{kernel_methods, kernels};
use crate::simd::math::tanh;
use rayon::prelude::*;

kernel_methods! {
    fn activate(function: Pointwise, input: &[f32], output: &mut [f32]);
    fn activate_gradient(function: Pointwise, output: &[f32], output_gradient: &[f32], gradient: &mut [f32]);
}

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
