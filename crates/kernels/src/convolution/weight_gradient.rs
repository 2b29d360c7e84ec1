//! The gradient of the weight: sums over positions of products of an input channel and an output channel.
//!
//! One of the two operands is transposed, so that a register holds many channels of one position; the scalars of the
//! other operand are broadcast. No horizontal sums, no positions beyond the end of a row. Usually the output gradient
//! is transposed; with few output channels (the last layer of a decoder) that would waste lanes, and the padded input
//! is transposed instead.

use super::axis::{Axis, padded_axis};
use super::correlation::kernel_taps;
use super::direct::fill_panel;
use super::shape::Conv2d;
use crate::algorithm::{self, WeightGradientAlgorithm};
use crate::error::ShapeError;
use crate::memory::scratch::Scratch;
use crate::memory::shared::Shared;
use crate::partition::even_parts;
use crate::simd::dispatch::{Kernels, kernels};
use crate::simd::outer_product::{MAX_OUTER_ROWS, OuterProduct};
use crate::winograd;
use rayon::prelude::*;
use std::ops::Range;

/// Scalar streams that share a pass over the vectors.
const TAPS_PER_TASK: usize = 256;
/// Output rows of a panel cover about this many positions.
const POSITIONS_PER_PANEL: usize = 1536;
/// Positions that are summed before sums go to memory; their vectors stay in the first-level cache.
const POSITIONS_PER_SUM: usize = 96;
/// Tasks below which the positions are split too. Fixed, so that results do not depend on the number of threads.
const TASKS_WANTED: usize = 24;
/// Elements that all partial sums may take (64 MB).
const PARTIAL_ELEMENTS: usize = 1 << 24;

/// Overwrites `weight_gradient` with the gradient of the loss with respect to the weight, summed over the images.
///
/// # Shapes
/// See [`Conv2d`].
///
/// # Errors
/// [`ShapeError`] if the shape is impossible or a slice has another length; `weight_gradient` is untouched then.
pub fn weight_gradient(
    conv: &Conv2d,
    input: &[f32],
    output_gradient: &[f32],
    weight_gradient: &mut [f32],
) -> Result<(), ShapeError> {
    weight_gradient_with(kernels(), conv, input, output_gradient, weight_gradient)
}

/// Overwrites `bias_gradient` with the gradient of the loss with respect to the bias: sums over images and positions.
///
/// # Shapes
/// See [`Conv2d`].
///
/// # Errors
/// [`ShapeError`] if the shape is impossible or a slice has another length; `bias_gradient` is untouched then.
pub fn bias_gradient(conv: &Conv2d, output_gradient: &[f32], bias_gradient: &mut [f32]) -> Result<(), ShapeError> {
    let [height, width] = conv.check(None, None, Some(bias_gradient.len()), Some(output_gradient.len()))?;
    let plane = height * width;
    let kernels = kernels();
    bias_gradient.par_iter_mut().with_min_len((1 << 14) / (plane * conv.batch + 1) + 1).enumerate().for_each(
        |(channel, sum)| {
            let planes = output_gradient.chunks_exact(plane).skip(channel).step_by(conv.out_channels);
            *sum = planes.map(|plane| kernels.sum(plane)).sum::<f64>() as f32;
        },
    );
    Ok(())
}

/// As [`weight_gradient`].
pub(crate) fn weight_gradient_with(
    kernels: &Kernels,
    conv: &Conv2d,
    input: &[f32],
    output_gradient: &[f32],
    weight_gradient: &mut [f32],
) -> Result<(), ShapeError> {
    let output_size = conv.check(Some(input.len()), Some(weight_gradient.len()), None, Some(output_gradient.len()))?;
    if conv.batch == 0 {
        weight_gradient.fill(0.0);
        return Ok(());
    }
    let direct = || {
        let (taps, rows) = (kernel_taps(conv.kernel), conv.batch * output_size[0]);
        WeightGradient { kernels, conv, input, output_gradient, output_size, taps, rows }
    };
    match algorithm::of_weight_gradient(kernels, conv, output_size) {
        WeightGradientAlgorithm::Winograd => {
            let operands = [input, output_gradient];
            winograd::weight_gradient::weight_gradient(kernels, conv, output_size, operands, weight_gradient);
        }
        WeightGradientAlgorithm::TransposedInput => direct().with_transposed_input(weight_gradient),
        WeightGradientAlgorithm::TransposedOutput => direct().with_transposed_output(weight_gradient),
    }
    Ok(())
}

