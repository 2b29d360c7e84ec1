//! The gradient of 3x3 kernels with stride 1 by Winograd's transforms.
//!
//! The adjoint of F(4x4, 3x3): with input tiles d and gradients y of output tiles, the gradient of a kernel is
//! `Gᵀ [ Σ (A y Aᵀ) ⊙ (Bᵀ d B) ] G`. The sum over tiles is one product of matrices for each of the 36 places.

use crate::axis::Axis;
use crate::convolve::padded_axis;
use crate::cover::even_parts;
use crate::isa::{Kernels, WinogradUse};
use crate::microkernel::{MAX_OUTER_ROWS, OuterProduct};
use crate::prepared::tiles::Transformed;
use crate::prepared::transforms::{Filter, TileTransform};
use crate::scratch::{Scratch, Shared};
use crate::shape::{Conv2d, Padding};
use crate::turned::Turned;
use crate::winograd_transforms::{IN, KernelTransform, OUT};
use rayon::prelude::*;

/// Places of a transformed tile.
const PLACES: usize = Filter::Four.places();
/// Elements of transformed inputs and outputs at a time (16 MB), so that they stay in the last-level cache.
const TRANSFORMED_ELEMENTS: usize = 1 << 22;
/// Multiplications of a task that multiplies: some microseconds.
const PRODUCTS_PER_TASK: usize = 1 << 19;

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
        WinogradUse::IfFaster => is_faster(conv, output_size),
    }
}

fn is_faster(conv: &Conv2d, output_size: [usize; 2]) -> bool {
    if conv.in_channels.min(conv.out_channels) < 32 {
        return false;
    }
    let tiles = conv.batch * output_size.map(|size| size.div_ceil(OUT)).iter().product::<usize>();
    let multiplications = PLACES * tiles;
    let direct = 9 * conv.batch * output_size[0] * output_size[1];
    // The last transform costs each pair of channels as much as some 1000 multiplications.
    multiplications + 1000 < direct
}

/// Sums of products of transformed tiles.
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
    input: &[f32],
    output_gradient: &[f32],
    weight_gradient: &mut [f32],
) {
    let Conv2d { batch, in_channels, out_channels, in_height, in_width, .. } = *conv;
    let grid = output_size.map(|size| size.div_ceil(OUT));
    let input_axes = [padded_axis(conv, in_height, output_size[0], 3), padded_axis(conv, in_width, output_size[1], 3)];
    let output_axes = output_size.map(|size| Axis::new(size, 0, 0, size, Padding::Zero, 1));
    let inputs = Turned {
        kernels,
        source: input,
        channels: in_channels,
        size: [in_height, in_width],
        axes: &input_axes,
        grid,
        overlap: IN - OUT,
    };
    let outputs = Turned {
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
    let step = even_parts(rows, TRANSFORMED_ELEMENTS / (PLACES * (in_pitch + out_pitch) * grid[1]));
    let layouts = [in_pitch, out_pitch].map(|pitch| Transformed::new(step * grid[1], pitch));
    let [mut transformed_inputs, mut transformed_outputs] =
        layouts.map(|layout| Scratch::new(PLACES * layout.place_stride));
    let mut totals = Scratch::new(PLACES * out_channels * in_pitch);
    for first in (0..rows).step_by(step) {
        let rows = first..(first + step).min(rows);
        let of_inputs = TileTransform::Input(Filter::Four);
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
    /// Sets or adds the products of `count` tiles, `[place][tile][channel]`, to `[place][output channel][input channel]`.
    fn add(&self, operands: [(Transformed, &[f32]); 2], count: usize, accumulate: bool, totals: &mut [f32]) {
        let place = self.out_channels * self.in_pitch;
        let places = PRODUCTS_PER_TASK / (place * count) + 1;
        totals.par_chunks_exact_mut(place).with_min_len(places).enumerate().for_each(|(place, totals)| {
            let [inputs, outputs] = operands.map(|(layout, values)| &values[layout.at(place, 0)..]);
            self.multiply(inputs, outputs, count, accumulate, totals);
        });
    }

    /// The products of one place.
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

    /// Turns the sums into gradients of kernels.
    fn transform(&self, totals: &[f32], weight_gradient: &mut [f32]) {
        let target = Shared::new(weight_gradient);
        (0..self.out_channels).into_par_iter().with_min_len(1024 / self.in_pitch + 1).for_each(|channel| {
            let transform = KernelTransform {
                source: totals[channel * self.in_pitch..].as_ptr(),
                place_stride: self.out_channels * self.in_pitch,
                channels: self.in_channels,
                target: target.at(channel * self.in_channels * 9),
            };
            // SAFETY: the sums have whole registers at every place; output channels are disjoint.
            unsafe { self.kernels.transform_kernels(&transform) };
        });
    }
}
