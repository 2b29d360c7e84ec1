//! The gradient of 3x3 kernels with stride 1 by Winograd's transforms.
//!
//! The adjoint of F(4x4, 3x3): with input tiles d and gradients y of output tiles, the gradient of a kernel is
//! `Gᵀ [ Σ (A y Aᵀ) ⊙ (Bᵀ d B) ] G`. The sum over tiles is one product of matrices for each of the 36 places.

use crate::axis::Axis;
use crate::convolve::padded_axis;
use crate::cover::even_parts;
use crate::isa::{Kernels, WinogradUse};
use crate::microkernel::{MAX_OUTER_ROWS, OuterProduct};
use crate::scratch::{Scratch, Shared};
use crate::shape::{Conv2d, Padding};
use crate::winograd_tiles::{PLACES, Planes, Tiles};
use crate::winograd_transforms::KernelTransform;
use rayon::prelude::*;

/// Tiles whose products are summed before sums go to memory; their vectors stay in the first-level cache.
const TILES_PER_SUM: usize = 96;

/// Whether to use this algorithm: where it is possible, and expected to be faster than the direct sum.
pub(crate) fn is_chosen(kernels: &Kernels, conv: &Conv2d, output_size: [usize; 2]) -> bool {
    if conv.kernel != [3, 3] || conv.stride != 1 || conv.batch == 0 {
        return false;
    }
    match kernels.winograd {
        WinogradUse::Never => false,
        WinogradUse::Always => true,
        WinogradUse::IfFaster => is_faster(kernels, conv, output_size),
    }
}

fn is_faster(kernels: &Kernels, conv: &Conv2d, output_size: [usize; 2]) -> bool {
    if conv.in_channels.min(conv.out_channels) < 32 {
        return false;
    }
    let tiles = Tiles::new(kernels, conv.batch, output_size);
    let multiplications = 36 * tiles.rows() * tiles.pitch;
    let direct = 9 * conv.batch * output_size[0] * output_size[1];
    // The last transform costs each pair of channels as much as some 1000 multiplications.
    multiplications + 1000 < direct
}

/// Sums of products of transformed tiles.
struct Sums<'a> {
    kernels: &'a Kernels,
    /// Input channels, filled up to whole registers.
    padded_channels: usize,
    in_channels: usize,
    out_channels: usize,
}

/// Overwrites `weight_gradient`.
pub(crate) fn weight_gradient(
    kernels: &Kernels,
    conv: &Conv2d,
    output_size: [usize; 2],
    input: &[f32],
    output_gradient: &[f32],
    weight_gradient: &mut [f32],
) {
    let Conv2d { in_channels, out_channels, .. } = *conv;
    let input_axes =
        [padded_axis(conv, conv.in_height, output_size[0], 3), padded_axis(conv, conv.in_width, output_size[1], 3)];
    let output_axes = output_size.map(|size| Axis::new(size, 0, 0, size, Padding::Zero, 1));
    let inputs = Planes {
        values: input,
        channels: in_channels,
        size: [conv.in_height, conv.in_width],
        axes: &input_axes,
        gradient: false,
    };
    let outputs = Planes {
        values: output_gradient,
        channels: out_channels,
        size: output_size,
        axes: &output_axes,
        gradient: true,
    };
    let tiles = Tiles::new(kernels, conv.batch, output_size);
    let step = tiles.rows_at_once(in_channels + out_channels);
    let stride = tiles.stride(step);
    let sums =
        Sums { kernels, padded_channels: in_channels.next_multiple_of(kernels.lanes), in_channels, out_channels };
    let mut transformed_inputs = Scratch::new(PLACES * in_channels * stride);
    let mut transformed_outputs = Scratch::new(PLACES * out_channels * stride);
    let mut totals = Scratch::new(PLACES * out_channels * sums.padded_channels);
    for first in (0..tiles.rows()).step_by(step) {
        let rows = first..(first + step).min(tiles.rows());
        rayon::join(
            || tiles.transform(&inputs, rows.clone(), stride, &mut transformed_inputs),
            || tiles.transform(&outputs, rows.clone(), stride, &mut transformed_outputs),
        );
        let count = rows.len() * tiles.pitch;
        sums.add(&transformed_inputs, &transformed_outputs, stride, count, first == 0, &mut totals);
    }
    sums.transform(&totals, weight_gradient);
}

impl Sums<'_> {
    /// Adds the products of `count` tiles, `[place][channel][stride]`, to `[place][output channel][input channel]`.
    fn add(&self, inputs: &[f32], outputs: &[f32], stride: usize, count: usize, replace: bool, totals: &mut [f32]) {
        let place = self.out_channels * self.padded_channels;
        totals.par_chunks_exact_mut(place).with_max_len(1).enumerate().for_each(|(place, totals)| {
            if replace {
                totals.fill(0.0);
            }
            let mut vectors = Scratch::new(count * self.padded_channels);
            let rows = &inputs[place * self.in_channels * stride..];
            self.kernels.transpose_rows(rows, stride, [self.in_channels, count], &mut vectors, self.padded_channels);
            self.multiply(&vectors, &outputs[place * self.out_channels * stride..], stride, count, totals);
        });
    }

    /// The products of one place; `vectors` are `[tile][input channel]`.
    fn multiply(&self, vectors: &[f32], outputs: &[f32], stride: usize, count: usize, totals: &mut [f32]) {
        let lanes = self.kernels.lanes;
        let columns = even_parts(self.padded_channels / lanes, self.kernels.outer_columns);
        let block = even_parts(count, TILES_PER_SUM);
        for tile in (0..count).step_by(block) {
            for first in (0..self.padded_channels).step_by(columns * lanes) {
                for channel in (0..self.out_channels).step_by(self.kernels.outer_rows) {
                    let rows = self.kernels.outer_rows.min(self.out_channels - channel);
                    let mut scalars = [outputs.as_ptr(); MAX_OUTER_ROWS];
                    for (row, scalar) in scalars.iter_mut().enumerate().take(rows) {
                        *scalar = outputs[(channel + row) * stride + tile..].as_ptr();
                    }
                    let product = OuterProduct {
                        rows,
                        columns: columns.min((self.padded_channels - first) / lanes),
                        scalars,
                        scalar_row_stride: 0,
                        vectors: vectors[tile * self.padded_channels + first..].as_ptr(),
                        vector_stride: self.padded_channels,
                        vector_row_stride: 0,
                        scalar_image_stride: 0,
                        vector_image_stride: 0,
                        images: 1,
                        height: 1,
                        width: block.min(count - tile),
                        sums: totals[channel * self.padded_channels + first..].as_mut_ptr(),
                        sums_stride: self.padded_channels,
                    };
                    // SAFETY: the scalars and vectors have all tiles of the block, the sums whole registers.
                    unsafe { self.kernels.outer_product(&product) };
                }
            }
        }
    }

    /// Turns the sums into gradients of kernels.
    fn transform(&self, totals: &[f32], weight_gradient: &mut [f32]) {
        let target = Shared::new(weight_gradient);
        (0..self.out_channels).into_par_iter().with_min_len(1024 / self.padded_channels + 1).for_each(|channel| {
            let transform = KernelTransform {
                source: totals[channel * self.padded_channels..].as_ptr(),
                place_stride: self.out_channels * self.padded_channels,
                channels: self.in_channels,
                target: target.at(channel * self.in_channels * 9),
            };
            // SAFETY: the sums have whole registers at every place; output channels are disjoint.
            unsafe { self.kernels.transform_kernels(&transform) };
        });
    }
}
