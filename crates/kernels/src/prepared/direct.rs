//! A convolution as sums of products of inputs and weights, position by position.

use super::product::Product;
use super::weights::OutputBlock;
use super::{Job, part};
use crate::cover::even_parts;
use crate::microkernel::MAX_OUTER_ROWS as MAX_ROWS;
use rayon::prelude::*;
use std::ops::Range;

/// Inputs that a register tile sums before it goes to memory; the weights that they need fit into the first-level cache.
pub(crate) const INPUTS_PER_CHUNK: usize = 128;
/// Positions of a task.
const POSITIONS_PER_TASK: usize = 192;
/// Tasks below which output channels are split too.
pub(crate) const TASKS_WANTED: usize = 8;

/// Where an output position reads and writes.
#[derive(Clone, Copy)]
struct Place {
    source: usize,
    target: usize,
}

impl Job<'_> {
    /// Splits positions of all pictures, and output channels where those are few.
    pub(super) fn run_direct(&self) {
        let convolution = self.convolution;
        let positions = self.batch * convolution.out_size.iter().product::<usize>();
        if positions == 0 {
            return;
        }
        let at_once = part(positions, POSITIONS_PER_TASK, convolution.kernels.outer_rows);
        let position_tasks = positions.div_ceil(at_once);
        let blocks = &self.weights.blocks;
        let blocks_at_once = even_parts(blocks.len(), blocks.len().div_ceil(TASKS_WANTED.div_ceil(position_tasks)));
        let block_tasks = blocks.len().div_ceil(blocks_at_once);
        (0..position_tasks * block_tasks).into_par_iter().with_max_len(1).for_each(|task| {
            let first = task / block_tasks * at_once;
            let first_block = task % block_tasks * blocks_at_once;
            let places = self.places(first..(first + at_once).min(positions));
            for block in blocks.iter().skip(first_block).take(blocks_at_once) {
                self.run_block(&places, block);
            }
        });
    }

    fn places(&self, positions: Range<usize>) -> Vec<Place> {
        let convolution = self.convolution;
        let [height, width] = convolution.out_size;
        let plane = height * width;
        let place = |position: usize| {
            let (image, within) = (position / plane, position % plane);
            let [y, x] = [within / width, within % width];
            let source = [y * convolution.stride, x * convolution.stride];
            Place {
                source: convolution.input.offset(image, source, convolution.padding),
                target: self.placement.offset(image, [y, x], 0),
            }
        };
        positions.map(place).collect()
    }

    /// Computes the channels of a block at some positions.
    fn run_block(&self, places: &[Place], block: &OutputBlock) {
        let weights = self.weights;
        // Short segments are summed together, long ones in parts.
        let segments_at_once = even_parts(weights.segments, INPUTS_PER_CHUNK / weights.depth);
        let chunk = if segments_at_once > 1 { weights.depth } else { even_parts(weights.depth, INPUTS_PER_CHUNK) };
        for segment in (0..weights.segments).step_by(segments_at_once) {
            for input in (0..weights.depth).step_by(chunk) {
                let depth = chunk.min(weights.depth - input);
                let segments = segments_at_once.min(weights.segments - segment);
                let is_last = segment + segments == weights.segments && input + depth == weights.depth;
                let segment_step = self.convolution.input.row_stride();
                let offset = segment * segment_step + input;
                let mut product = Product {
                    rows: 0,
                    columns: block.columns,
                    scalars: [std::ptr::null(); MAX_ROWS],
                    segments,
                    segment_step,
                    depth,
                    weights: weights.from(block, segment, input),
                    targets: [std::ptr::null_mut(); MAX_ROWS],
                    accumulate: segment + input > 0,
                    finish: is_last.then(|| self.finish.from(block.first)),
                };
                for places in places.chunks(self.convolution.kernels.outer_rows) {
                    product.rows = places.len();
                    for (row, place) in places.iter().enumerate() {
                        product.scalars[row] = self.input[place.source + offset..].as_ptr();
                        product.targets[row] = self.target.at(place.target + block.first);
                    }
                    // SAFETY: maps have the shapes that were checked, the kernel stays within the halo; bias and
                    // slopes have whole registers; tasks write disjoint positions or channels.
                    unsafe { self.convolution.kernels.product(&product) };
                }
            }
        }
    }
}
