//! A convolution to a few channels with constant weights: the last layer of a network that generates images.
//!
//! Registers of output channels would stay mostly empty. So each column of the kernel becomes a convolution of its own,
//! and all of them are computed as one with `kernel width * out` channels. Outputs are sums of its channels from
//! neighbouring pixels.

use super::convolution::{OutputActivation, PreparedConvolution};
use crate::algorithm::{self, Precision};
use crate::channels_last::feature_map::FeatureMap;
use crate::channels_last::shape::FeatureMapShape;
use crate::convolution::padding::Padding;
use crate::convolution::shape::Conv2d;
use crate::error::{ShapeError, check_length};
use crate::memory::scratch::Scratch;
use crate::memory::shared::Shared;
use crate::partition::even_parts;
use crate::pointwise::activation::Pointwise;
use crate::simd::dispatch::{Kernels, kernels};
use crate::simd::transpose::Transposition;
use rayon::prelude::*;
use std::ops::Range;

/// Positions of the rows whose sums a task makes and uses, at least: no more of them are ever kept.
const POSITIONS_PER_TASK: usize = 512;

/// A convolution with stride 1 to a few channels, prepared for images of one size.
#[derive(Debug)]
pub struct PreparedFewOutputs {
    kernels: &'static Kernels,
    /// Sums down the columns of the kernel.
    columns: PreparedConvolution,
    kernel_width: usize,
    bias: Vec<f32>,
    activation: Option<Pointwise>,
}

impl PreparedFewOutputs {
    /// Prepares `weight` (`[out, in, kernel, kernel]`) and `bias` (`[out]`).
    ///
    /// # Errors
    /// [`ShapeError`] if the shape is impossible, a slice has another length, or the padding is wider than the halo of
    /// the input.
    pub fn new(
        convolution: &Conv2d,
        input: FeatureMapShape,
        weight: &[f32],
        bias: &[f32],
        activation: Option<Pointwise>,
        precision: Precision,
    ) -> Result<Self, ShapeError> {
        Self::with(kernels(), precision, convolution, input, weight, bias, activation)
    }

    /// As [`PreparedFewOutputs::new`], for a chosen instruction set.
    pub(crate) fn with(
        kernels: &'static Kernels,
        precision: Precision,
        convolution: &Conv2d,
        input: FeatureMapShape,
        weight: &[f32],
        bias: &[f32],
        activation: Option<Pointwise>,
    ) -> Result<Self, ShapeError> {
        convolution.check(None, Some(weight.len()), Some(bias.len()), None)?;
        check_length("stride", 1, convolution.stride)?;
        let [height, width] = convolution.kernel;
        let out_channels = width * convolution.out_channels;
        let columns = Conv2d { out_channels, kernel: [height, 1], ..*convolution };
        let mut weights = vec![0.0; weight.len()];
        let per_output = convolution.in_channels * height;
        for (index, value) in weight.iter().enumerate() {
            let (output, row, column) = (index / (per_output * width), index / width % per_output, index % width);
            weights[(column * convolution.out_channels + output) * per_output + row] = *value;
        }
        let (direct, none) = (algorithm::direct(precision), OutputActivation::None);
        let no_bias = vec![0.0; out_channels];
        let columns = PreparedConvolution::with(kernels, direct, &columns, input, &weights, &no_bias, none)?;
        Ok(Self { kernels, columns, kernel_width: width, bias: bias.to_vec(), activation })
    }

    /// The padding that the halo of inputs must hold: see [`FeatureMap::pad`].
    pub fn padding(&self) -> (usize, Padding) {
        self.columns.padding()
    }

    /// Channels of the outputs.
    pub fn out_channels(&self) -> usize {
        self.bias.len()
    }

    /// Height and width of the outputs.
    pub fn out_size(&self) -> [usize; 2] {
        let [height, width] = self.columns.output(0).size();
        [height, width + 1 - self.kernel_width]
    }

    /// Convolves `input`, adds the bias, applies the activation and overwrites `images`, `[n, out, h, w]`.
    ///
    /// # Errors
    /// [`ShapeError`] if the feature map or the slice has another size, or the input is not padded; `images` is untouched then.
    pub fn forward(&self, input: &FeatureMap, images: &mut [f32]) -> Result<(), ShapeError> {
        let (channels, [height, width], batch) = (self.out_channels(), self.out_size(), input.batch());
        input.check_shape(self.columns.input_shape())?;
        check_length("images", batch * channels * height * width, images.len())?;
        let (padding, mode) = self.padding();
        if !input.is_padded(padding, mode) {
            return Err(ShapeError::NotPadded { padding, mode });
        }
        let target = Shared::new(images);
        let at_once = even_parts(height, POSITIONS_PER_TASK.div_ceil(width));
        let tasks = height.div_ceil(at_once);
        (0..batch * tasks).into_par_iter().with_max_len(1).for_each(|task| {
            let (image, first) = (task / tasks, task % tasks * at_once);
            let rows = first..(first + at_once).min(height);
            self.write_rows(input, image, rows, target);
        });
        Ok(())
    }

    /// Writes some rows of an image that was checked; no other thread writes them.
    fn write_rows(&self, input: &FeatureMap, image: usize, rows: Range<usize>, target: Shared) {
        let (channels, [height, width]) = (self.out_channels(), self.out_size());
        let (shape, sums) = self.columns.rows(input, image, rows.clone());
        let mut outputs = Scratch::new(width);
        for (sums, y) in sums.chunks_exact(shape.row_stride()).zip(rows) {
            let planes = self.sums_of_row(shape, sums);
            for channel in 0..channels {
                self.add_columns(&planes, channel, &mut outputs);
                let start = ((image * channels + channel) * height + y) * width;
                // SAFETY: tasks write disjoint rows, which lie within the images; these outlive the tasks.
                let target = unsafe { std::slice::from_raw_parts_mut(target.at(start), width) };
                match self.activation {
                    None => target.copy_from_slice(&outputs),
                    Some(function) => self.kernels.activate(function, &outputs, target),
                }
            }
        }
    }

    /// The sums of a row, channel by channel.
    fn sums_of_row(&self, shape: FeatureMapShape, row: &[f32]) -> Scratch {
        let mut planes = Scratch::new(shape.channels * shape.width);
        let matrix = Transposition {
            source: row[..shape.width * shape.pitch].as_ptr(),
            source_stride: shape.pitch,
            rows: shape.width,
            columns: shape.channels,
            target: planes.as_mut_ptr(),
            target_stride: shape.width,
            fill: 0,
        };
        // SAFETY: the row has so many pixels, the planes have room for all its channels.
        unsafe { self.kernels.transpose(&matrix) };
        planes
    }

    /// A row of outputs of one channel, before the activation.
    fn add_columns(&self, planes: &[f32], channel: usize, outputs: &mut [f32]) {
        let width = outputs.len() + self.kernel_width - 1;
        outputs.fill(self.bias[channel]);
        for column in 0..self.kernel_width {
            let plane = &planes[(column * self.out_channels() + channel) * width..][column..];
            outputs.iter_mut().zip(plane).for_each(|(output, sum)| *output += sum);
        }
    }
}
