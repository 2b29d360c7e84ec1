//! Winograd's minimal filtering F(4x4, 3x3): four times fewer multiplications for 3x3 kernels with stride 1.
//!
//! Each 4x4 tile of outputs comes from 6x6 inputs d: `Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A` (Lavin and Gray 2016,
//! <https://arxiv.org/abs/1509.09308>). The product ⊙ summed over channels is one GEMM for each of the 36 points of the
//! transform domain.
//!
//! The source is padded and converted to channels last. A task then transforms, multiplies and transforms back some
//! tiles without waiting for others, as in `channels_last.rs`.
//!
//! The transforms lose about one decimal digit: errors are around 1e-5 of the largest output, where the direct
//! convolution has 1e-6.

use super::columns::{IN, OUT};
use super::filter::Filter;
use super::gemm::{PointGemm, PointSums, Transformed, multiply_points, tiles_of_task};
use super::source::{Strip, TiledSource};
use super::tiles::{TileIn, TileOut, TileTransform};
use super::weights::{self, transform_part};
use crate::algorithm::FEW_TILES;
use crate::channels_last::gemm_weights::{GemmWeights, OutputBlock, blocks, blocks_of_task};
use crate::convolution::correlation::{Correlation, WeightLayout};
use crate::memory::scratch::Scratch;
use crate::memory::shared::Shared;
use crate::partition::even_parts;
use crate::simd::dispatch::Kernels;
use crate::simd::epilogue::{Epilogue, EpilogueActivation};
use crate::simd::transpose::Transposition;
use crate::simd::vector::MAX_LANES;
use rayon::prelude::*;
use std::ops::Range;

const FILTER: Filter = Filter::F4;
/// Elements of padded channels-last sources at a time (16 MB).
const SOURCE_ELEMENTS: usize = 1 << 22;
/// Input channels whose weights are transformed at a time: with 64 output channels 576 KB.
const INPUTS_PER_PART: usize = 64;
/// Rows and columns that tiles of inputs share.
const OVERLAP: usize = IN - OUT;

/// Where outputs go.
#[derive(Clone, Copy)]
enum Target {
    /// `[image][channel][row][column]`
    Planes(Shared),
    /// `[image][row][column][channel]`, pixels so many elements apart: whole registers.
    Pixels(Shared, usize),
}

/// Neighbouring tiles of a row.
struct Run<'a> {
    image: usize,
    /// Row and column of the first output.
    first: [usize; 2],
    count: usize,
    sums: &'a PointSums,
    /// Where the first tile lies in the sums.
    start: usize,
}

/// A correlation that is computed by tiles.
struct Winograd<'a> {
    kernels: &'a Kernels,
    correlation: &'a Correlation<'a>,
    source: TiledSource<'a>,
    /// For whole registers of target channels.
    bias: Vec<f32>,
    target: Target,
}

/// Computes a correlation of a 3x3 kernel with stride 1.
pub(crate) fn correlate(
    kernels: &Kernels,
    correlation: &Correlation<'_>,
    weight: &[f32],
    layout: &WeightLayout,
    bias: Option<&[f32]>,
    target: &mut [f32],
) {
    Winograd::new(kernels, correlation, bias, Target::Planes(Shared::new(target))).run(weight, layout);
}

/// Computes a correlation of a 3x3 kernel with stride 1, channels last. Returns the pixels, their channels filled up to
/// whole registers, and the elements from one to the next.
pub(crate) fn correlate_to_pixels(
    kernels: &Kernels,
    correlation: &Correlation<'_>,
    weight: &[f32],
    layout: &WeightLayout,
) -> (Scratch, usize) {
    let pitch = correlation.target_channels.next_multiple_of(kernels.lanes);
    let mut pixels = Scratch::new(correlation.batch * correlation.target_size.iter().product::<usize>() * pitch);
    Winograd::new(kernels, correlation, None, Target::Pixels(Shared::new(&mut pixels), pitch)).run(weight, layout);
    (pixels, pitch)
}

impl<'a> Winograd<'a> {
    fn new(kernels: &'a Kernels, correlation: &'a Correlation<'a>, bias: Option<&[f32]>, target: Target) -> Self {
        let mut bias = bias.map_or_else(Vec::new, <[f32]>::to_vec);
        bias.resize(correlation.target_channels.next_multiple_of(kernels.lanes), 0.0);
        let source = TiledSource {
            kernels,
            source: correlation.source,
            channels: correlation.source_channels,
            size: correlation.source_size,
            axes: &correlation.axes,
            grid: correlation.target_size.map(|size| size.div_ceil(OUT)),
            overlap: OVERLAP,
        };
        Self { kernels, correlation, source, bias, target }
    }

