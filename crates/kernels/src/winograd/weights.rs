//! Weights in the transform domain: constant ones, transformed once, and those of a call.

use super::filter::Filter;
use super::weight_transforms::{PackedTransform, WeightTransform};
use crate::channels_last::gemm_weights::{GemmWeights, Memory, OutputBlock, blocks};
use crate::convolution::correlation::WeightLayout;
use crate::convolution::shape::Conv2d;
use crate::memory::scratch::Scratch;
use crate::memory::shared::Shared;
use crate::simd::dispatch::Kernels;
use crate::simd::vector::MAX_LANES;
use rayon::prelude::*;
use std::ops::Range;

/// Most output channels of a block.
const MAX_WIDTH: usize = 4 * MAX_LANES;
/// Input channels of a task that transforms weights.
const CHANNELS_PER_TASK: usize = 64;
/// What missing weights read, also as whole registers.
static ZEROS: [f32; 2 * MAX_LANES] = [0.0; 2 * MAX_LANES];

/// Room for the transformed weights of a call.
pub(crate) fn for_call(kernels: &Kernels, layout: &WeightLayout) -> GemmWeights {
    room(kernels, layout.source_channels, layout.channels.len().div_ceil(kernels.lanes))
}

/// Room for the transformed weights of some inputs and registers of outputs.
fn room(kernels: &Kernels, depth: usize, registers: usize) -> GemmWeights {
    let segments = Filter::F4.points();
    // A line of the cache between points keeps their addresses from falling into the same few sets.
    let segment_stride = depth * kernels.lanes + MAX_LANES;
    let blocks = blocks(kernels, kernels.outer_columns, registers, segments * segment_stride);
    let values = Memory::Scratch(Scratch::new(registers * segments * segment_stride));
    GemmWeights { values, blocks, segments, depth, segment_stride, lanes: kernels.lanes }
}

/// Constant weights, transformed once in double precision. Input pixels are `pitch` elements apart.
pub(crate) fn transform_once(
    kernels: &Kernels,
    filter: Filter,
    convolution: &Conv2d,
    pitch: usize,
    weight: &[f32],
) -> GemmWeights {
    GemmWeights::constant(kernels, convolution, pitch, weight, [filter.points(), 1], &filter.weight_transform())
}

/// Transforms the weights of one call.
pub(crate) fn fill(weights: &mut GemmWeights, kernels: &Kernels, weight: &[f32], layout: &WeightLayout) {
    let (depth, segment_stride) = (weights.depth, weights.segment_stride);
    let shared = Shared::new(&mut weights.values);
    // Parts of a block's input channels are tasks: networks have few blocks.
    let part = CHANNELS_PER_TASK.min(depth);
    let tasks = weights
        .blocks
        .par_iter()
        .flat_map(|block| (0..depth).into_par_iter().step_by(part).map(move |first| (block, first)));
    tasks.for_each(|(block, first)| {
        let width = block.columns * kernels.lanes;
        let inputs = first..(first + part).min(depth);
        let target = shared.at(block.start + first * width);
        // SAFETY: tasks write disjoint parts of every point.
        unsafe {
            transform_part(kernels, weight, layout, block, inputs, target, segment_stride * block.columns);
        }
    });
}

/// Transforms 3x3 kernels that were packed for the direct algorithm to those of F(4x4, 3x3), for one call.
pub(crate) fn transform_packed(packed: &GemmWeights, kernels: &Kernels) -> GemmWeights {
    // A row of the kernel has the inputs of its three columns.
    let inputs = packed.depth / 3;
    let registers = packed.blocks.iter().map(|block| block.columns).sum();
    let mut transformed = room(kernels, inputs, registers);
    let shared = Shared::new(&mut transformed.values);
    let (blocks, point_stride) = (packed.blocks.iter().zip(&transformed.blocks), transformed.segment_stride);
    let parts = (0..inputs).step_by(CHANNELS_PER_TASK);
    let tasks: Vec<_> = blocks.flat_map(|pair| parts.clone().map(move |first| (pair, first))).collect();
    tasks.into_par_iter().with_max_len(1).for_each(|((source, block), first)| {
        let width = block.columns * kernels.lanes;
        let transform = PackedTransform {
            source: packed.from(source, 0, first),
            tap_stride: inputs * width,
            inputs: CHANNELS_PER_TASK.min(inputs - first),
            width,
            target: shared.at(block.start + first * width),
            point_stride: point_stride * block.columns,
        };
        // SAFETY: blocks have the weights of all taps and inputs; tasks write disjoint parts of every point.
        unsafe { kernels.transform_packed(&transform) };
    });
    transformed
}

/// Transforms the weights of some inputs of a block for F(4x4, 3x3): `[input][output channel of the block]` at each point.
///
/// # Safety
/// The target is valid for these at every point, `point_stride` elements apart, and no other thread touches it.
pub(crate) unsafe fn transform_part(
    kernels: &Kernels,
    weight: &[f32],
    layout: &WeightLayout,
    block: &OutputBlock,
    inputs: Range<usize>,
    target: *mut f32,
    point_stride: usize,
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
        point_stride,
    };
    // SAFETY: taps were checked above; the caller vouches for the target.
    unsafe { kernels.transform_weights(&transform) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::convolution::padding::Padding;
    use crate::simd::isa::Isa;

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
        let pitch = in_channels.next_multiple_of(MAX_LANES);
        let weight: Vec<f32> = (0..out_channels * in_channels * 9).map(|index| (index as f32 * 0.7).sin()).collect();
        for kernels in Isa::ALL.into_iter().filter_map(Kernels::of) {
            let expected = transform_once(kernels, Filter::F4, &convolution, pitch, &weight);
            let found = transform_packed(&GemmWeights::packed(kernels, &convolution, pitch, &weight), kernels);
            assert_eq!((found.segments, found.depth), (expected.segments, expected.depth));
            for (found_block, block) in found.blocks.iter().zip(&expected.blocks) {
                for (point, channel) in
                    (0..expected.segments).flat_map(|point| (0..in_channels).map(move |c| (point, c)))
                {
                    let values = |weights: &GemmWeights, block: &OutputBlock| {
                        let start = (point * weights.segment_stride + channel * weights.lanes) * block.columns;
                        weights.values[block.start + start..][..block.columns * weights.lanes].to_vec()
                    };
                    let pairs = values(&found, found_block).into_iter().zip(values(&expected, block));
                    for (found, expected) in pairs {
                        let name = format!("point {point}, input {channel} with {:?}", kernels.isa());
                        assert!((found - expected).abs() <= 1e-6, "{name}: {found}, expected {expected}");
                    }
                }
            }
        }
    }
}
