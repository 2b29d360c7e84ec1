//! Rounded weights in the order in which GEMMs of pairs read them.

use super::registers::round;
use super::values::Bf16Values;
use crate::channels_last::gemm_weights::{GemmWeights, OutputBlock};
use crate::memory::scratch::Aligned;

/// Weights as `[block][segment][pair of inputs][output channel of the block][2]`; the last pair of a segment is filled up
/// with zero.
#[derive(Debug)]
pub(crate) struct PairWeights {
    values: Bf16Values<Aligned>,
    pub(crate) blocks: Vec<OutputBlock>,
    pub(crate) segments: usize,
    /// Pairs of inputs of a segment.
    pub(crate) pairs: usize,
    lanes: usize,
}

impl PairWeights {
    /// Rounds weights.
    pub(crate) fn round(weights: &GemmWeights) -> Self {
        let GemmWeights { segments, depth, lanes, .. } = *weights;
        let pairs = depth.div_ceil(2);
        let per_register = segments * pairs * lanes * 2;
        let block = |block: &OutputBlock| OutputBlock { start: block.first / lanes * per_register, ..*block };
        let blocks: Vec<OutputBlock> = weights.blocks.iter().map(block).collect();
        let registers: usize = blocks.iter().map(|block| block.columns).sum();
        let mut values = Bf16Values::zeroed(registers * per_register);
        for (source, block) in weights.blocks.iter().zip(&blocks) {
            let width = block.columns * lanes;
            for segment in 0..segments {
                let inputs = weights.segment(source, segment).chunks_exact(width);
                let target = &mut values[block.start + segment * pairs * width * 2..][..pairs * width * 2];
                for (input, channels) in inputs.enumerate() {
                    let pair = target[input / 2 * width * 2..][..width * 2].as_chunks_mut::<2>().0;
                    for (pair, value) in pair.iter_mut().zip(channels) {
                        pair[input % 2] = round(*value);
                    }
                }
            }
        }
        Self { values, blocks, segments, pairs, lanes }
    }

    /// The weights of a block from a pair of a segment on.
    pub(crate) fn from(&self, block: &OutputBlock, segment: usize, pair: usize) -> *const u16 {
        let start = block.start + (segment * self.pairs + pair) * self.lanes * 2 * block.columns;
        self.values[start..].as_ptr()
    }
}