/// Padded rows of some input channels.
struct Panel<'a> {
    values: &'a [f32],
    images: usize,
    image_stride: usize,
    /// Output rows of each image.
    rows: usize,
    row_stride: usize,
}

struct WeightGradient<'a> {
    kernels: &'a Kernels,
    conv: &'a Conv2d,
    input: &'a [f32],
    output_gradient: &'a [f32],
    /// Height and width of the output.
    output_size: [usize; 2],
    taps: Vec<[usize; 2]>,
    /// Output rows of all images.
    rows: usize,
}

impl WeightGradient<'_> {
    /// Sums `[tap of an input channel][output channel]`, scalars from the padded input.
    fn with_transposed_output(&self, weight_gradient: &mut [f32]) {
        let Conv2d { in_channels, out_channels, .. } = *self.conv;
        let width = self.output_size[1];
        let lanes = self.kernels.lanes;
        let depth = in_channels * self.taps.len();
        let padded_channels = out_channels.next_multiple_of(lanes);
        let channels = even_parts(in_channels, TAPS_PER_TASK / self.taps.len());
        let channel_tasks = in_channels.div_ceil(channels);
        // Transposed once if several tasks need the same rows; otherwise each task transposes its own.
        let transposed = (channel_tasks > 1).then(|| {
            let mut transposed = Scratch::new(self.rows * width * padded_channels);
            let rows = transposed.par_chunks_exact_mut(width * padded_channels).with_min_len(4);
            rows.enumerate().for_each(|(row, target)| self.transpose_output_row(row, target));
            transposed
        });
        let segment = self.segment(channel_tasks, depth * padded_channels);
        let segments = self.rows.div_ceil(segment);
        let mut sums = Scratch::new(segments * depth * padded_channels);
        let shared = Shared::new(&mut sums);
        (0..segments * channel_tasks).into_par_iter().with_max_len(1).for_each(|task| {
            let first = task % channel_tasks * channels;
            let channels = first..(first + channels).min(in_channels);
            let start = (task / channel_tasks * depth + first * self.taps.len()) * padded_channels;
            let len = channels.len() * self.taps.len() * padded_channels;
            // SAFETY: tasks own disjoint parts of the sums, which live until the end of this function.
            let sums = unsafe { std::slice::from_raw_parts_mut(shared.at(start), len) };
            sums.fill(0.0);
            let rows = task / channel_tasks * segment;
            self.sum_input_taps(rows..(rows + segment).min(self.rows), channels, transposed.as_deref(), sums);
        });
        // [segment][depth][output channel] to [output channel][depth], summed in the order of the segments.
        weight_gradient.par_chunks_mut(depth * lanes).enumerate().for_each(|(block, target)| {
            let parts = [segments, depth * padded_channels];
            self.kernels.sum_transposed(&sums[block * lanes..], parts, [depth, padded_channels], target);
        });
    }

    /// Writes a row of the output gradient (of all images) as `[column][channel]`.
    fn transpose_output_row(&self, row: usize, target: &mut [f32]) {
        let [height, width] = self.output_size;
        let channels = self.conv.out_channels;
        let start = (row / height * channels * height + row % height) * width;
        let stride = target.len() / width;
        let rows = &self.output_gradient[start..];
        self.kernels.transpose_rows(rows, height * width, [channels, width], target, stride);
    }

    /// Output rows (of all images) that one task sums.
    fn segment(&self, other_tasks: usize, partial_elements: usize) -> usize {
        let most = (PARTIAL_ELEMENTS / partial_elements).max(1);
        let wanted = TASKS_WANTED.div_ceil(other_tasks).min(most);
        even_parts(self.rows, self.rows.div_ceil(wanted))
    }

    /// Adds the products of some input channels and all output channels over some output rows.
    fn sum_input_taps(&self, rows: Range<usize>, channels: Range<usize>, transposed: Option<&[f32]>, sums: &mut [f32]) {
        let conv = self.conv;
        let [height, width] = self.output_size;
        let axes = [0, 1].map(|axis| {
            let size = [conv.in_height, conv.in_width][axis];
            padded_axis(conv, size, self.output_size[axis], conv.kernel[axis])
        });
        let stride = conv.stride;
        let reach = conv.kernel.map(|size| size.div_ceil(stride) - 1);
        let row_stride = width + reach[1];
        let panel_rows = (POSITIONS_PER_PANEL / width).clamp(1, rows.len()).min(height);
        let image_stride = channels.len() * stride * stride * (panel_rows + reach[0]) * row_stride;
        let panel_images = if panel_rows < height { 1 } else { (POSITIONS_PER_PANEL / (height * width)).max(1) };
        let mut panel = Scratch::new(panel_images * image_stride);
        let row_len = width * sums.len() / (channels.len() * self.taps.len());
        let mut own = Scratch::new(if transposed.is_some() { 0 } else { panel_images * panel_rows * row_len });
        let mut row = rows.start;
        while row < rows.end {
            let (image, first_row) = (row / height, row % height);
            let count = panel_rows.min(rows.end - row).min(height - first_row);
            // Several images if they are taken whole.
            let images = if count < height { 1 } else { panel_images.min((rows.end - row) / height) };
            let phase_stride = (count + reach[0]) * row_stride;
            let channel_stride = stride * stride * phase_stride;
            let plane = conv.in_height * conv.in_width;
            for (image, panel) in (image..image + images).zip(panel.chunks_exact_mut(image_stride)) {
                let source = &self.input[(image * conv.in_channels + channels.start) * plane..];
                let planes = source.chunks_exact(plane).take(channels.len());
                for (source, panel) in planes.zip(panel.chunks_exact_mut(channel_stride)) {
                    fill_panel(&axes, source, first_row, panel, row_stride);
                }
            }
            let tap = |&[y, x]: &[usize; 2]| {
                (y % stride * stride + x % stride) * phase_stride + y / stride * row_stride + x / stride
            };
            let starts = (0..channels.len()).map(|channel| channel * channel_stride);
            let offsets = starts.flat_map(|start| self.taps.iter().map(move |offset| start + tap(offset)));
            let part = Panel { values: &panel, images, image_stride, rows: count, row_stride };
            let vectors = match transposed {
                Some(transposed) => &transposed[row * row_len..],
                None => {
                    let targets = own.chunks_exact_mut(row_len).take(images * count);
                    targets.enumerate().for_each(|(index, target)| self.transpose_output_row(row + index, target));
                    &own
                }
            };
            self.sum_panel(&part, &offsets.collect::<Vec<_>>(), vectors, sums);
            row += images * count;
        }
    }

    /// Adds the products of a panel of input channels and all output channels.
    fn sum_panel(&self, panel: &Panel<'_>, offsets: &[usize], vectors: &[f32], sums: &mut [f32]) {
        let [height, width] = self.output_size;
        let padded_channels = sums.len() / offsets.len();
        for (images, rows, columns) in blocks(panel.images, panel.rows, width) {
            for lanes in self.vector_ranges(padded_channels) {
                for (index, offsets) in offsets.chunks(self.kernels.outer_rows).enumerate() {
                    let position = images.start * panel.image_stride + rows.start * panel.row_stride + columns.start;
                    let mut scalars = [panel.values.as_ptr(); MAX_OUTER_ROWS];
                    for (scalar, offset) in scalars.iter_mut().zip(offsets) {
                        *scalar = panel.values[offset + position..].as_ptr();
                    }
                    let first = (images.start * height + rows.start) * width + columns.start;
                    let product = OuterProduct {
                        rows: offsets.len(),
                        columns: lanes.len() / self.kernels.lanes,
                        scalars,
                        scalar_stride: 1,
                        scalar_row_stride: panel.row_stride,
                        vectors: vectors[first * padded_channels + lanes.start..].as_ptr(),
                        vector_stride: padded_channels,
                        vector_row_stride: width * padded_channels,
                        scalar_image_stride: panel.image_stride,
                        vector_image_stride: height * width * padded_channels,
                        images: images.len(),
                        height: rows.len(),
                        width: columns.len(),
                        sums: sums[index * self.kernels.outer_rows * padded_channels + lanes.start..].as_mut_ptr(),
                        sums_stride: padded_channels,
                        accumulate: true,
                    };
                    // SAFETY: the panel has `rows` rows of every tap, the vectors every position of the block.
                    unsafe { self.kernels.outer_product(&product) };
                }
            }
        }
    }

    /// Splits channels (a multiple of the lanes) into nearly equal ranges of registers.
    fn vector_ranges(&self, padded_channels: usize) -> impl Iterator<Item = Range<usize>> + use<> {
        let lanes = self.kernels.lanes;
        let step = even_parts(padded_channels / lanes, self.kernels.outer_columns) * lanes;
        (0..padded_channels).step_by(step).map(move |first| first..(first + step).min(padded_channels))
    }

    /// Sums `[output channel][tap][input channel]`, scalars from the output gradient.
    fn with_transposed_input(&self, weight_gradient: &mut [f32]) {
        let Conv2d { in_channels, out_channels, stride, .. } = *self.conv;
        let [height, width] = self.output_size;
        let padded_channels = in_channels.next_multiple_of(self.kernels.lanes);
        let padded_size = [(height - 1) * stride + self.conv.kernel[0], (width - 1) * stride + self.conv.kernel[1]];
        let transposed = self.transpose_input(padded_size, padded_channels);
        let part = out_channels * self.taps.len() * padded_channels;
        let segment = self.segment(1, part);
        let segments = self.rows.div_ceil(segment);
        let mut sums = Scratch::new(segments * part);
        sums.par_chunks_exact_mut(part).enumerate().for_each(|(index, sums)| {
            sums.fill(0.0);
            let mut row = index * segment;
            let end = (row + segment).min(self.rows);
            while row < end {
                let count = (end - row).min(height - row % height);
                self.sum_output_rows(row, count, &transposed, padded_size, sums);
                row += count;
            }
        });
        let taps = self.taps.len();
        weight_gradient.fill(0.0);
        for sums in sums.chunks_exact(part) {
            for (channel, sums) in sums.chunks_exact(taps * padded_channels).enumerate() {
                for (tap, sums) in sums.chunks_exact(padded_channels).enumerate() {
                    let target = &mut weight_gradient[channel * in_channels * taps + tap..];
                    target.iter_mut().step_by(taps).zip(&sums[..in_channels]).for_each(|(value, sum)| *value += sum);
                }
            }
        }
    }

    /// The padded input as `[image, row, column, channel]`.
    fn transpose_input(&self, padded_size: [usize; 2], padded_channels: usize) -> Scratch {
        let Conv2d { batch, in_channels, in_height, in_width, .. } = *self.conv;
        let mode = self.conv.mode;
        let padding = self.conv.padding;
        let axis = |size, padded| Axis::new(size, padding as isize, padding, padded, mode, 1);
        let [rows, columns] = [axis(in_height, padded_size[0]), axis(in_width, padded_size[1])];
        let row_len = padded_size[1] * padded_channels;
        let mut transposed = Scratch::new(batch * padded_size[0] * row_len);
        transposed.par_chunks_exact_mut(row_len).with_min_len(4).enumerate().for_each(|(index, target)| {
            let (image, row) = (index / padded_size[0], index % padded_size[0]);
            let Some(source_row) = rows.source(row) else {
                target.fill(0.0);
                return;
            };
            let mut padded = Scratch::new(in_channels * padded_size[1]);
            for (channel, padded) in padded.chunks_exact_mut(padded_size[1]).enumerate() {
                let start = ((image * in_channels + channel) * in_height + source_row) * in_width;
                columns.gather(&self.input[start..start + in_width], 0, padded);
            }
            let size = [in_channels, padded_size[1]];
            self.kernels.transpose_rows(&padded, padded_size[1], size, target, padded_channels);
        });
        transposed
    }

    /// Adds the products of some output rows of one image.
    fn sum_output_rows(&self, row: usize, count: usize, transposed: &[f32], padded_size: [usize; 2], sums: &mut [f32]) {
        let Conv2d { out_channels, stride, .. } = *self.conv;
        let [height, width] = self.output_size;
        let (image, first_row) = (row / height, row % height);
        let padded_channels = sums.len() / (out_channels * self.taps.len());
        let row_len = padded_size[1] * padded_channels;
        for (_, rows, columns) in blocks(1, count, width) {
            let y = first_row + rows.start;
            for (tap, [tap_y, tap_x]) in self.taps.iter().enumerate() {
                let padded_row = image * padded_size[0] + y * stride + tap_y;
                let first = padded_row * row_len + (columns.start * stride + tap_x) * padded_channels;
                for lanes in self.vector_ranges(padded_channels) {
                    for channel in (0..out_channels).step_by(self.kernels.outer_rows) {
                        let channels = (out_channels - channel).min(self.kernels.outer_rows);
                        let mut scalars = [self.output_gradient.as_ptr(); MAX_OUTER_ROWS];
                        for (index, scalar) in scalars.iter_mut().enumerate().take(channels) {
                            let plane = image * out_channels + channel + index;
                            *scalar = self.output_gradient[(plane * height + y) * width + columns.start..].as_ptr();
                        }
                        let product = OuterProduct {
                            rows: channels,
                            columns: lanes.len() / self.kernels.lanes,
                            scalars,
                            scalar_stride: 1,
                            scalar_row_stride: width,
                            vectors: transposed[first + lanes.start..].as_ptr(),
                            vector_stride: stride * padded_channels,
                            vector_row_stride: stride * row_len,
                            scalar_image_stride: 0,
                            vector_image_stride: 0,
                            images: 1,
                            height: rows.len(),
                            width: columns.len(),
                            sums: sums[(channel * self.taps.len() + tap) * padded_channels + lanes.start..]
                                .as_mut_ptr(),
                            sums_stride: self.taps.len() * padded_channels,
                            accumulate: true,
                        };
                        // SAFETY: the padded rows and the output rows of the block exist, and all its columns.
                        unsafe { self.kernels.outer_product(&product) };
                    }
                }
            }
        }
    }
}