    fn run(&self, weight: &[f32], layout: &WeightLayout) {
        let source = &self.source;
        let rows = self.correlation.batch * source.grid[0];
        if rows == 0 {
            return;
        }
        if rows * source.grid[1] <= FEW_TILES {
            self.run_few_tiles(weight, layout);
            return;
        }
        let at_once = even_parts(rows, SOURCE_ELEMENTS / (IN * source.row_stride()));
        let mut pixels = Scratch::new(source.most_rows(at_once) * source.row_stride());
        let mut weights = weights::for_call(self.kernels, layout);
        for first in (0..rows).step_by(at_once) {
            let strips = source.strips(first..(first + at_once).min(rows));
            if first == 0 {
                // Beside the weights: one wait less for the other threads.
                rayon::join(
                    || weights::fill(&mut weights, self.kernels, weight, layout),
                    || source.convert(&strips, &mut pixels),
                );
            } else {
                source.convert(&strips, &mut pixels);
            }
            self.run_strips(&strips, &weights, &pixels);
        }
    }

    /// Computes all outputs where weights are more work than tiles. A task has all tiles and a block of output channels;
    /// weights are transformed part by part, and each part is used for all tiles while it lies in the second-level cache.
    fn run_few_tiles(&self, weight: &[f32], layout: &WeightLayout) {
        let (source, lanes) = (&self.source, self.kernels.lanes);
        let rows = self.correlation.batch * source.grid[0];
        let tiles = rows * source.grid[1];
        let inputs = Transformed::new(tiles, source.pitch());
        let mut transformed = Scratch::new(FILTER.points() * inputs.point_stride);
        source.transform_tiles(TileTransform::Input(FILTER), 0..rows, inputs, &mut transformed);
        let strips = source.strips(0..rows);
        let part = even_parts(layout.source_channels, INPUTS_PER_PART);
        // Outputs do not depend on how channels are divided, so that the number of threads may.
        let registers = self.correlation.target_channels.div_ceil(lanes);
        let columns = registers.div_ceil(rayon::current_num_threads()).min(self.kernels.outer_columns);
        let blocks = blocks(self.kernels, columns, registers, 0);
        blocks.par_iter().with_max_len(1).for_each(|block| {
            let width = block.columns * lanes;
            let point_stride = part * width + MAX_LANES;
            let mut weights = Scratch::new(FILTER.points() * point_stride);
            let sums_layout = Transformed::new(tiles, width);
            let mut sums = Scratch::new(FILTER.points() * sums_layout.point_stride);
            for first in (0..layout.source_channels).step_by(part) {
                let channels = first..(first + part).min(layout.source_channels);
                let target = weights.as_mut_ptr();
                // SAFETY: the weights of this task have room for a part at every point.
                unsafe {
                    transform_part(self.kernels, weight, layout, block, channels.clone(), target, point_stride);
                }
                for point in 0..FILTER.points() {
                    let point_gemm = PointGemm {
                        kernels: self.kernels,
                        columns: block.columns,
                        tiles,
                        source: &transformed[inputs.at(point, 0)..][..inputs.point_stride],
                        target: sums[sums_layout.at(point, 0)..].as_mut_ptr(),
                        strides: [inputs.channels, width],
                    };
                    // SAFETY: the sums of this task have room for all tiles at every point.
                    unsafe { point_gemm.add(channels.clone(), weights[point * point_stride..].as_ptr()) };
                }
            }
            let sums = PointSums { first_channel: block.first, layout: sums_layout, values: sums };
            self.write(&strips, 0..tiles, std::slice::from_ref(block), &sums);
        });
    }

    /// Computes the outputs of strips.
    fn run_strips(&self, strips: &[Strip], weights: &GemmWeights, pixels: &[f32]) {
        let tiles: usize = strips.iter().map(|strip| strip.tile_rows.len() * self.source.grid[1]).sum();
        let at_once = tiles_of_task(self.kernels, tiles, FILTER, self.source.pitch());
        let tile_tasks = tiles.div_ceil(at_once);
        let blocks = &weights.blocks;
        let blocks_at_once = blocks_of_task(blocks.len(), tile_tasks);
        let block_tasks = blocks.len().div_ceil(blocks_at_once);
        (0..tile_tasks * block_tasks).into_par_iter().with_max_len(1).for_each(|task| {
            let first = task / block_tasks * at_once;
            let first_block = task % block_tasks * blocks_at_once;
            let blocks = &blocks[first_block..(first_block + blocks_at_once).min(blocks.len())];
            self.run_task(strips, first..(first + at_once).min(tiles), blocks, weights, pixels);
        });
    }

