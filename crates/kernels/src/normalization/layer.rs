//! Layer normalisation over channels, height and width, with everything that follows it in the network.

use super::shape::{AffineGradient, Normalization, Statistics};
use crate::error::ShapeError;
use crate::simd::dispatch::kernels;
use rayon::prelude::*;

/// Normalises each image over all its channels: `activation((x - mean) / (deviation + epsilon) * scale + shift)` with the
/// unbiased standard deviation, as MUNIT does it (PyTorch's layer normalisation differs in both). The deviation of a
/// single element is taken as 0.
///
/// # Shapes
/// - `input`, `output`: `[batch, channels, plane]`
/// - `affine`, scale and shift: each `[channels]`; without them 1 and 0
///
/// # Errors
/// [`ShapeError`] if a slice has another length or channels or plane are zero; `output` is untouched then.
pub fn layer_norm(
    norm: &Normalization,
    input: &[f32],
    affine: Option<(&[f32], &[f32])>,
    output: &mut [f32],
) -> Result<Statistics, ShapeError> {
    norm.check(norm.channels, affine, &[("input", input.len()), ("output", output.len())])?;
    let kernels = kernels();
    let statistics = layer_statistics(norm, input)?;
    let planes = output.par_chunks_exact_mut(norm.plane).with_min_len(norm.min_planes()).enumerate();
    planes.zip(input.par_chunks_exact(norm.plane)).for_each(|((index, output), input)| {
        let (image, channel) = (index / norm.channels, index % norm.channels);
        let affine = norm.affine(statistics.mean[image], statistics.inverse_deviation[image], channel, affine);
        kernels.affine(&affine, input, None, output);
    });
    Ok(statistics)
}

/// Only the statistics that [`layer_norm`] returns for `input`.
///
/// # Shapes
/// - `input`: `[batch, channels, plane]`
///
/// # Errors
/// [`ShapeError`] if `input` has another length or channels or plane are zero.
pub fn layer_statistics(norm: &Normalization, input: &[f32]) -> Result<Statistics, ShapeError> {
    norm.check(norm.channels, None, &[("input", input.len())])?;
    let kernels = kernels();
    let by_plane = |sum: &(dyn Fn(usize, &[f32]) -> f64 + Sync)| -> Vec<f64> {
        let planes = input.par_chunks_exact(norm.plane).with_min_len(norm.min_planes()).enumerate();
        let sums: Vec<f64> = planes.map(|(index, plane)| sum(index / norm.channels, plane)).collect();
        sums.chunks_exact(norm.channels).map(|sums| sums.iter().sum()).collect()
    };
    let count = (norm.channels * norm.plane) as f64;
    let means: Vec<f64> = by_plane(&|_, plane| kernels.sum(plane)).into_iter().map(|sum| sum / count).collect();
    let squares = by_plane(&|image, plane| kernels.squares(plane, means[image] as f32));
    let inverse = squares.iter().zip(&means).map(|(squares, mean)| {
        let excess = (mean - f64::from(*mean as f32)).powi(2) * count;
        let variance = (squares - excess).max(0.0) / (count - 1.0).max(1.0);
        (1.0 / (variance.sqrt() + f64::from(norm.epsilon))) as f32
    });
    Ok(Statistics { inverse_deviation: inverse.collect(), mean: means.iter().map(|mean| *mean as f32).collect() })
}

/// Overwrites `input_gradient`, returns the gradients of scale and shift.
///
/// # Shapes
/// - `input`, `output_gradient`, `input_gradient`: `[batch, channels, plane]`
/// - `affine`: as given to [`layer_norm`]
///
/// # Errors
/// [`ShapeError`] if a slice has another length or channels or plane are zero; `input_gradient` is untouched then.
pub fn layer_norm_gradient(
    norm: &Normalization,
    input: &[f32],
    affine: Option<(&[f32], &[f32])>,
    statistics: &Statistics,
    output_gradient: &[f32],
    input_gradient: &mut [f32],
) -> Result<AffineGradient, ShapeError> {
    let images =
        [("input", input.len()), ("output_gradient", output_gradient.len()), ("input_gradient", input_gradient.len())];
    norm.check(norm.channels, affine, &images)?;
    Normalization::check_statistics(statistics, norm.batch)?;
    let kernels = kernels();
    let affine_of = |index: usize| {
        let (image, channel) = (index / norm.channels, index % norm.channels);
        norm.affine(statistics.mean[image], statistics.inverse_deviation[image], channel, affine)
    };
    let planes = input.par_chunks_exact(norm.plane).zip(output_gradient.par_chunks_exact(norm.plane));
    let sums: Vec<[f64; 2]> = planes
        .with_min_len(norm.min_planes())
        .enumerate()
        .map(|(index, (input, gradient))| kernels.gradient_sums(&affine_of(index), input, gradient))
        .collect();
    let count = (norm.channels * norm.plane) as f64;
    // For each image the terms of the gradient that all its elements share.
    let shared: Vec<[f64; 2]> = (0..norm.batch)
        .map(|image| {
            let weighted = |which: usize| -> f64 {
                let indices = image * norm.channels..(image + 1) * norm.channels;
                indices.map(|index| sums[index][which] * f64::from(affine_of(index).scale)).sum()
            };
            let inverse = f64::from(statistics.inverse_deviation[image]);
            let deviation = 1.0 / inverse - f64::from(norm.epsilon);
            // Without any deviation the centred input is zero, and so is its part of the gradient.
            let centered =
                if deviation > 0.0 { -inverse * weighted(1) / (deviation * (count - 1.0).max(1.0)) } else { 0.0 };
            [-inverse * weighted(0) / count, centered]
        })
        .collect();
    let planes = input_gradient.par_chunks_exact_mut(norm.plane).with_min_len(norm.min_planes()).enumerate();
    planes.for_each(|(index, input_gradient)| {
        let affine = affine_of(index);
        let [constant, centered] = shared[index / norm.channels];
        let terms = [affine.inverse_deviation * affine.scale, constant as f32, centered as f32];
        let range = index * norm.plane..(index + 1) * norm.plane;
        kernels.gradient(&affine, terms, &input[range.clone()], &output_gradient[range], input_gradient);
    });
    let over_images = |which: usize| -> Vec<f32> {
        let sum = |channel| sums.iter().skip(channel).step_by(norm.channels).map(|sums| sums[which]).sum::<f64>();
        (0..norm.channels).map(|channel| sum(channel) as f32).collect()
    };
    Ok(AffineGradient { scale: over_images(1), shift: over_images(0) })
}
