//! Instance normalisation with everything that follows it in the network, in as few passes as its mathematics allows.

use super::shape::{AffineGradient, Normalization, Statistics};
use crate::error::ShapeError;
use crate::simd::dispatch::kernels;
use rayon::prelude::*;

/// Mean, and sum of squares about it.
fn moments(values: &[f32]) -> (f64, f64) {
    let kernels = kernels();
    let mean = kernels.sum(values) / values.len() as f64;
    let center = mean as f32;
    // Squares about the rounded mean are larger by the square of the rounding.
    let excess = (mean - f64::from(center)) * (mean - f64::from(center)) * values.len() as f64;
    (mean, (kernels.squares(values, center) - excess).max(0.0))
}

/// Normalises each channel of each image: `activation((x - mean) / sqrt(variance + epsilon) * scale + shift) + residual`
/// with the biased variance. Instance normalisation, or adaptive instance normalisation (AdaIN) where scale and shift come
/// from a style.
///
/// # Shapes
/// - `input`, `residual`, `output`: `[batch, channels, plane]`
/// - `affine`, scale and shift: each `[batch, channels]`; without them 1 and 0
///
/// # Errors
/// [`ShapeError`] if a slice has another length or channels or plane are zero; `output` is untouched then.
pub fn instance_norm(
    norm: &Normalization,
    input: &[f32],
    affine: Option<(&[f32], &[f32])>,
    residual: Option<&[f32]>,
    output: &mut [f32],
) -> Result<Statistics, ShapeError> {
    let residual_len = residual.map_or(input.len(), <[f32]>::len);
    let images = [("input", input.len()), ("residual", residual_len), ("output", output.len())];
    norm.check(norm.batch * norm.channels, affine, &images)?;
    let kernels = kernels();
    let planes = output.par_chunks_exact_mut(norm.plane).with_min_len(norm.min_planes()).enumerate();
    let statistics = planes.map(|(index, output)| {
        let range = index * norm.plane..(index + 1) * norm.plane;
        let (mean, inverse_deviation) = plane_statistics(norm, &input[range.clone()]);
        let affine = norm.affine(mean, inverse_deviation, index, affine);
        kernels.affine(&affine, &input[range.clone()], residual.map(|residual| &residual[range]), output);
        (mean, inverse_deviation)
    });
    let (mean, inverse_deviation) = statistics.unzip();
    Ok(Statistics { mean, inverse_deviation })
}

/// Only the statistics that [`instance_norm`] returns for `input`: for the gradient they are cheaper to recompute than
/// to store.
///
/// # Shapes
/// - `input`: `[batch, channels, plane]`
///
/// # Errors
/// [`ShapeError`] if `input` has another length or channels or plane are zero.
pub fn instance_statistics(norm: &Normalization, input: &[f32]) -> Result<Statistics, ShapeError> {
    norm.check(norm.batch * norm.channels, None, &[("input", input.len())])?;
    let planes = input.par_chunks_exact(norm.plane).with_min_len(norm.min_planes());
    let (mean, inverse_deviation) = planes.map(|plane| plane_statistics(norm, plane)).unzip();
    Ok(Statistics { mean, inverse_deviation })
}

/// Mean and inverse deviation of a plane.
fn plane_statistics(norm: &Normalization, plane: &[f32]) -> (f32, f32) {
    let (mean, squares) = moments(plane);
    let variance = squares / norm.plane as f64;
    (mean as f32, (1.0 / (variance + f64::from(norm.epsilon)).sqrt()) as f32)
}

/// Overwrites `input_gradient`, returns the gradients of scale and shift. That of the residual is `output_gradient`.
///
/// # Shapes
/// - `input`, `output_gradient`, `input_gradient`: `[batch, channels, plane]`
/// - `affine`: as given to [`instance_norm`]
///
/// # Errors
/// [`ShapeError`] if a slice has another length or channels or plane are zero; `input_gradient` is untouched then.
pub fn instance_norm_gradient(
    norm: &Normalization,
    input: &[f32],
    affine: Option<(&[f32], &[f32])>,
    statistics: &Statistics,
    output_gradient: &[f32],
    input_gradient: &mut [f32],
) -> Result<AffineGradient, ShapeError> {
    let images =
        [("input", input.len()), ("output_gradient", output_gradient.len()), ("input_gradient", input_gradient.len())];
    norm.check(norm.batch * norm.channels, affine, &images)?;
    Normalization::check_statistics(statistics, norm.batch * norm.channels)?;
    let kernels = kernels();
    let planes = input_gradient.par_chunks_exact_mut(norm.plane).with_min_len(norm.min_planes()).enumerate();
    let sums = planes.map(|(index, input_gradient)| {
        let range = index * norm.plane..(index + 1) * norm.plane;
        let (input, output_gradient) = (&input[range.clone()], &output_gradient[range]);
        let inverse_deviation = statistics.inverse_deviation[index];
        let affine = norm.affine(statistics.mean[index], inverse_deviation, index, affine);
        let [shift, scale] = kernels.gradient_sums(&affine, input, output_gradient);
        let slope = f64::from(affine.inverse_deviation) * f64::from(affine.scale);
        let count = norm.plane as f64;
        let centered = -slope * f64::from(inverse_deviation) * scale / count;
        let terms = [slope, -slope * shift / count, centered].map(|term| term as f32);
        kernels.gradient(&affine, terms, input, output_gradient, input_gradient);
        (scale as f32, shift as f32)
    });
    let (scale, shift) = sums.unzip();
    Ok(AffineGradient { scale, shift })
}
