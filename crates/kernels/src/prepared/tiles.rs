//! A convolution by Winograd's algorithm. A task transforms some tiles, multiplies them place by place and transforms
//! the sums to outputs, without waiting for other tasks.

use super::direct::{INPUTS_PER_CHUNK, TASKS_WANTED};
use super::product::Product;
use super::transforms::{Filter, TileIn, TileOut, TileTransform};
use super::weights::{OutputBlock, PreparedWeights};
use super::{Job, Placement, part};
use crate::cover::even_parts;
use crate::isa::Kernels;
use crate::microkernel::MAX_OUTER_ROWS as MAX_ROWS;
use crate::scratch::{Scratch, Shared};
use crate::vector::MAX_LANES;
use rayon::prelude::*;
use std::ops::Range;

/// Tiles of a task.
const TILES_PER_TASK: usize = 48;
/// Transformed inputs (1 MB) above which a task takes fewer tiles.
const TRANSFORMED_ELEMENTS: usize = 1 << 18;
/// Fewest tiles of a task, where there are as many.
const FEWEST_TILES: usize = 24;

/// Tiles of each task but the last.
pub(crate) fn tiles_of_task(kernels: &Kernels, tiles: usize, filter: Filter, channels: usize) -> usize {
    let fitting = TRANSFORMED_ELEMENTS / (filter.places() * channels);
    part(tiles, fitting.clamp(FEWEST_TILES, TILES_PER_TASK), kernels.outer_rows)
}

/// Where transformed tiles lie: `[place][tile][channel]`. A line of the cache between places keeps their addresses
/// from falling into the same few sets.
#[derive(Clone, Copy)]
pub(crate) struct Transformed {
    pub(crate) channels: usize,
    pub(crate) place_stride: usize,
}

impl Transformed {
    pub(crate) fn new(tiles: usize, channels: usize) -> Self {
        Self { channels, place_stride: (tiles * channels).next_multiple_of(MAX_LANES) + MAX_LANES }
    }

    pub(crate) fn at(&self, place: usize, tile: usize) -> usize {
        place * self.place_stride + tile * self.channels
    }
}

impl Job<'_> {
    /// Splits the tiles of all pictures, and output channels where those are few.
    pub(super) fn run_tiles(&self, filter: Filter) {
        let convolution = self.convolution;
        let [rows, columns] = convolution.out_size.map(|size| size.div_ceil(filter.out()));
        let tiles = self.batch * rows * columns;
        if tiles == 0 {
            return;
        }
        let at_once = tiles_of_task(convolution.kernels, tiles, filter, convolution.input.pitch);
        let tile_tasks = tiles.div_ceil(at_once);
        let blocks = &self.weights.blocks;
        let blocks_at_once = even_parts(blocks.len(), blocks.len().div_ceil(TASKS_WANTED.div_ceil(tile_tasks)));
        let block_tasks = blocks.len().div_ceil(blocks_at_once);
        (0..tile_tasks * block_tasks).into_par_iter().with_max_len(1).for_each(|task| {
            let first = task / block_tasks * at_once;
            let first_block = task % block_tasks * blocks_at_once;
            let blocks = &blocks[first_block..(first_block + blocks_at_once).min(blocks.len())];
            self.run_tile_task(filter, [rows, columns], first..(first + at_once).min(tiles), blocks);
        });
    }

    fn run_tile_task(&self, filter: Filter, grid: [usize; 2], tiles: Range<usize>, blocks: &[OutputBlock]) {
        let inputs = Transformed::new(tiles.len(), self.convolution.input.pitch);
        let mut transformed = Scratch::new(filter.places() * inputs.place_stride);
        for (index, tile) in tiles.clone().enumerate() {
            self.transform_in(filter, grid, tile, inputs, &mut transformed[inputs.at(0, index)..]);
        }
        let (kernels, weights) = (self.convolution.kernels, self.weights);
        let sums = multiply_places(kernels, weights, filter, blocks, tiles.len(), (inputs, &transformed));
        for (index, tile) in tiles.enumerate() {
            let Sums { first_channel, layout, .. } = sums;
            self.transform_out(filter, grid, tile, first_channel, layout, &sums.values[layout.at(0, index)..]);
        }
    }

    fn transform_in(&self, filter: Filter, grid: [usize; 2], tile: usize, inputs: Transformed, target: &mut [f32]) {
        let convolution = self.convolution;
        let (image, pixel) = first_pixel(filter, grid, tile);
        let source = convolution.input.offset(image, pixel, convolution.padding);
        let transform = TileIn {
            transform: TileTransform::Input(filter),
            source: self.input[source..].as_ptr(),
            row_stride: convolution.input.row_stride(),
            pitch: convolution.input.pitch,
            channels: convolution.input.pitch,
            target: target.as_mut_ptr(),
            place_stride: inputs.place_stride,
        };
        // SAFETY: maps go on behind their pictures as far as a tile reaches; the target has room for all places.
        unsafe { convolution.kernels.tile_in(&transform) };
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
        let Placement { map, scale, .. } = self.placement;
        let [height, width] = self.convolution.out_size;
        let end = first_channel + outputs.channels;
        let mut first = first_channel;
        while first < end {
            let next = self.placement.next_pixel(first).min(end);
            let transform = TileOut {
                filter,
                source: source[first - first_channel..].as_ptr(),
                place_stride: outputs.place_stride,
                channels: next - first,
                target: self.target.at(self.placement.offset(image, [y, x], first)),
                row_stride: scale * map.row_stride(),
                pitch: scale * map.pitch,
                size: [height - y, width - x],
                finish: self.finish.from(first),
            };
            // SAFETY: outputs are compared with the size of the picture; tasks write disjoint tiles or channels.
            unsafe { self.convolution.kernels.tile_out(&transform) };
            first = next;
        }
    }
}

