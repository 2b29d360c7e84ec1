//! Weights in the order in which the register tiles read them.

use super::correlation::WeightLayout;
use crate::memory::scratch::Scratch;
use crate::memory::shared::Shared;
use crate::simd::dispatch::Kernels;
use rayon::prelude::*;

/// Output channels that share a register tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// First output channel.
    pub(crate) first: usize,
    /// Output channels that exist.
    pub(crate) channels: usize,
    /// Rows of the register tile, at least `channels`.
    pub(crate) rows: usize,
    /// Where the weights of the block start.
    pub(crate) start: usize,
}

/// Weights as `[block][source channel][tap][row]`.
pub(crate) struct PackedWeights {
    weights: Scratch,
    pub(crate) blocks: Vec<Block>,
}

impl PackedWeights {
    pub(crate) fn new(kernels: &Kernels, weight: &[f32], layout: &WeightLayout) -> Self {
        let taps = layout.taps.first().map_or(0, Vec::len);
        let depth = layout.source_channels * taps;
        let blocks = blocks(layout.channels.len(), kernels.tile_rows, depth);
        let len = blocks.last().map_or(0, |block| block.start + block.rows * depth);
        let mut weights = Scratch::new(len);
        let shared = Shared::new(&mut weights);
        blocks.par_iter().with_min_len((1 << 14) / (depth * kernels.tile_rows) + 1).for_each(|block| {
            // SAFETY: blocks are disjoint parts of the buffer, which lives until the end of this function.
            let target = unsafe { std::slice::from_raw_parts_mut(shared.at(block.start), block.rows * depth) };
            pack_block(weight, layout, *block, taps, target);
        });
        Self { weights, blocks }
    }

    /// The weights of a block from one of its (source channel, tap) pairs on.
    pub(crate) fn from(&self, block: Block, depth: usize) -> &[f32] {
        &self.weights[block.start + depth * block.rows..]
    }
}

/// Splits output channels into register tiles.
pub(crate) fn blocks(channels: usize, main_rows: usize, depth: usize) -> Vec<Block> {
    let rows_for = |left: usize| match left {
        _ if left >= main_rows => main_rows,
        1 => 1,
        2 | 3 => 3,
        4 => 4,
        _ => main_rows,
    };
    let mut blocks = Vec::with_capacity(channels.div_ceil(main_rows));
    let (mut first, mut start) = (0, 0);
    while first < channels {
        let rows = rows_for(channels - first);
        let channels = rows.min(channels - first);
        blocks.push(Block { first, channels, rows, start });
        first += channels;
        start += rows * depth;
    }
    blocks
}

fn pack_block(weight: &[f32], layout: &WeightLayout, block: Block, taps: usize, target: &mut [f32]) {
    let channels = &layout.channels[block.first..block.first + block.channels];
    let kind = channels[0].1;
    // Full blocks of one kind are almost all of the weights; they are copied row by row of the tile.
    if channels.iter().all(|channel| channel.1 == kind) {
        match (block.channels, block.rows) {
            (8, 8) => return pack_full_block::<8>(weight, layout, channels, target),
            (4, 4) => return pack_full_block::<4>(weight, layout, channels, target),
            _ => {}
        }
    }
    target.fill(0.0);
    for (row, (start, kind)) in channels.iter().enumerate() {
        let offsets = &layout.taps[*kind];
        for (source_channel, target) in target.chunks_exact_mut(taps * block.rows).enumerate() {
            let weight = &weight[start + source_channel * layout.source_stride..];
            for (value, offset) in target[row..].iter_mut().step_by(block.rows).zip(offsets) {
                *value = offset.map_or(0.0, |offset| weight[offset]);
            }
        }
    }
}

/// Packs a block whose rows all exist and read the same taps.
fn pack_full_block<const ROWS: usize>(
    weight: &[f32],
    layout: &WeightLayout,
    channels: &[(usize, usize)],
    target: &mut [f32],
) {
    let offsets = &layout.taps[channels[0].1];
    let furthest = offsets.iter().flatten().max().map_or(0, |offset| offset + 1);
    for (source_channel, target) in target.chunks_exact_mut(offsets.len() * ROWS).enumerate() {
        let rows: [&[f32]; ROWS] =
            std::array::from_fn(|row| &weight[channels[row].0 + source_channel * layout.source_stride..][..furthest]);
        for (target, offset) in target.as_chunks_mut::<ROWS>().0.iter_mut().zip(offsets) {
            // Not `array::map`, which is not inlined for eight elements.
            let Some(offset) = *offset else {
                *target = [0.0; ROWS];
                continue;
            };
            for (value, row) in target.iter_mut().zip(&rows) {
                *value = row[offset];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_channel_is_in_one_block() {
        for main_rows in [4, 8] {
            for channels in 1..40 {
                let blocks = blocks(channels, main_rows, 10);
                let mut next = 0;
                for block in &blocks {
                    assert_eq!(block.first, next);
                    assert!(block.channels <= block.rows && [1, 3, 4, 8].contains(&block.rows));
                    next += block.channels;
                }
                assert_eq!(next, channels);
            }
        }
    }
}
