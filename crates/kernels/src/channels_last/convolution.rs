//! A convolution between feature maps, and its direct algorithm: sums of products of inputs and weights, position by
//! position.

use super::gemm_weights::{GemmWeights, OutputBlock, blocks_of_task};
use super::shape::FeatureMapShape;
use crate::convolution::padding::Padding;
use crate::memory::shared::Shared;
use crate::partition::{even_multiples, even_parts};
use crate::simd::dispatch::Kernels;
use crate::simd::epilogue::Epilogue;
use crate::simd::gemm::{Gemm, INPUTS_PER_CHUNK};
use crate::simd::outer_product::MAX_OUTER_ROWS as MAX_ROWS;
use rayon::prelude::*;
use std::ops::Range;

/// Positions of a task.
const POSITIONS_PER_TASK: usize = 192;

/// The shape of a convolution between feature maps.
#[derive(Debug)]
pub(crate) struct ConvolutionLayer {
    pub(crate) kernels: &'static Kernels,
    pub(crate) input: FeatureMapShape,
    pub(crate) out_channels: usize,
    /// Height and width of the output.
    pub(crate) out_size: [usize; 2],
    pub(crate) stride: usize,
    pub(crate) padding: usize,
    pub(crate) mode: Padding,
    /// Rows and columns of outputs that are left out on each side.
    pub(crate) margin: [usize; 2],
}

/// Inputs and outputs of one call.
pub(crate) struct ConvolutionCall<'a> {
    pub(crate) layer: &'a ConvolutionLayer,
    pub(crate) weights: &'a GemmWeights,
    pub(crate) batch: usize,
    pub(crate) input: &'a [f32],
    pub(crate) placement: Placement,
    pub(crate) target: Shared,
    pub(crate) epilogue: Epilogue,
}

// SAFETY: the pointers in `epilogue` are to bias, PReLU weight and residual, which outlive the call and are only read.
unsafe impl Sync for ConvolutionCall<'_> {}

/// Where outputs lie in the feature map that is written.
#[derive(Clone, Copy)]
pub(crate) struct Placement {
    pub(crate) target: FeatureMapShape,
    /// Rows and columns of the feature map for each row and column of outputs.
    pub(crate) scale: usize,
    /// Channels of the feature map. The channels of an output position are those of `scale * scale` pixels in sequence
    /// (depth to space).
    pub(crate) channels: usize,
    /// The channel of the feature map that holds the first one of an output.
    pub(crate) first_channel: usize,
}

impl Placement {
    /// Outputs that are the pixels of the feature map.
    pub(crate) fn whole(target: FeatureMapShape) -> Self {
        Self::channels(target, 0)
    }

    /// Outputs that are some channels of the feature map's pixels.
    pub(crate) fn channels(target: FeatureMapShape, first_channel: usize) -> Self {
        Self { target, scale: 1, channels: usize::MAX, first_channel }
    }

    /// Where a channel of an output lies.
    pub(crate) fn offset(&self, image: usize, [y, x]: [usize; 2], channel: usize) -> usize {
        let phase = channel / self.channels;
        let pixel = [y * self.scale + phase / self.scale, x * self.scale + phase % self.scale];
        self.target.offset(image, pixel, 0) + self.first_channel + channel % self.channels
    }

    /// The first channel that lies in another pixel of the feature map than `channel`.
    pub(crate) fn next_pixel(&self, channel: usize) -> usize {
        (channel / self.channels + 1).saturating_mul(self.channels)
    }
}

/// Where an output position reads and writes.
#[derive(Clone, Copy)]
struct Position {
    source: usize,
    target: usize,
}

impl ConvolutionCall<'_> {
    /// Computes it directly. Splits positions of all images, and output channels where those are few.
    pub(crate) fn run_direct(&self) {
        let layer = self.layer;
        let positions = self.batch * layer.out_size.iter().product::<usize>();
        if positions == 0 {
            return;
        }
        let at_once = even_multiples(positions, POSITIONS_PER_TASK, layer.kernels.outer_rows);
        let position_tasks = positions.div_ceil(at_once);
        let blocks = &self.weights.blocks;
        let blocks_at_once = blocks_of_task(blocks.len(), position_tasks);
        let block_tasks = blocks.len().div_ceil(blocks_at_once);
        (0..position_tasks * block_tasks).into_par_iter().with_max_len(1).for_each(|task| {
            let first = task / block_tasks * at_once;
            let first_block = task % block_tasks * blocks_at_once;
            let positions = self.positions(first..(first + at_once).min(positions));
            for block in blocks.iter().skip(first_block).take(blocks_at_once) {
                self.run_block(&positions, block);
            }
        });
    }

    fn positions(&self, range: Range<usize>) -> Vec<Position> {
        let layer = self.layer;
        let [height, width] = layer.out_size;
        let plane = height * width;
        let position = |index: usize| {
            let (image, within) = (index / plane, index % plane);
            let [y, x] = [within / width, within % width];
            let source = [(y + layer.margin[0]) * layer.stride, (x + layer.margin[1]) * layer.stride];
            Position {
                source: layer.input.offset(image, source, layer.padding),
                target: self.placement.offset(image, [y, x], 0),
            }
        };
        range.map(position).collect()
    }

    /// Computes the channels of a block at some positions.
    fn run_block(&self, positions: &[Position], block: &OutputBlock) {
        let weights = self.weights;
        // Short segments are summed together, long ones in parts.
        let segments_at_once = even_parts(weights.segments, INPUTS_PER_CHUNK / weights.depth);
        let chunk = if segments_at_once > 1 { weights.depth } else { even_parts(weights.depth, INPUTS_PER_CHUNK) };
        for segment in (0..weights.segments).step_by(segments_at_once) {
            for input in (0..weights.depth).step_by(chunk) {
                let depth = chunk.min(weights.depth - input);
                let segments = segments_at_once.min(weights.segments - segment);
                let is_last = segment + segments == weights.segments && input + depth == weights.depth;
                let segment_step = self.layer.input.row_stride();
                let offset = segment * segment_step + input;
                let mut gemm = Gemm {
                    rows: 0,
                    columns: block.columns,
                    scalars: [std::ptr::null(); MAX_ROWS],
                    segments,
                    segment_step,
                    depth,
                    weights: weights.from(block, segment, input),
                    targets: [std::ptr::null_mut(); MAX_ROWS],
                    accumulate: segment + input > 0,
                    epilogue: is_last.then(|| self.epilogue.from(block.first)),
                };
                for positions in positions.chunks(self.layer.kernels.outer_rows) {
                    gemm.rows = positions.len();
                    for (row, position) in positions.iter().enumerate() {
                        gemm.scalars[row] = self.input[position.source + offset..].as_ptr();
                        gemm.targets[row] = self.target.at(position.target + block.first);
                    }
                    // SAFETY: feature maps have the shapes that were checked, the kernel stays within the halo; bias
                    // and PReLU weight have whole registers; tasks write disjoint positions or channels.
                    unsafe { self.layer.kernels.gemm(&gemm) };
                }
            }
        }
    }
}