/// Products of tiles and weights at every place, for the channels of some blocks beside each other.
pub(crate) struct Sums {
    /// The channel that lies first.
    pub(crate) first_channel: usize,
    pub(crate) layout: Transformed,
    pub(crate) values: Scratch,
}

/// Sums over input channels at every place; `inputs` are transformed tiles and where they lie.
pub(crate) fn multiply_places(
    kernels: &Kernels,
    weights: &PreparedWeights,
    filter: Filter,
    blocks: &[OutputBlock],
    tiles: usize,
    (inputs, transformed): (Transformed, &[f32]),
) -> Sums {
    let first_channel = blocks.first().map_or(0, |block| block.first);
    let end = blocks.last().map_or(0, |block| block.first + block.columns * kernels.lanes);
    let layout = Transformed::new(tiles, end - first_channel);
    let mut values = Scratch::new(filter.places() * layout.place_stride);
    let shared = Shared::new(&mut values);
    let chunk = even_parts(weights.depth, INPUTS_PER_CHUNK);
    for place in 0..filter.places() {
        for block in blocks {
            let product = PlaceProduct {
                kernels,
                columns: block.columns,
                tiles,
                source: &transformed[inputs.at(place, 0)..][..inputs.place_stride],
                target: shared.at(layout.at(place, 0) + block.first - first_channel),
                strides: [inputs.channels, layout.channels],
            };
            for input in (0..weights.depth).step_by(chunk) {
                let inputs = input..(input + chunk).min(weights.depth);
                // SAFETY: the sums are this call's own and have room for all places, tiles and channels.
                unsafe { product.add(inputs, weights.from(block, place, input)) };
            }
        }
    }
    Sums { first_channel, layout, values }
}

/// Sums over input channels at one place, for some tiles and the channels of a block.
pub(crate) struct PlaceProduct<'a> {
    pub(crate) kernels: &'a Kernels,
    /// Registers of output channels.
    pub(crate) columns: usize,
    pub(crate) tiles: usize,
    /// All input channels of each tile.
    pub(crate) source: &'a [f32],
    /// The block's channels of the first tile.
    pub(crate) target: *mut f32,
    /// Elements from a tile to the next, in source and target.
    pub(crate) strides: [usize; 2],
}

impl PlaceProduct<'_> {
    /// Adds the products of some inputs to the sums, or sets these with the first inputs.
    ///
    /// # Safety
    /// The weights are valid for the inputs and whole registers of outputs, the target for all tiles; no other thread
    /// touches the target.
    pub(crate) unsafe fn add(&self, inputs: Range<usize>, weights: *const f32) {
        let mut product = Product {
            rows: 0,
            columns: self.columns,
            scalars: [std::ptr::null(); MAX_ROWS],
            segments: 1,
            segment_step: 0,
            depth: inputs.len(),
            weights,
            targets: [std::ptr::null_mut(); MAX_ROWS],
            accumulate: inputs.start > 0,
            finish: None,
        };
        for first in (0..self.tiles).step_by(self.kernels.outer_rows) {
            product.rows = self.kernels.outer_rows.min(self.tiles - first);
            for row in 0..product.rows {
                product.scalars[row] = self.source[(first + row) * self.strides[0] + inputs.start..].as_ptr();
                product.targets[row] = self.target.wrapping_add((first + row) * self.strides[1]);
            }
            // SAFETY: the source holds all channels of the tiles; the caller vouches for the rest.
            unsafe { self.kernels.product(&product) };
        }
    }
}

/// The picture and the first output of a tile, counted over the tiles of all pictures.
fn first_pixel(filter: Filter, [rows, columns]: [usize; 2], tile: usize) -> (usize, [usize; 2]) {
    let (image, within) = (tile / (rows * columns), tile % (rows * columns));
    (image, [within / columns * filter.out(), within % columns * filter.out()])
}
