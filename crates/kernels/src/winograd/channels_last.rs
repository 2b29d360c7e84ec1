//! A convolution between feature maps by Winograd's algorithm. A task transforms some tiles, multiplies them point by
//! point and transforms the sums to outputs, without waiting for other tasks.

use super::filter::Filter;
use super::gemm::{PointSums, Transformed, multiply_points, multiply_rounded_points, tiles_of_task};
use super::tiles::{TileIn, TileOut, TileTransform};
use crate::bf16::values::Bf16Values;
use crate::channels_last::convolution::{CallWeights, ConvolutionCall, Placement};
use crate::channels_last::gemm_weights::{OutputBlock, blocks_of_task};
use crate::memory::scratch::Scratch;
use rayon::prelude::*;
use std::ops::Range;

impl ConvolutionCall<'_> {
    /// Splits the tiles of all images, and output channels where those are few.
    pub(crate) fn run_winograd(&self, filter: Filter) {
        let layer = self.layer;
        let [rows, columns] = filter.grid(layer.out_size);
        let tiles = self.batch * rows * columns;
        if tiles == 0 {
            return;
        }
        let at_once = tiles_of_task(layer.kernels, tiles, filter, layer.input.pitch);
        let tile_tasks = tiles.div_ceil(at_once);
        let blocks = self.weights.blocks();
        let blocks_at_once = blocks_of_task(blocks.len(), tile_tasks);
        let block_tasks = blocks.len().div_ceil(blocks_at_once);
        (0..tile_tasks * block_tasks).into_par_iter().with_max_len(1).for_each(|task| {
            let first = task / block_tasks * at_once;
            let first_block = task % block_tasks * blocks_at_once;
            let blocks = &blocks[first_block..(first_block + blocks_at_once).min(blocks.len())];
            self.run_tile_task(filter, [rows, columns], first..(first + at_once).min(tiles), blocks);
        });
    }

    fn run_tile_task(&self, filter: Filter, grid: [usize; 2], tiles: Range<usize>, blocks: &[OutputBlock]) {
        let inputs = Transformed::new(tiles.len(), self.layer.input.pitch);
        let kernels = self.layer.kernels;
        let sums = match self.weights {
            CallWeights::Single(weights) => {
                let mut transformed = Scratch::new(filter.points() * inputs.point_stride);
                for (index, tile) in tiles.clone().enumerate() {
                    let target = &mut transformed[inputs.at(0, index)..];
                    let tile = self.tile_in(filter, grid, tile, inputs, target);
                    // SAFETY: feature maps go on behind their images as far as a tile reaches; the target has room for
                    // all points.
                    unsafe { kernels.tile_in(&tile) };
                }
                multiply_points(kernels, weights, filter, blocks, tiles.len(), (inputs, &transformed))
            }
            CallWeights::Rounded(weights) => {
                let mut transformed = Bf16Values::scratch(filter.points() * inputs.point_stride);
                for (index, tile) in tiles.clone().enumerate() {
                    let target = &mut transformed[inputs.at(0, index)..];
                    let tile = self.tile_in(filter, grid, tile, inputs, target);
                    // SAFETY: as above.
                    unsafe { kernels.tile_in_rounded(&tile) };
                }
                multiply_rounded_points(kernels, weights, filter, blocks, tiles.len(), (inputs, &transformed))
            }
        };
        for (index, tile) in tiles.enumerate() {
            let PointSums { first_channel, layout, .. } = sums;
            self.transform_out(filter, grid, tile, first_channel, layout, &sums.values[layout.at(0, index)..]);
        }
    }

    fn tile_in<T>(
        &self,
        filter: Filter,
        grid: [usize; 2],
        tile: usize,
        inputs: Transformed,
        target: &mut [T],
    ) -> TileIn<T> {
        let layer = self.layer;
        let (image, [y, x]) = first_pixel(filter, grid, tile);
        let source = layer.input.offset(image, [y + layer.margin[0], x + layer.margin[1]], layer.padding);
        TileIn {
            transform: TileTransform::Input(filter),
            source: self.input[source..].as_ptr(),
            row_stride: layer.input.row_stride(),
            pitch: layer.input.pitch,
            channels: layer.input.pitch,
            target: target.as_mut_ptr(),
            point_stride: inputs.point_stride,
        }
    }

    fn transform_out(
        &self,
        filter: Filter,
        grid: [usize; 2],
        tile: usize,
        first_channel: usize,
        outputs: Transformed,
        source: &[f32],
    ) {
        let (image, [y, x]) = first_pixel(filter, grid, tile);
        let Placement { target, scale, .. } = self.placement;
        let [height, width] = self.layer.out_size;
        let end = first_channel + outputs.channels;
        let mut first = first_channel;
        while first < end {
            let next = self.placement.next_pixel(first).min(end);
            let transform = TileOut {
                filter,
                source: source[first - first_channel..].as_ptr(),
                point_stride: outputs.point_stride,
                channels: next - first,
                target: self.target.at(self.placement.offset(image, [y, x], first)),
                row_stride: scale * target.row_stride(),
                pitch: scale * target.pitch,
                size: [height - y, width - x],
                epilogue: self.epilogue.from(first),
            };
            // SAFETY: outputs are compared with the size of the image; tasks write disjoint tiles or channels.
            unsafe { self.layer.kernels.tile_out(&transform) };
            first = next;
        }
    }
}

/// The image and the first output of a tile, counted over the tiles of all images.
fn first_pixel(filter: Filter, [rows, columns]: [usize; 2], tile: usize) -> (usize, [usize; 2]) {
    let (image, within) = (tile / (rows * columns), tile % (rows * columns));
    let [height, width] = filter.out();
    (image, [within / columns * height, within % columns * width])
}
