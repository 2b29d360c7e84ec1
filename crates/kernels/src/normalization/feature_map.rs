//! Normalisation of [`FeatureMap`]s, in place, with the activation and the residual that follow.
//!
//! Moments are taken row by row in single precision, where a row is still in the cache, and put together in double
//! precision: Chan et al. 1979, "Updating formulae and a pairwise algorithm for computing sample variances".

use super::pixels::ChannelAffine;
use super::shape::Activation;
use crate::channels_last::feature_map::FeatureMap;
use crate::channels_last::shape::FeatureMapShape;
use crate::error::{ShapeError, check_length};
use crate::simd::dispatch::kernels;
use rayon::prelude::*;
use std::ops::Range;

/// Pixels whose moments are taken in single precision.
const PIXELS_AT_ONCE: usize = 128;
/// Elements of a task, at least.
const ELEMENTS_PER_TASK: usize = 1 << 13;
/// Tasks of an image, at most: each has moments of its own.
const MOST_TASKS: usize = 16;

/// Which elements share a mean and a deviation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NormalizationScope {
    /// Instance normalisation: each channel of each image, by `1 / sqrt(variance + epsilon)` with the biased variance, as
    /// [`instance_norm`](crate::instance_norm).
    Instance,
    /// Layer normalisation over channels, height and width: each image, by `1 / (deviation + epsilon)` with the unbiased deviation, as [`layer_norm`](crate::layer_norm).
    Layer,
}

/// How a feature map is normalised: `activation((x - mean) * inverse_deviation * scale + shift) + residual`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FeatureMapNormalization<'a> {
    /// What shares mean and deviation.
    pub scope: NormalizationScope,
    /// Added to the variance or to the deviation.
    pub epsilon: f32,
    /// Scale and shift, `[batch, channels]` with [`NormalizationScope::Instance`], `[channels]` with [`NormalizationScope::Layer`];
    /// without them 1 and 0.
    pub affine: Option<(&'a [f32], &'a [f32])>,
    /// What follows.
    pub activation: Activation,
}

/// Moments of each channel over some pixels.
#[derive(Clone, Debug)]
struct Moments {
    count: f64,
    mean: Vec<f64>,
    /// Sums of squares about the means.
    squares: Vec<f64>,
}

impl Moments {
    fn new(channels: usize) -> Self {
        Self { count: 0.0, mean: vec![0.0; channels], squares: vec![0.0; channels] }
    }

    /// Takes in other pixels.
    fn merge<T: Copy + Into<f64>>(&mut self, count: f64, mean: &[T], squares: &[T]) {
        let total = self.count + count;
        let [share, between] = [count / total, self.count * count / total];
        let own = self.mean.iter_mut().zip(&mut self.squares);
        for ((own_mean, own_squares), (mean, squares)) in own.zip(mean.iter().zip(squares)) {
            let difference = (*mean).into() - *own_mean;
            *own_mean += difference * share;
            *own_squares += (*squares).into() + difference * difference * between;
        }
        self.count = total;
    }

    /// Mean over all of the first channels, and sum of squares about it.
    fn over_channels(&self, channels: usize) -> (f64, f64) {
        let mean = self.mean[..channels].iter().sum::<f64>() / channels as f64;
        let between: f64 = self.mean[..channels].iter().map(|own| (own - mean) * (own - mean)).sum();
        (mean, self.squares[..channels].iter().sum::<f64>() + between * self.count)
    }
}

/// What is done to the channels of an image: as long as a pixel, zeros behind the channels.
struct ImageAffine {
    mean: Vec<f32>,
    slope: Vec<f32>,
    shift: Vec<f32>,
}

