//! The GEMMs of attention: one operand packed for the register tile, the other one in groups of registers, both in
//! blocks that stay in the cache.

use crate::memory::scratch::Scratch;
use crate::memory::shared::Shared;
use crate::simd::convolution_tile::{ConvolutionTile, MAX_TILE_COLUMNS, Segment};
use crate::simd::dispatch::Kernels;
use rayon::prelude::*;

/// Positions that are packed and multiplied as one block; a multiple of every tile's rows.
pub(crate) const TILE: usize = 128;
/// Terms that a register tile sums before it goes to memory; a group this deep stays in the first-level cache.
const DEPTH: usize = 128;

/// How a block of positions is divided into groups of registers: a matrix `[depth][positions]` is kept as
/// `[group][depth][lane]`, its last group filled up with zeros.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Groups {
    positions: usize,
    lanes: usize,
    /// Positions of a group.
    pub(crate) width: usize,
}

impl Groups {
    pub(crate) fn new(kernels: &Kernels, positions: usize) -> Self {
        let vectors = positions.div_ceil(kernels.lanes).min(kernels.tile_columns(kernels.tile_rows));
        Self { positions, lanes: kernels.lanes, width: vectors * kernels.lanes }
    }

    pub(crate) fn count(self) -> usize {
        self.positions.div_ceil(self.width)
    }

    /// Positions of a group that exist.
    pub(crate) fn positions(self, group: usize) -> usize {
        self.width.min(self.positions - group * self.width)
    }

    /// Registers of a group that hold positions.
    fn vectors(self, group: usize) -> usize {
        self.positions(group).div_ceil(self.lanes)
    }

    /// Elements of a matrix.
    pub(crate) fn len(self, depth: usize) -> usize {
        self.count() * depth * self.width
    }

    /// Copies positions from `start` on of channels that are `stride` apart.
    pub(crate) fn gather(self, source: &[f32], stride: usize, start: usize, channels: usize) -> Scratch {
        let mut matrix = Scratch::new(self.len(channels));
        for (group, target) in matrix.chunks_exact_mut(channels * self.width).enumerate() {
            let positions = self.positions(group);
            for (channel, target) in target.chunks_exact_mut(self.width).enumerate() {
                let first = channel * stride + start + group * self.width;
                target[..positions].copy_from_slice(&source[first..first + positions]);
                target[positions..].fill(0.0);
            }
        }
        matrix
    }

    /// Writes a matrix to channels that are `stride` apart, from element `start` on; each position multiplied by its
    /// factor, `[group][lane]`, if there are any.
    ///
    /// # Safety
    /// The target has those elements and no other thread touches them.
    pub(crate) unsafe fn scatter(
        self,
        matrix: &[f32],
        factors: Option<&[f32]>,
        target: Shared,
        start: usize,
        stride: usize,
    ) {
        let channels = matrix.len() / (self.count() * self.width);
        for (group, source) in matrix.chunks_exact(channels * self.width).enumerate() {
            let positions = self.positions(group);
            for (channel, source) in source.chunks_exact(self.width).enumerate() {
                let first = start + channel * stride + group * self.width;
                // SAFETY: the caller's promise.
                let target = unsafe { std::slice::from_raw_parts_mut(target.at(first), positions) };
                match factors {
                    None => target.copy_from_slice(&source[..positions]),
                    Some(factors) => {
                        let values = source.iter().zip(&factors[group * self.width..]).map(|(x, factor)| x * factor);
                        target.iter_mut().zip(values).for_each(|(target, value)| *target = value);
                    }
                }
            }
        }
    }
}

/// The GEMM of a packed operand and one group of another.
pub(crate) struct BlockGemm<'a> {
    pub(crate) kernels: &'a Kernels,
    /// Rows of the result.
    pub(crate) rows: usize,
    /// Length of the sums.
    pub(crate) depth: usize,
    /// `[block of rows][depth][row of the tile]`
    pub(crate) packed: &'a [f32],
    /// `[depth][lane]`
    pub(crate) group: &'a [f32],
    pub(crate) groups: Groups,
    /// Which of the groups it is.
    pub(crate) index: usize,
    /// Added to each row.
    pub(crate) bias: Option<&'a [f32]>,
    /// Whether to add to the result rather than to replace it; then without bias.
    pub(crate) accumulate: bool,
}

