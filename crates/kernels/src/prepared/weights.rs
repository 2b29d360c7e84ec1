//! Weights in the order in which products read them.

use super::Algorithm;
use super::map::MapShape;
use crate::isa::Kernels;
use crate::scratch::{Aligned, Shared};
use crate::shape::Conv2d;
use rayon::prelude::*;

/// Output channels that share a register tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutputBlock {
    /// First output channel.
    pub(crate) first: usize,
    /// Registers.
    pub(crate) columns: usize,
    /// Where its weights start.
    pub(crate) start: usize,
}

/// Weights as `[block][segment][input][output channel of the block]`: segments are rows of the kernel, or places of
/// transformed kernels.
#[derive(Debug)]
pub(crate) struct PreparedWeights {
    weights: Aligned,
    pub(crate) blocks: Vec<OutputBlock>,
    pub(crate) segments: usize,
    /// Inputs of a segment: those that lie side by side in a map.
    pub(crate) depth: usize,
    lanes: usize,
}

impl PreparedWeights {
    pub(crate) fn new(
        kernels: &Kernels,
        algorithm: Algorithm,
        convolution: &Conv2d,
        input: &MapShape,
        weight: &[f32],
    ) -> Self {
        let [kernel_height, kernel_width] = convolution.kernel;
        let (segments, depth) = match algorithm {
            Algorithm::Direct => (kernel_height, kernel_width * input.pitch),
            Algorithm::Winograd(filter) => (filter.places(), input.pitch),
        };
        let registers = convolution.out_channels.div_ceil(kernels.lanes);
        let firsts = (0..registers).step_by(kernels.outer_columns);
        let blocks: Vec<OutputBlock> = firsts
            .map(|first| OutputBlock {
                first: first * kernels.lanes,
                columns: kernels.outer_columns.min(registers - first),
                start: first * kernels.lanes * segments * depth,
            })
            .collect();
        let mut weights = Aligned::zeroed(registers * kernels.lanes * segments * depth);
        let shared = Shared::new(&mut weights);
        blocks.par_iter().for_each(|block| {
            let width = block.columns * kernels.lanes;
            let len = width * segments * depth;
            // SAFETY: blocks are disjoint parts of the buffer, which lives until the end of this function.
            let target = unsafe { std::slice::from_raw_parts_mut(shared.at(block.start), len) };
            let channels = width.min(convolution.out_channels - block.first);
            let area = kernel_height * kernel_width;
            for (row, kernels) in
                weight.chunks_exact(convolution.in_channels * area).skip(block.first).take(channels).enumerate()
            {
                for (channel, kernel) in kernels.chunks_exact(area).enumerate() {
                    match algorithm {
                        Algorithm::Direct => {
                            for (tap, value) in kernel.iter().enumerate() {
                                let input = tap * input.pitch + channel;
                                target[input * width + row] = *value;
                            }
                        }
                        Algorithm::Winograd(filter) => {
                            let mut exact = [0.0; 9];
                            exact.iter_mut().zip(kernel).for_each(|(exact, value)| *exact = f64::from(*value));
                            filter.transform_weights(&exact, |place, value| {
                                target[(place * depth + channel) * width + row] = value as f32;
                            });
                        }
                    }
                }
            }
        });
        Self { weights, blocks, segments, depth, lanes: kernels.lanes }
    }

    /// The weights of a block from an input of a segment on.
    pub(crate) fn from(&self, block: &OutputBlock, segment: usize, input: usize) -> *const f32 {
        let start = block.start + (segment * self.depth + input) * block.columns * self.lanes;
        self.weights[start..].as_ptr()
    }
}
