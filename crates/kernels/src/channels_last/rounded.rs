//! The direct algorithm between feature maps, of bf16 values: inputs are rounded once for all positions that read them.

use super::convolution::ConvolutionCall;
use super::gemm_weights::{OutputBlock, blocks_of_task};
use crate::bf16::gemm::{PAIRS_PER_CHUNK, PairGemm};
use crate::bf16::values::Bf16Values;
use crate::bf16::weights::PairWeights;
use crate::memory::scratch::Scratch;
use crate::partition::even_parts;
use rayon::prelude::*;

/// Positions of a task.
const POSITIONS_PER_TASK: usize = 192;

/// Positions that follow each other at equal distances, in inputs and outputs.
struct Run {
    count: usize,
    source: usize,
    source_step: usize,
    target: usize,
    target_step: usize,
}

impl ConvolutionCall<'_> {
    /// Computes it directly. Splits lines of positions, and output channels where those are few.
    pub(super) fn run_direct_rounded(&self, weights: &PairWeights) {
        let layer = self.layer;
        // Of some rows of an image there may be fewer than a feature map of these has.
        let elements = self.input.len().min(self.batch * layer.input.image_stride());
        let inputs = Bf16Values::rounded(layer.kernels, &self.input[..elements]);
        let [height, width] = layer.out_size;
        let [lines, positions] = if height * width == 1 { [1, self.batch] } else { [self.batch * height, width] };
        let at_once = even_parts(lines, POSITIONS_PER_TASK / positions);
        let line_tasks = lines.div_ceil(at_once);
        let blocks = &weights.blocks;
        let blocks_at_once = blocks_of_task(blocks.len(), line_tasks);
        let block_tasks = blocks.len().div_ceil(blocks_at_once);
        (0..line_tasks * block_tasks).into_par_iter().with_max_len(1).for_each(|task| {
            let first = task / block_tasks * at_once;
            let first_block = task % block_tasks * blocks_at_once;
            let runs: Vec<Run> = (first..(first + at_once).min(lines)).map(|line| self.run_of_line(line)).collect();
            for block in blocks.iter().skip(first_block).take(blocks_at_once) {
                self.run_rounded_block(weights, &inputs, &runs, block);
            }
        });
    }

    /// The positions of a line of outputs; of images of one output, all images.
    fn run_of_line(&self, line: usize) -> Run {
        let layer = self.layer;
        let [height, width] = layer.out_size;
        let of_images = height * width == 1;
        let (image, y) = if of_images { (0, 0) } else { (line / height, line % height) };
        let target = self.placement.offset(image, [y, 0], 0);
        let first = [(y + layer.margin[0]) * layer.stride, layer.margin[1] * layer.stride];
        Run {
            count: if of_images { self.batch } else { width },
            source: layer.input.offset(image, first, layer.padding),
            source_step: if of_images { layer.input.image_stride() } else { layer.stride * layer.input.pitch },
            target,
            target_step: if of_images {
                self.placement.target.image_stride()
            } else {
                self.placement.scale * self.placement.target.pitch
            },
        }
    }

    /// Computes the channels of a block at some positions.
    fn run_rounded_block(
        &self,
        weights: &PairWeights,
        inputs: &Bf16Values<Scratch>,
        runs: &[Run],
        block: &OutputBlock,
    ) {
        let segments_at_once = even_parts(weights.segments, PAIRS_PER_CHUNK / weights.pairs);
        let chunk = if segments_at_once > 1 { weights.pairs } else { even_parts(weights.pairs, PAIRS_PER_CHUNK) };
        let segment_step = self.layer.input.row_stride();
        for segment in (0..weights.segments).step_by(segments_at_once) {
            for pair in (0..weights.pairs).step_by(chunk) {
                let pairs = chunk.min(weights.pairs - pair);
                let segments = segments_at_once.min(weights.segments - segment);
                let is_last = segment + segments == weights.segments && pair + pairs == weights.pairs;
                for run in runs {
                    let gemm = PairGemm {
                        rows: run.count,
                        columns: block.columns,
                        source: inputs[run.source + segment * segment_step + pair * 2..].as_ptr(),
                        source_step: run.source_step,
                        segments,
                        segment_step,
                        pairs,
                        weights: weights.from(block, segment, pair),
                        target: self.target.at(run.target + block.first),
                        target_step: run.target_step,
                        accumulate: segment + pair > 0,
                        epilogue: is_last.then(|| self.epilogue.from(block.first)),
                    };
                    // SAFETY: feature maps have the shapes that were checked, the kernel stays within the halo, and a
                    // pair that a segment does not fill within the rounded inputs; bias and PReLU weight have whole
                    // registers; tasks write disjoint positions or channels.
                    unsafe { self.layer.kernels.pair_gemm(&gemm) };
                }
            }
        }
    }
}