    fn run_task(
        &self,
        strips: &[Strip],
        tiles: Range<usize>,
        blocks: &[OutputBlock],
        weights: &GemmWeights,
        pixels: &[f32],
    ) {
        let inputs = Transformed::new(tiles.len(), self.source.pitch());
        let mut transformed = Scratch::new(FILTER.points() * inputs.point_stride);
        for (index, tile) in tiles.clone().enumerate() {
            let (strip, position) = self.source.tile(strips, tile);
            let transform = TileIn {
                transform: TileTransform::Input(FILTER),
                source: pixels[self.source.offset(strip, position)..].as_ptr(),
                row_stride: self.source.row_stride(),
                pitch: self.source.pitch(),
                channels: self.source.pitch(),
                target: transformed[inputs.at(0, index)..].as_mut_ptr(),
                point_stride: inputs.point_stride,
            };
            // SAFETY: strips have two rows and columns more than their tiles have outputs; the target has all points.
            unsafe { self.kernels.tile_in(&transform) };
        }
        let sums = multiply_points(self.kernels, weights, FILTER, blocks, tiles.len(), (inputs, &transformed));
        self.write(strips, tiles, blocks, &sums);
    }

    /// Transforms the sums of some tiles to outputs of the channels of blocks.
    fn write(&self, strips: &[Strip], tiles: Range<usize>, blocks: &[OutputBlock], sums: &PointSums) {
        let mut start = tiles.start;
        while start < tiles.end {
            let (strip, [row, column]) = self.source.tile(strips, start);
            let count = (self.source.grid[1] - column).min(tiles.end - start);
            let run = Run {
                image: strip.image,
                first: [(strip.tile_rows.start + row) * OUT, column * OUT],
                count,
                sums,
                start: sums.layout.at(0, start - tiles.start),
            };
            for block in blocks {
                match self.target {
                    Target::Planes(target) => self.write_planes(&run, block, target),
                    Target::Pixels(target, pitch) => self.write_pixels(&run, block, target, pitch),
                }
            }
            start += count;
        }
    }

    /// Transforms a run to outputs of a block's channels, and transposes these to planes.
    fn write_planes(&self, run: &Run<'_>, block: &OutputBlock, target: Shared) {
        let ([height, width], [y, x]) = (self.correlation.target_size, run.first);
        let channels = block.columns * self.kernels.lanes;
        let row_stride = run.count * OUT * channels;
        let mut pixels = Scratch::new(OUT * row_stride);
        // SAFETY: the pixels have room for whole tiles.
        unsafe { self.transform_out(run, block, pixels.as_mut_ptr(), [row_stride, channels], [OUT, run.count * OUT]) };
        let wanted = channels.min(self.correlation.target_channels - block.first);
        for row in 0..OUT.min(height - y) {
            let plane = run.image * self.correlation.target_channels + block.first;
            let matrix = Transposition {
                source: pixels[row * row_stride..].as_ptr(),
                source_stride: channels,
                rows: (run.count * OUT).min(width - x),
                columns: wanted,
                target: target.at((plane * height + y + row) * width + x),
                target_stride: height * width,
                fill: 0,
            };
            // SAFETY: the rows are those of the run, the target is within its planes; tasks write disjoint tiles or
            // channels.
            unsafe { self.kernels.transpose(&matrix) };
        }
    }

    /// Transforms a run to outputs of a block's channels.
    fn write_pixels(&self, run: &Run<'_>, block: &OutputBlock, target: Shared, pitch: usize) {
        let ([height, width], [y, x]) = (self.correlation.target_size, run.first);
        let first = ((run.image * height + y) * width + x) * pitch + block.first;
        // SAFETY: what is written is limited to the image; tasks write disjoint tiles or channels.
        unsafe {
            self.transform_out(run, block, target.at(first), [width * pitch, pitch], [height - y, width - x]);
        }
    }

    /// Transforms a run to outputs of a block's channels, of which the target has `size[0]` rows and `size[1]` columns,
    /// `strides` elements apart.
    ///
    /// # Safety
    /// The target is valid for these outputs of whole registers of channels, and no other thread touches them.
    unsafe fn transform_out(
        &self,
        run: &Run<'_>,
        block: &OutputBlock,
        target: *mut f32,
        [row_stride, pitch]: [usize; 2],
        [rows, columns]: [usize; 2],
    ) {
        let PointSums { first_channel, layout, values } = run.sums;
        let epilogue = Epilogue {
            bias: self.bias.as_ptr(),
            activation: EpilogueActivation::Linear,
            prelu_weight: std::ptr::null(),
            residual: None,
        };
        for index in 0..run.count {
            let source = run.start + index * layout.channels + block.first - first_channel;
            let transform = TileOut {
                filter: FILTER,
                source: values[source..].as_ptr(),
                point_stride: layout.point_stride,
                channels: block.columns * self.kernels.lanes,
                target: target.wrapping_add(index * OUT * pitch),
                row_stride,
                pitch,
                size: [rows, columns - index * OUT],
                epilogue: epilogue.from(block.first),
            };
            // SAFETY: the sums hold the block's channels at every point, the bias has whole registers; the caller vouches
            // for the target.
            unsafe { self.kernels.tile_out(&transform) };
        }
    }
}