/// Blocks of about `POSITIONS_PER_SUM` positions: several small images, several short rows, or parts of a long one.
fn blocks(
    images: usize,
    rows: usize,
    width: usize,
) -> impl Iterator<Item = (Range<usize>, Range<usize>, Range<usize>)> {
    let parts = |len: usize, step: usize| (0..len).step_by(step).map(move |first| first..(first + step).min(len));
    let block_images = even_parts(images, (POSITIONS_PER_SUM / (rows * width)).max(1));
    let block_rows = even_parts(rows, (POSITIONS_PER_SUM / width).max(1));
    let block_width = even_parts(width, POSITIONS_PER_SUM * 5 / 4);
    parts(images, block_images).flat_map(move |images| {
        parts(rows, block_rows).flat_map(move |rows| {
            let images = images.clone();
            parts(width, block_width).map(move |columns| (images.clone(), rows.clone(), columns))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_every_position_once() {
        for (images, rows, width) in [(1, 1, 1), (2, 7, 3), (1, 4, 96), (1, 3, 224), (9, 4, 4), (1, 200, 1)] {
            let mut seen = vec![0; images * rows * width];
            for (block_images, block_rows, columns) in blocks(images, rows, width) {
                for row in block_images.flat_map(|image| block_rows.clone().map(move |row| image * rows + row)) {
                    columns.clone().for_each(|column| seen[row * width + column] += 1);
                }
            }
            assert!(seen.iter().all(|count| *count == 1));
        }
    }
}
