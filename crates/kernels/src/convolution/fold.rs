//! The adjoint of padding.

use super::axis::{Axis, padded_axis};
use super::shape::Conv2d;
use crate::memory::scratch::Scratch;
use crate::memory::shared::Shared;
use crate::simd::dispatch::Kernels;
use crate::simd::transpose::Transposition;
use rayon::prelude::*;

/// Adds the gradient of each element of the phases of a padded input to the input element that it copies.
pub(crate) fn fold_planes(
    conv: &Conv2d,
    output_size: [usize; 2],
    phase_size: [usize; 2],
    gradients: &[f32],
    input_gradient: &mut [f32],
) {
    let rows = padded_axis(conv, conv.in_height, output_size[0], conv.kernel[0]);
    let columns = padded_axis(conv, conv.in_width, output_size[1], conv.kernel[1]);
    let plane = phase_size[0] * phase_size[1];
    let input_plane = conv.in_height * conv.in_width;
    let min_planes = (1 << 14) / input_plane + 1;
    input_gradient.par_chunks_exact_mut(input_plane).with_min_len(min_planes).enumerate().for_each(
        |(index, target)| {
            target.fill(0.0);
            let (image, channel) = (index / conv.in_channels, index % conv.in_channels);
            for phase in 0..conv.stride * conv.stride {
                let (phase_y, phase_x) = (phase / conv.stride, phase % conv.stride);
                let start = ((image * conv.stride * conv.stride + phase) * conv.in_channels + channel) * plane;
                for (row, values) in gradients[start..start + plane].chunks_exact(phase_size[1]).enumerate() {
                    if let Some(source_row) = rows.source(row * conv.stride + phase_y) {
                        columns.scatter_add(
                            values,
                            phase_x,
                            &mut target[source_row * conv.in_width..][..conv.in_width],
                        );
                    }
                }
            }
        },
    );
}

/// Gradients of a padded input, channels last.
pub(crate) struct PaddedPixels<'a> {
    /// `[image][row][column][pitch]`
    pub(crate) values: &'a [f32],
    /// Elements from a pixel to the next.
    pub(crate) pitch: usize,
    /// Padded rows and columns.
    pub(crate) size: [usize; 2],
    pub(crate) axes: &'a [Axis; 2],
}

/// Adds the gradient of each padded pixel to the input pixel that it copies, and transposes channels-last pixels to
/// planes `[image][channel][row][column]`.
pub(crate) fn fold_pixels(kernels: &Kernels, channels: usize, padded: &PaddedPixels<'_>, input_gradient: &mut [f32]) {
    let [rows, columns] = padded.axes;
    let [height, width] = padded.axes.each_ref().map(Axis::source_len);
    let row_len = padded.size[1] * padded.pitch;
    let images = padded.values.len() / (padded.size[0] * row_len);
    let [row_copies, column_copies] = [0, 1].map(|axis| copies(&padded.axes[axis], padded.size[axis]));
    let (interior_rows, interior_columns) = (rows.interior().0, columns.interior().0);
    let target = Shared::new(input_gradient);
    (0..images * height).into_par_iter().with_min_len((1 << 13) / row_len + 1).for_each(|index| {
        let (image, row) = (index / height, index % height);
        let padded_row = |row: usize| &padded.values[(image * padded.size[0] + row) * row_len..][..row_len];
        let mut sums = Scratch::new(row_len);
        sums.copy_from_slice(padded_row(interior_rows.start + row));
        for [copy, _] in row_copies.iter().filter(|[_, source]| *source == row) {
            sums.iter_mut().zip(padded_row(*copy)).for_each(|(sum, value)| *sum += value);
        }
        for [copy, source] in &column_copies {
            let [copy, source] = [*copy, interior_columns.start + source].map(|column| column * padded.pitch);
            (0..padded.pitch).for_each(|channel| sums[source + channel] += sums[copy + channel]);
        }
        let matrix = Transposition {
            source: sums[interior_columns.start * padded.pitch..].as_ptr(),
            source_stride: padded.pitch,
            rows: width,
            columns: channels,
            target: target.at((image * channels * height + row) * width),
            target_stride: height * width,
            fill: 0,
        };
        // SAFETY: the sums have all pixels of the row; each task writes its own row of every channel.
        unsafe { kernels.transpose(&matrix) };
    });
}

/// Padded coordinates that are copies, each with the source coordinate that it copies.
fn copies(axis: &Axis, padded_len: usize) -> Vec<[usize; 2]> {
    let interior = axis.interior().0;
    let outside = (0..padded_len).filter(|coordinate| !interior.contains(coordinate));
    outside.filter_map(|coordinate| Some([coordinate, axis.source(coordinate)?])).collect()
}