impl FeatureMapNormalization<'_> {
    /// Normalises the images of `map`.
    ///
    /// # Errors
    /// [`ShapeError`] if scale, shift or residual have another size; `map` is untouched then.
    pub fn apply(&self, map: &mut FeatureMap, residual: Option<&FeatureMap>) -> Result<(), ShapeError> {
        let (shape, batch) = (map.shape(), map.batch());
        if let Some((scale, shift)) = self.affine {
            let images = if self.scope == NormalizationScope::Instance { batch } else { 1 };
            check_length("scale", images * shape.channels, scale.len())?;
            check_length("shift", images * shape.channels, shift.len())?;
        }
        if let Some(residual) = residual {
            residual.check_shape(shape)?;
            check_length("residual images", batch, residual.batch())?;
        }
        let rows = rows_of_task(shape);
        let affines: Vec<ImageAffine> =
            (0..batch).map(|image| self.affine(shape, image, &moments(map, image, rows))).collect();
        let (stride, row_len) = (shape.row_stride(), shape.width * shape.pitch);
        let residual = residual.map(FeatureMap::values);
        let lines = map.overwrite(shape.pitch)[..batch * shape.image_stride()].par_chunks_exact_mut(stride).enumerate();
        lines.with_min_len(rows).for_each(|(line, target)| {
            let (image, row) = (line / shape.rows(), line % shape.rows());
            if (shape.halo..shape.halo + shape.height).contains(&row) {
                let start = shape.halo * shape.pitch;
                let residual = residual.map(|residual| &residual[line * stride + start..][..row_len]);
                let ImageAffine { mean, slope, shift } = &affines[image];
                let affine = ChannelAffine { mean, slope, shift, relu: self.activation == Activation::Relu };
                kernels().normalize_row(&affine, residual, &mut target[start..][..row_len]);
            }
        });
        Ok(())
    }

    fn affine(&self, shape: FeatureMapShape, image: usize, moments: &Moments) -> ImageAffine {
        let zeros = || vec![0.0_f32; shape.pitch];
        let mut affine = ImageAffine { mean: zeros(), slope: zeros(), shift: zeros() };
        let epsilon = f64::from(self.epsilon);
        let (image_mean, image_squares) = moments.over_channels(shape.channels);
        let others = (shape.channels as f64 * moments.count - 1.0).max(1.0);
        let of_image = 1.0 / ((image_squares / others).sqrt() + epsilon);
        for channel in 0..shape.channels {
            let (mean, inverse_deviation, index) = match self.scope {
                NormalizationScope::Instance => {
                    let variance = moments.squares[channel] / moments.count;
                    (moments.mean[channel], 1.0 / (variance + epsilon).sqrt(), image * shape.channels + channel)
                }
                NormalizationScope::Layer => (image_mean, of_image, channel),
            };
            let (scale, shift) = self.affine.map_or((1.0, 0.0), |(scale, shift)| (scale[index], shift[index]));
            affine.mean[channel] = mean as f32;
            affine.slope[channel] = inverse_deviation as f32 * scale;
            affine.shift[channel] = shift;
        }
        affine
    }
}

/// Rows of each task but the last.
fn rows_of_task(shape: FeatureMapShape) -> usize {
    let worthwhile = ELEMENTS_PER_TASK.div_ceil(shape.width * shape.pitch);
    worthwhile.max(shape.height.div_ceil(MOST_TASKS))
}

/// Moments of the channels of an image.
fn moments(map: &FeatureMap, image: usize, rows: usize) -> Moments {
    let height = map.shape().height;
    let starts: Vec<usize> = (0..height).step_by(rows).collect();
    let parts: Vec<Moments> =
        starts.into_par_iter().map(|first| part_moments(map, image, first..(first + rows).min(height))).collect();
    let mut parts = parts.into_iter();
    let mut all = parts.next().expect("a feature map has rows");
    parts.for_each(|part| all.merge(part.count, &part.mean, &part.squares));
    all
}

/// Moments over some rows.
fn part_moments(map: &FeatureMap, image: usize, rows: Range<usize>) -> Moments {
    let shape = map.shape();
    let mut moments = Moments::new(shape.pitch);
    let (mut means, mut squares) = (vec![0.0; shape.pitch], vec![0.0; shape.pitch]);
    for y in rows {
        let row = &map.values()[shape.offset(image, [y, 0], 0)..][..shape.width * shape.pitch];
        for pixels in row.chunks(PIXELS_AT_ONCE * shape.pitch) {
            kernels().row_moments(pixels, &mut means, &mut squares);
            moments.merge((pixels.len() / shape.pitch) as f64, &means, &squares);
        }
    }
    moments
}
