//! The gradient of 3x3 kernels with stride 1 by Winograd's transforms.
//!
//! The adjoint of F(4x4, 3x3): with input tiles d and gradients y of output tiles, the gradient of a kernel is
//! `Gᵀ [ Σ (A y Aᵀ) ⊙ (Bᵀ d B) ] G`. The sum over tiles is one GEMM for each of the 36 points of
//! the transform domain.

use super::columns::{IN, OUT};
use super::filter::Filter;
use super::gemm::Transformed;
use super::source::TiledSource;
use super::tiles::TileTransform;
use super::weight_transforms::KernelTransform;
use crate::convolution::axis::{Axis, padded_axis};
use crate::convolution::padding::Padding;
use crate::convolution::shape::Conv2d;
use crate::memory::scratch::Scratch;
use crate::memory::shared::Shared;
use crate::partition::even_parts;
use crate::simd::dispatch::Kernels;
use crate::simd::outer_product::{MAX_OUTER_ROWS, OuterProduct};
use rayon::prelude::*;

/// Points of a tile in the transform domain.
const POINTS: usize = Filter::F4.points();
/// Elements of transformed inputs and outputs at a time (16 MB), so that they stay in the last-level cache.
const TRANSFORMED_ELEMENTS: usize = 1 << 22;
/// Multiplications of a task that multiplies: some microseconds.
const MULTIPLICATIONS_PER_TASK: usize = 1 << 19;

/// Tiles whose products are summed before sums go to memory; their vectors stay in the first-level cache.
const TILES_PER_SUM: usize = 96;

/// The GEMMs of transformed inputs and output gradients, and their sizes.
struct Sums<'a> {
    kernels: &'a Kernels,
    in_channels: usize,
    /// Input channels, filled up to whole registers of any width.
    in_pitch: usize,
    out_channels: usize,
    out_pitch: usize,
}

/// Overwrites `weight_gradient`.
pub(crate) fn weight_gradient(
    kernels: &Kernels,
    conv: &Conv2d,
    output_size: [usize; 2],
    [input, output_gradient]: [&[f32]; 2],
    weight_gradient: &mut [f32],
) {
    let Conv2d { batch, in_channels, out_channels, in_height, in_width, .. } = *conv;
    let grid = output_size.map(|size| size.div_ceil(OUT));
    let input_axes = [padded_axis(conv, in_height, output_size[0], 3), padded_axis(conv, in_width, output_size[1], 3)];
    let output_axes = output_size.map(|size| Axis::new(size, 0, 0, size, Padding::Zero, 1));
    let inputs = TiledSource {
        kernels,
        source: input,
        channels: in_channels,
        size: [in_height, in_width],
        axes: &input_axes,
        grid,
        overlap: IN - OUT,
    };
    let outputs = TiledSource {
        kernels,
        source: output_gradient,
        channels: out_channels,
        size: output_size,
        axes: &output_axes,
        grid,
        overlap: 0,
    };
    let (in_pitch, out_pitch) = (inputs.pitch(), outputs.pitch());
    let sums = Sums { kernels, in_channels, in_pitch, out_channels, out_pitch };
    let rows = batch * grid[0];
    let step = even_parts(rows, TRANSFORMED_ELEMENTS / (POINTS * (in_pitch + out_pitch) * grid[1]));
    let layouts = [in_pitch, out_pitch].map(|pitch| Transformed::new(step * grid[1], pitch));
    let [mut transformed_inputs, mut transformed_outputs] =
        layouts.map(|layout| Scratch::new(POINTS * layout.point_stride));
    let mut totals = Scratch::new(POINTS * out_channels * in_pitch);
    for first in (0..rows).step_by(step) {
        let rows = first..(first + step).min(rows);
        let of_inputs = TileTransform::Input(Filter::F4);
        rayon::join(
            || inputs.transform_tiles(of_inputs, rows.clone(), layouts[0], &mut transformed_inputs),
            || {
                outputs.transform_tiles(
                    TileTransform::OutputGradient,
                    rows.clone(),
                    layouts[1],
                    &mut transformed_outputs,
                )
            },
        );
        let operands = [(layouts[0], &transformed_inputs[..]), (layouts[1], &transformed_outputs[..])];
        sums.add(operands, rows.len() * grid[1], first > 0, &mut totals);
    }
    sums.transform(&totals, weight_gradient);
}

impl Sums<'_> {
    /// Runs the GEMMs over `count` tiles, `[point][tile][channel]`; sets `[point][output channel][input channel]` or
    /// adds to it.
    fn add(&self, operands: [(Transformed, &[f32]); 2], count: usize, accumulate: bool, totals: &mut [f32]) {
        let len = self.out_channels * self.in_pitch;
        let points = MULTIPLICATIONS_PER_TASK / (len * count) + 1;
        totals.par_chunks_exact_mut(len).with_min_len(points).enumerate().for_each(|(point, totals)| {
            let [inputs, outputs] = operands.map(|(layout, values)| &values[layout.at(point, 0)..]);
            self.multiply(inputs, outputs, count, accumulate, totals);
        });
    }

    /// The GEMM of one point.
    fn multiply(&self, inputs: &[f32], outputs: &[f32], count: usize, accumulate: bool, totals: &mut [f32]) {
        let lanes = self.kernels.lanes;
        let columns = even_parts(self.in_pitch / lanes, self.kernels.outer_columns);
        let block = even_parts(count, TILES_PER_SUM);
        for tile in (0..count).step_by(block) {
            for first in (0..self.in_pitch).step_by(columns * lanes) {
                for channel in (0..self.out_channels).step_by(self.kernels.outer_rows) {
                    let rows = self.kernels.outer_rows.min(self.out_channels - channel);
                    let streams = &outputs[tile * self.out_pitch + channel..];
                    let mut scalars = [streams.as_ptr(); MAX_OUTER_ROWS];
                    for (row, scalar) in scalars.iter_mut().enumerate().take(rows) {
                        *scalar = streams[row..].as_ptr();
                    }
                    let product = OuterProduct {
                        rows,
                        columns: columns.min((self.in_pitch - first) / lanes),
                        scalars,
                        scalar_stride: self.out_pitch,
                        scalar_row_stride: 0,
                        vectors: inputs[tile * self.in_pitch + first..].as_ptr(),
                        vector_stride: self.in_pitch,
                        vector_row_stride: 0,
                        scalar_image_stride: 0,
                        vector_image_stride: 0,
                        images: 1,
                        height: 1,
                        width: block.min(count - tile),
                        sums: totals[channel * self.in_pitch + first..].as_mut_ptr(),
                        sums_stride: self.in_pitch,
                        accumulate: accumulate || tile > 0,
                    };
                    // SAFETY: the scalars and vectors have all tiles of the block, the sums whole registers.
                    unsafe { self.kernels.outer_product(&product) };
                }
            }
        }
    }

    /// Transforms the sums to gradients of kernels.
    fn transform(&self, totals: &[f32], weight_gradient: &mut [f32]) {
        let target = Shared::new(weight_gradient);
        (0..self.out_channels).into_par_iter().with_min_len(1024 / self.in_pitch + 1).for_each(|channel| {
            let transform = KernelTransform {
                source: totals[channel * self.in_pitch..].as_ptr(),
                point_stride: self.out_channels * self.in_pitch,
                channels: self.in_channels,
                target: target.at(channel * self.in_channels * 9),
            };
            // SAFETY: the sums have whole registers at every point; output channels are disjoint.
            unsafe { self.kernels.transform_kernels(&transform) };
        });
    }
}
