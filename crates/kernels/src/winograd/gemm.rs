//! The multiplications of F(4x4, 3x3) and F(2x2, 3x3): one GEMM of tiles and weights for each transform-domain point.

use super::filter::Filter;
use crate::bf16::gemm::{PAIRS_PER_CHUNK, PairGemm};
use crate::bf16::weights::PairWeights;
use crate::channels_last::gemm_weights::{GemmWeights, OutputBlock};
use crate::memory::scratch::Scratch;
use crate::memory::shared::Shared;
use crate::partition::{even_multiples, even_parts};
use crate::simd::dispatch::Kernels;
use crate::simd::gemm::{Gemm, INPUTS_PER_CHUNK};
use crate::simd::outer_product::MAX_OUTER_ROWS as MAX_ROWS;
use crate::simd::vector::MAX_LANES;
use std::ops::Range;

/// Tiles of a task.
const TILES_PER_TASK: usize = 48;
/// Transformed inputs (1 MB) above which a task takes fewer tiles.
const TRANSFORMED_ELEMENTS: usize = 1 << 18;
/// Fewest tiles of a task, where there are as many.
const FEWEST_TILES: usize = 24;

/// Tiles of each task but the last.
pub(crate) fn tiles_of_task(kernels: &Kernels, tiles: usize, filter: Filter, channels: usize) -> usize {
    let fitting = TRANSFORMED_ELEMENTS / (filter.points() * channels);
    even_multiples(tiles, fitting.clamp(FEWEST_TILES, TILES_PER_TASK), kernels.outer_rows)
}

/// Where transformed tiles lie: `[point][tile][channel]`. A line of the cache between points keeps their addresses
/// from falling into the same few sets.
#[derive(Clone, Copy)]
pub(crate) struct Transformed {
    pub(crate) channels: usize,
    pub(crate) point_stride: usize,
}

impl Transformed {
    pub(crate) fn new(tiles: usize, channels: usize) -> Self {
        Self { channels, point_stride: (tiles * channels).next_multiple_of(MAX_LANES) + MAX_LANES }
    }

    pub(crate) fn at(&self, point: usize, tile: usize) -> usize {
        point * self.point_stride + tile * self.channels
    }
}

/// Results of the GEMM at every point, for the output channels of some neighbouring blocks.
pub(crate) struct PointSums {
    /// The channel that lies first.
    pub(crate) first_channel: usize,
    pub(crate) layout: Transformed,
    pub(crate) values: Scratch,
}

/// Sums over input channels at every point; `inputs` are transformed tiles and where they lie.
pub(crate) fn multiply_points(
    kernels: &Kernels,
    weights: &GemmWeights,
    filter: Filter,
    blocks: &[OutputBlock],
    tiles: usize,
    (inputs, transformed): (Transformed, &[f32]),
) -> PointSums {
    let first_channel = blocks.first().map_or(0, |block| block.first);
    let end = blocks.last().map_or(0, |block| block.first + block.columns * kernels.lanes);
    let layout = Transformed::new(tiles, end - first_channel);
    let mut values = Scratch::new(filter.points() * layout.point_stride);
    let shared = Shared::new(&mut values);
    let chunk = even_parts(weights.depth, INPUTS_PER_CHUNK);
    for point in 0..filter.points() {
        for block in blocks {
            let point_gemm = PointGemm {
                kernels,
                columns: block.columns,
                tiles,
                source: &transformed[inputs.at(point, 0)..][..inputs.point_stride],
                target: shared.at(layout.at(point, 0) + block.first - first_channel),
                strides: [inputs.channels, layout.channels],
            };
            for input in (0..weights.depth).step_by(chunk) {
                let inputs = input..(input + chunk).min(weights.depth);
                // SAFETY: the sums are this call's own and have room for all points, tiles and channels.
                unsafe { point_gemm.add(inputs, weights.from(block, point, input)) };
            }
        }
    }
    PointSums { first_channel, layout, values }
}

/// As [`multiply_points`], of bf16 values.
pub(crate) fn multiply_rounded_points(
    kernels: &Kernels,
    weights: &PairWeights,
    filter: Filter,
    blocks: &[OutputBlock],
    tiles: usize,
    (inputs, transformed): (Transformed, &[u16]),
) -> PointSums {
    let first_channel = blocks.first().map_or(0, |block| block.first);
    let end = blocks.last().map_or(0, |block| block.first + block.columns * kernels.lanes);
    let layout = Transformed::new(tiles, end - first_channel);
    let mut values = Scratch::new(filter.points() * layout.point_stride);
    let shared = Shared::new(&mut values);
    let chunk = even_parts(weights.pairs, PAIRS_PER_CHUNK);
    for point in 0..filter.points() {
        let source = &transformed[inputs.at(point, 0)..][..inputs.point_stride];
        for block in blocks {
            for pair in (0..weights.pairs).step_by(chunk) {
                let gemm = PairGemm {
                    rows: tiles,
                    columns: block.columns,
                    source: source[pair * 2..].as_ptr(),
                    source_step: inputs.channels,
                    segments: 1,
                    segment_step: 0,
                    pairs: chunk.min(weights.pairs - pair),
                    weights: weights.from(block, point, pair),
                    target: shared.at(layout.at(point, 0) + block.first - first_channel),
                    target_step: layout.channels,
                    accumulate: pair > 0,
                    epilogue: None,
                };
                // SAFETY: the source holds all channels of the tiles, whole registers and so whole pairs; the sums are
                // this call's own and have room for all points, tiles and channels.
                unsafe { kernels.pair_gemm(&gemm) };
            }
        }
    }
    PointSums { first_channel, layout, values }
}

/// Sums over input channels at one point, for some tiles and the channels of a block.
pub(crate) struct PointGemm<'a> {
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

impl PointGemm<'_> {
    /// Runs the GEMM over some input channels: adds to the sums, or sets them with the first input channels.
    ///
    /// # Safety
    /// The weights are valid for the inputs and whole registers of outputs, the target for all tiles; no other thread
    /// touches the target.
    pub(crate) unsafe fn add(&self, inputs: Range<usize>, weights: *const f32) {
        let mut gemm = Gemm {
            rows: 0,
            columns: self.columns,
            scalars: [std::ptr::null(); MAX_ROWS],
            segments: 1,
            segment_step: 0,
            depth: inputs.len(),
            weights,
            targets: [std::ptr::null_mut(); MAX_ROWS],
            accumulate: inputs.start > 0,
            epilogue: None,
        };
        for first in (0..self.tiles).step_by(self.kernels.outer_rows) {
            gemm.rows = self.kernels.outer_rows.min(self.tiles - first);
            for row in 0..gemm.rows {
                gemm.scalars[row] = self.source[(first + row) * self.strides[0] + inputs.start..].as_ptr();
                gemm.targets[row] = self.target.wrapping_add((first + row) * self.strides[1]);
            }
            // SAFETY: the source holds all channels of the tiles; the caller vouches for the rest.
            unsafe { self.kernels.gemm(&gemm) };
        }
    }
}
