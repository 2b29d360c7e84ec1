//! Weights in the order in which products read them.

use super::Algorithm;
use super::map::FeatureMapShape;
use super::transforms::Filter;
use crate::isa::Kernels;
use crate::pack::WeightLayout;
use crate::scratch::{Aligned, Scratch, Shared};
use crate::shape::Conv2d;
use crate::vector::MAX_LANES;
use crate::winograd_transforms::{PackedTransform, WeightTransform};
use rayon::prelude::*;
use std::ops::{Deref, Range};

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
    weights: Memory,
    pub(crate) blocks: Vec<OutputBlock>,
    pub(crate) segments: usize,
    /// Inputs of a segment: those that lie side by side in a map.
    pub(crate) depth: usize,
    /// Elements from a segment to the next, for each register.
    segment_stride: usize,
    lanes: usize,
}

/// Where weights lie.
#[derive(Debug)]
enum Memory {
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

/// Most output channels of a block.
const MAX_WIDTH: usize = 4 * MAX_LANES;
/// Input channels of a task that transforms weights.
const CHANNELS_PER_TASK: usize = 64;
/// What weights that are not there read, also as whole registers.
static ZEROS: [f32; 2 * MAX_LANES] = [0.0; 2 * MAX_LANES];

/// Divides registers of output channels among tiles of at most `columns`.
pub(crate) fn blocks(kernels: &Kernels, columns: usize, registers: usize, register_len: usize) -> Vec<OutputBlock> {
    let block = |first: usize| OutputBlock {
        first: first * kernels.lanes,
        columns: columns.min(registers - first),
        start: first * register_len,
    };
    (0..registers).step_by(columns).map(block).collect()
}

impl PreparedWeights {
    pub(crate) fn new(
        kernels: &Kernels,
        algorithm: Algorithm,
        convolution: &Conv2d,
        input: &FeatureMapShape,
        weight: &[f32],
    ) -> Self {
        let [kernel_height, kernel_width] = convolution.kernel;
        let (segments, depth) = match algorithm {
            Algorithm::Direct => (kernel_height, kernel_width * input.pitch),
            Algorithm::Winograd(filter) => (filter.places(), input.pitch),
        };
        let registers = convolution.out_channels.div_ceil(kernels.lanes);
        let segment_stride = depth * kernels.lanes;
        let blocks = blocks(kernels, kernels.outer_columns, registers, segments * segment_stride);
        let mut weights = Aligned::zeroed(registers * segments * segment_stride);
        let shared = Shared::new(&mut weights);
        blocks.par_iter().for_each(|block| {
            let width = block.columns * kernels.lanes;
            let len = width * segments * depth;
            // SAFETY: blocks are disjoint parts of the buffer, which lives until the end of this function.
            let target = unsafe { std::slice::from_raw_parts_mut(shared.at(block.start), len) };
            let channels = width.min(convolution.out_channels - block.first);
            let area = kernel_height * kernel_width;
            // Outputs innermost: what they share a line of the cache with is written next.
            let pairs = (0..convolution.in_channels).flat_map(|channel| (0..channels).map(move |row| (channel, row)));
            for (channel, row) in pairs {
                let kernel = &weight[((block.first + row) * convolution.in_channels + channel) * area..][..area];
                match algorithm {
                    Algorithm::Direct => {
                        for (tap, value) in kernel.iter().enumerate() {
                            target[(tap * input.pitch + channel) * width + row] = *value;
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
        });
        Self { weights: Memory::Own(weights), blocks, segments, depth, segment_stride, lanes: kernels.lanes }
    }

    /// Weights for F(4x4, 3x3), to be filled; for one call.
    pub(crate) fn for_call(kernels: &Kernels, layout: &WeightLayout) -> Self {
        Self::room(kernels, layout.source_channels, layout.channels.len().div_ceil(kernels.lanes))
    }

    /// Room for the transformed weights of some inputs and registers of outputs.
    fn room(kernels: &Kernels, depth: usize, registers: usize) -> Self {
        let segments = Filter::Four.places();
        // A line of the cache between places keeps their addresses from falling into the same few sets.
        let segment_stride = depth * kernels.lanes + MAX_LANES;
        let blocks = blocks(kernels, kernels.outer_columns, registers, segments * segment_stride);
        let weights = Memory::Scratch(Scratch::new(registers * segments * segment_stride));
        Self { weights, blocks, segments, depth, segment_stride, lanes: kernels.lanes }
    }

    /// Transforms the weights of one call.
    pub(crate) fn fill(&mut self, kernels: &Kernels, weight: &[f32], layout: &WeightLayout) {
        let (depth, segment_stride) = (self.depth, self.segment_stride);
        let Memory::Scratch(weights) = &mut self.weights else {
            return;
        };
        let shared = Shared::new(weights);
        // Parts of a block's input channels are tasks: networks have few blocks.
        let part = CHANNELS_PER_TASK.min(depth);
        let tasks = self
            .blocks
            .par_iter()
            .flat_map(|block| (0..depth).into_par_iter().step_by(part).map(move |first| (block, first)));
        tasks.for_each(|(block, first)| {
            let width = block.columns * kernels.lanes;
            let inputs = first..(first + part).min(depth);
            let target = shared.at(block.start + first * width);
            // SAFETY: tasks write disjoint parts of every place.
            unsafe {
                transform_part(kernels, weight, layout, block, inputs, target, segment_stride * block.columns);
            }
        });
    }

    /// Transforms 3x3 kernels that were packed for the direct algorithm to those of F(4x4, 3x3), for one call.
    pub(crate) fn transformed(&self, kernels: &Kernels) -> Self {
        // A row of the kernel has the inputs of its three columns.
        let inputs = self.depth / 3;
        let registers = self.blocks.iter().map(|block| block.columns).sum();
        let mut prepared = Self::room(kernels, inputs, registers);
        let Memory::Scratch(weights) = &mut prepared.weights else {
            return prepared;
        };
        let shared = Shared::new(weights);
        let (blocks, place_stride) = (self.blocks.iter().zip(&prepared.blocks), prepared.segment_stride);
        let parts = (0..inputs).step_by(CHANNELS_PER_TASK);
        let tasks: Vec<_> = blocks.flat_map(|pair| parts.clone().map(move |first| (pair, first))).collect();
        tasks.into_par_iter().with_max_len(1).for_each(|((packed, block), first)| {
            let width = block.columns * kernels.lanes;
            let transform = PackedTransform {
                source: self.from(packed, 0, first),
                tap_stride: inputs * width,
                inputs: CHANNELS_PER_TASK.min(inputs - first),
                width,
                target: shared.at(block.start + first * width),
                place_stride: place_stride * block.columns,
            };
            // SAFETY: blocks have the weights of all taps and inputs; tasks write disjoint parts of every place.
            unsafe { kernels.transform_packed(&transform) };
        });
        prepared
    }

    /// The weights of a block from an input of a segment on.
    pub(crate) fn from(&self, block: &OutputBlock, segment: usize, input: usize) -> *const f32 {
        let start = block.start + (segment * self.segment_stride + input * self.lanes) * block.columns;
        self.weights[start..].as_ptr()
    }
}

/// Transforms the weights of some inputs of a block for F(4x4, 3x3): `[input][output channel of the block]` at each place.
///
/// # Safety
/// The target is valid for these at every place, `place_stride` elements apart, and no other thread touches it.
pub(crate) unsafe fn transform_part(
    kernels: &Kernels,
    weight: &[f32],
    layout: &WeightLayout,
    block: &OutputBlock,
    inputs: Range<usize>,
    target: *mut f32,
    place_stride: usize,
) {
    let width = block.columns * kernels.lanes;
    // In the order of the others, which lets registers of taps be read at once.
    let kind = &layout.taps[layout.channels[block.first].1];
    let is_flipped = kind.first() > kind.last();
    let mut zeros = [ZEROS.as_ptr(); 9];
    for (tap, zero) in zeros.iter_mut().enumerate() {
        *zero = ZEROS[if is_flipped { 8 - tap } else { tap }..].as_ptr();
    }
    let mut taps = [zeros; MAX_WIDTH];
    let mut steps = [[0; 9]; MAX_WIDTH];
    let count = width.min(layout.channels.len() - block.first);
    for (row, (start, kind)) in layout.channels[block.first..][..count].iter().enumerate() {
        for (tap, offset) in layout.taps[*kind].iter().enumerate() {
            if let Some(offset) = offset {
                // The last source channel's weight is inside too.
                let last = start + offset + (layout.source_channels - 1) * layout.source_stride;
                assert!(last < weight.len(), "the layout has no weights beyond the slice");
                taps[row][tap] = weight[start + offset + inputs.start * layout.source_stride..].as_ptr();
                steps[row][tap] = layout.source_stride;
            }
        }
    }
    let transform = WeightTransform {
        taps: &taps[..width],
        steps: &steps[..width],
        source_channels: inputs.len(),
        end: weight.as_ptr_range().end,
        target,
        place_stride,
    };
    // SAFETY: taps were checked above; the caller vouches for the target.
    unsafe { kernels.transform_weights(&transform) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::Isa;
    use crate::shape::Padding;

    /// Packed kernels, transformed in single precision at a call, against those transformed once in double precision.
    #[test]
    fn packed_kernels_are_transformed_to_the_prepared_ones() {
        let (in_channels, out_channels) = (70, 150);
        let convolution = Conv2d {
            batch: 1,
            in_channels,
            in_height: 8,
            in_width: 8,
            out_channels,
            kernel: [3, 3],
            stride: 1,
            padding: 1,
            mode: Padding::Zero,
        };
        let input = FeatureMapShape::features(in_channels, 8, 8, 1);
        let weight: Vec<f32> = (0..out_channels * in_channels * 9).map(|index| (index as f32 * 0.7).sin()).collect();
        for kernels in Isa::ALL.into_iter().filter_map(Kernels::of) {
            let prepared = |algorithm| PreparedWeights::new(kernels, algorithm, &convolution, &input, &weight);
            let expected = prepared(Algorithm::Winograd(Filter::Four));
            let found = prepared(Algorithm::Direct).transformed(kernels);
            assert_eq!((found.segments, found.depth), (expected.segments, expected.depth));
            for (found_block, block) in found.blocks.iter().zip(&expected.blocks) {
                for (place, channel) in
                    (0..expected.segments).flat_map(|place| (0..in_channels).map(move |c| (place, c)))
                {
                    let values = |weights: &PreparedWeights, block: &OutputBlock| {
                        let start = (place * weights.segment_stride + channel * weights.lanes) * block.columns;
                        weights.weights[block.start + start..][..block.columns * weights.lanes].to_vec()
                    };
                    let pairs = values(&found, found_block).into_iter().zip(values(&expected, block));
                    for (found, expected) in pairs {
                        let name = format!("place {place}, input {channel} with {:?}", kernels.isa);
                        assert!((found - expected).abs() <= 1e-6, "{name}: {found}, expected {expected}");
                    }
                }
            }
        }
    }
}
