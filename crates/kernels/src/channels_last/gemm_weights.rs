//! Weights in the order in which GEMMs read them.

use crate::convolution::shape::Conv2d;
use crate::memory::scratch::{Aligned, Scratch};
use crate::memory::shared::Shared;
use crate::partition::even_parts;
use crate::simd::dispatch::Kernels;
use rayon::prelude::*;
use std::ops::{Deref, DerefMut};

/// Tasks below which output channels are split too.
const TASKS_WANTED: usize = 8;

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

/// Weights as `[block][segment][input][output channel of the block]`. Segments are rows of the kernel, or transform-domain
/// points of transformed kernels.
#[derive(Debug)]
pub(crate) struct GemmWeights {
    pub(crate) values: Memory,
    pub(crate) blocks: Vec<OutputBlock>,
    pub(crate) segments: usize,
    /// Inputs of a segment: those that are neighbours in a feature map.
    pub(crate) depth: usize,
    /// Elements from a segment to the next, for each register.
    pub(crate) segment_stride: usize,
    pub(crate) lanes: usize,
}

/// Where weights are kept.
#[derive(Debug)]
pub(crate) enum Memory {
    /// For as long as a network is used.
    Own(Aligned),
    /// For one call.
    Scratch(Scratch),
}

impl Deref for Memory {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match self {
            Self::Own(memory) => memory,
            Self::Scratch(memory) => memory,
        }
    }
}

impl DerefMut for Memory {
    fn deref_mut(&mut self) -> &mut [f32] {
        match self {
            Self::Own(memory) => memory,
            Self::Scratch(memory) => memory,
        }
    }
}

/// Divides registers of output channels among tiles of at most `columns`.
pub(crate) fn blocks(kernels: &Kernels, columns: usize, registers: usize, register_len: usize) -> Vec<OutputBlock> {
    let block = |first: usize| OutputBlock {
        first: first * kernels.lanes,
        columns: columns.min(registers - first),
        start: first * register_len,
    };
    (0..registers).step_by(columns).map(block).collect()
}

/// Blocks of a task, where the rest of the work makes so many tasks: all, unless those are few.
pub(crate) fn blocks_of_task(blocks: usize, other_tasks: usize) -> usize {
    even_parts(blocks, blocks.div_ceil(TASKS_WANTED.div_ceil(other_tasks)))
}

/// What becomes of a kernel in [`GemmWeights`].
pub(crate) trait KernelValues: Sync {
    /// Hands each value of a kernel to `store`, with its index.
    fn of(&self, kernel: &[f32], store: impl FnMut(usize, f32));
}

/// The taps of a kernel as they are.
struct Taps;

impl KernelValues for Taps {
    fn of(&self, kernel: &[f32], mut store: impl FnMut(usize, f32)) {
        kernel.iter().enumerate().for_each(|(tap, value)| store(tap, *value));
    }
}

impl GemmWeights {
    /// Constant weights as the direct algorithm reads them. Input pixels are `pitch` elements apart.
    pub(crate) fn packed(kernels: &Kernels, convolution: &Conv2d, pitch: usize, weight: &[f32]) -> Self {
        Self::constant(kernels, convolution, pitch, weight, convolution.kernel, &Taps)
    }

    /// Constant weights: a kernel becomes `segments` times `per_segment` values.
    pub(crate) fn constant(
        kernels: &Kernels,
        convolution: &Conv2d,
        pitch: usize,
        weight: &[f32],
        [segments, per_segment]: [usize; 2],
        kernel_values: &impl KernelValues,
    ) -> Self {
        let depth = per_segment * pitch;
        let registers = convolution.out_channels.div_ceil(kernels.lanes);
        let segment_stride = depth * kernels.lanes;
        let blocks = blocks(kernels, kernels.outer_columns, registers, segments * segment_stride);
        let mut values = Aligned::zeroed(registers * segments * segment_stride);
        let shared = Shared::new(&mut values);
        blocks.par_iter().for_each(|block| {
            let width = block.columns * kernels.lanes;
            let len = width * segments * depth;
            // SAFETY: blocks are disjoint parts of the buffer, which lives until the end of this function.
            let target = unsafe { std::slice::from_raw_parts_mut(shared.at(block.start), len) };
            let channels = width.min(convolution.out_channels - block.first);
            let area = convolution.kernel.iter().product::<usize>();
            // Outputs innermost: what they share a line of the cache with is written next.
            let pairs = (0..convolution.in_channels).flat_map(|channel| (0..channels).map(move |row| (channel, row)));
            for (channel, row) in pairs {
                let kernel = &weight[((block.first + row) * convolution.in_channels + channel) * area..][..area];
                kernel_values.of(kernel, |index, value| target[(index * pitch + channel) * width + row] = value);
            }
        });
        Self { values: Memory::Own(values), blocks, segments, depth, segment_stride, lanes: kernels.lanes }
    }

    /// The weights of a block's segment, `[input][output channel of the block]`.
    pub(crate) fn segment(&self, block: &OutputBlock, segment: usize) -> &[f32] {
        let start = block.start + segment * self.segment_stride * block.columns;
        &self.values[start..][..self.depth * block.columns * self.lanes]
    }

    /// The weights of a block from an input of a segment on.
    pub(crate) fn from(&self, block: &OutputBlock, segment: usize, input: usize) -> *const f32 {
        let start = block.start + (segment * self.segment_stride + input * self.lanes) * block.columns;
        self.values[start..].as_ptr()
    }
}