impl BlockGemm<'_> {
    /// Computes it into `target`, `[row][lane]`. Registers of a group without any position are left as they are.
    pub(crate) fn run(&self, target: &mut [f32]) {
        let (kernels, width, lanes) = (self.kernels, self.groups.width, self.groups.lanes);
        let (tile_rows, columns) = (kernels.tile_rows, self.groups.vectors(self.index));
        assert!(self.packed.len() >= self.rows.next_multiple_of(tile_rows) * self.depth, "packed operand is too short");
        assert!(self.group.len() >= self.depth * width, "group is too short");
        assert!(target.len() >= self.rows * width, "result is too short");
        assert!(self.bias.is_none_or(|bias| bias.len() >= self.rows), "bias is too short");
        let offsets: [u32; DEPTH] = std::array::from_fn(|step| (step * width) as u32);
        let mask = u32::MAX >> (32 - lanes);
        let segments: [Segment; MAX_TILE_COLUMNS] =
            std::array::from_fn(|vector| Segment { offset: (vector * lanes) as isize, mask });
        for first in (0..self.depth).step_by(DEPTH) {
            let depth = DEPTH.min(self.depth - first);
            let sources =
                std::array::from_fn(|vector| self.group.as_ptr().wrapping_add(first * width + vector * lanes));
            for row in (0..self.rows).step_by(tile_rows) {
                let bias = self.bias.filter(|_| first == 0);
                let tile = ConvolutionTile {
                    rows: tile_rows,
                    columns,
                    weights: self.packed[row * self.depth + first * tile_rows..].as_ptr(),
                    offsets: &offsets[..depth],
                    sources,
                    segments: std::array::from_fn(|vector| std::slice::from_ref(&segments[vector])),
                    target: target[row * width..].as_mut_ptr(),
                    target_stride: width,
                    channels: tile_rows.min(self.rows - row),
                    accumulate: self.accumulate || first > 0,
                    bias: bias.map_or(std::ptr::null(), |bias| bias[row..].as_ptr()),
                };
                // SAFETY: the lengths are asserted above; `columns` registers fit into the width of a group, and the
                // result is borrowed.
                unsafe { kernels.convolution_tile(&tile) };
            }
        }
    }
}

/// Packed operands whose rows are positions, summed over channels: `[image][block][channel][row]` of images
/// `[channels][positions]`.
pub(crate) struct PackedPositions {
    values: Scratch,
    channels: usize,
    blocks: usize,
    rows: usize,
}

impl PackedPositions {
    pub(crate) fn new(kernels: &Kernels, source: &[f32], channels: usize, positions: usize) -> Self {
        let (rows, blocks) = (kernels.tile_rows, positions.div_ceil(kernels.tile_rows));
        let images = source.len() / (channels * positions);
        let mut values = Scratch::new(images * blocks * rows * channels);
        let images = values.chunks_exact_mut(blocks * rows * channels).zip(source.chunks_exact(channels * positions));
        for (values, source) in images {
            values.par_chunks_mut(TILE * channels).enumerate().for_each(|(tile, target)| match rows {
                8 => pack_tile::<8>(source, positions, tile * TILE, channels, target),
                _ => pack_tile::<4>(source, positions, tile * TILE, channels, target),
            });
        }
        Self { values, channels, blocks, rows }
    }

    /// The rows of an image from a position on, which starts a block.
    pub(crate) fn from(&self, image: usize, position: usize) -> &[f32] {
        &self.values[(image * self.blocks * self.rows + position) * self.channels..]
    }
}

/// Packs positions from `start` on into blocks of `ROWS`.
fn pack_tile<const ROWS: usize>(source: &[f32], positions: usize, start: usize, channels: usize, target: &mut [f32]) {
    for (channel, source) in source.chunks_exact(positions).enumerate() {
        for (block, target) in target.chunks_exact_mut(channels * ROWS).enumerate() {
            let source = &source[start + block * ROWS..];
            let target = &mut target.as_chunks_mut::<ROWS>().0[channel];
            match source.first_chunk::<ROWS>() {
                Some(source) => *target = *source,
                None => {
                    *target = [0.0; ROWS];
                    target[..source.len()].copy_from_slice(source);
                }
            }
        }
    }
}

/// Packed operands whose rows are channels, summed over the positions of a tile: `[image][tile][block][position][row]`.
pub(crate) struct PackedChannels {
    values: Scratch,
    padded_channels: usize,
    positions: usize,
}

impl PackedChannels {
    pub(crate) fn new(kernels: &Kernels, source: &[f32], channels: usize, positions: usize) -> Self {
        let (rows, padded_channels) = (kernels.tile_rows, channels.next_multiple_of(kernels.tile_rows));
        let images = source.len() / (channels * positions);
        let mut values = Scratch::new(images * positions * padded_channels);
        let images =
            values.chunks_exact_mut(positions * padded_channels).zip(source.chunks_exact(channels * positions));
        for (values, source) in images {
            values.par_chunks_mut(TILE * padded_channels).enumerate().for_each(|(tile, target)| {
                let len = target.len() / padded_channels;
                for (block, target) in target.chunks_exact_mut(len * rows).enumerate() {
                    let source = &source[block * rows * positions + tile * TILE..];
                    let size = [rows.min(channels - block * rows), len];
                    kernels.transpose_rows(source, positions, size, target, rows);
                }
            });
        }
        Self { values, padded_channels, positions }
    }

    /// A tile of an image; `position` starts it.
    pub(crate) fn tile(&self, image: usize, position: usize) -> &[f32] {
        &self.values[(image * self.positions + position) * self.padded_channels..]
    }
}
