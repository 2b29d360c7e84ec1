//! Normalisation with everything that follows it in the network, in as few passes as its mathematics allows.

use crate::isa::kernels;
use crate::plane::Affine;
use crate::shape::{ShapeError, check_length, elements};
use rayon::prelude::*;

/// What follows a normalisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Activation {
    /// Nothing.
    None,
    /// Negative values become 0.
    Relu,
}

/// The shape of what is normalised, `[batch, channels, plane]`, and how.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normalization {
    /// Number of images; zero is allowed and does nothing.
    pub batch: usize,
    /// Channels of an image.
    pub channels: usize,
    /// Pixels of a channel: height times width.
    pub plane: usize,
    /// Added to the variance ([`instance_norm`]) or to the standard deviation ([`layer_norm`]).
    pub epsilon: f32,
    /// What follows.
    pub activation: Activation,
}

/// What the gradients need to know of the forward pass.
///
/// # Shapes
/// `[batch, channels]` from [`instance_norm`], `[batch]` from [`layer_norm`].
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    /// Mean.
    pub mean: Vec<f32>,
    /// What the centred input is multiplied with: 1 / sqrt(variance + epsilon), or 1 / (deviation + epsilon).
    pub inverse_deviation: Vec<f32>,
}

/// Gradients of the loss with respect to the scale and the shift.
///
/// # Shapes
/// As the scale and the shift: `[batch, channels]` for [`instance_norm`], `[channels]` for [`layer_norm`].
#[derive(Clone, Debug, PartialEq)]
pub struct AffineGradient {
    /// With respect to the scale.
    pub scale: Vec<f32>,
    /// With respect to the shift.
    pub shift: Vec<f32>,
}

impl Normalization {
    /// Checks slices of the shape of the input, scale and shift; returns the number of elements of the input.
    fn check(
        &self,
        affine_len: usize,
        affine: Option<(&[f32], &[f32])>,
        images: &[(&'static str, usize)],
    ) -> Result<(), ShapeError> {
        for (field, size) in [("channels", self.channels), ("plane", self.plane)] {
            if size == 0 {
                return Err(ShapeError::Zero { field });
            }
        }
        let expected = elements([self.batch, self.channels, self.plane, 1])?;
        images.iter().try_for_each(|(argument, found)| check_length(argument, expected, *found))?;
        if let Some((scale, shift)) = affine {
            check_length("scale", affine_len, scale.len())?;
            check_length("shift", affine_len, shift.len())?;
        }
        Ok(())
    }

    fn check_statistics(statistics: &Statistics, expected: usize) -> Result<(), ShapeError> {
        check_length("statistics.mean", expected, statistics.mean.len())?;
        check_length("statistics.inverse_deviation", expected, statistics.inverse_deviation.len())
    }

    fn affine(&self, mean: f32, inverse_deviation: f32, index: usize, affine: Option<(&[f32], &[f32])>) -> Affine {
        let (scale, shift) = affine.map_or((1.0, 0.0), |(scale, shift)| (scale[index], shift[index]));
        Affine { mean, inverse_deviation, scale, shift, relu: self.activation == Activation::Relu }
    }

    /// Planes that a task takes at least, so that tasks are worth their while.
    fn min_planes(&self) -> usize {
        (1 << 14) / self.plane + 1
    }
}

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
/// with the biased variance. Instance normalisation, or adaptive instance normalisation where scale and shift come from
/// a style.
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

/// The statistics that [`instance_norm`] returns for `input`, alone: cheaper to compute again for the gradient than to
/// keep.
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

/// The statistics that [`layer_norm`] returns for `input`, alone.
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
