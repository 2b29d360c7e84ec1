//! The forward pass.

use super::axis::padded_axis;
use super::correlation::{Correlation, WeightLayout, kernel_taps};
use super::direct;
use super::packed_weights::PackedWeights;
use super::shape::Conv2d;
use crate::algorithm;
use crate::error::ShapeError;
use crate::simd::dispatch::{Kernels, kernels};
use crate::winograd;

/// Convolves `input` with `weight`, adds `bias` and overwrites `output`.
///
/// # Shapes
/// See [`Conv2d`].
///
/// # Errors
/// [`ShapeError`] if the shape is impossible or a slice has another length; `output` is untouched then.
pub fn forward(
    conv: &Conv2d,
    input: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    output: &mut [f32],
) -> Result<(), ShapeError> {
    forward_with(kernels(), conv, input, weight, bias, output)
}

/// As [`forward`].
pub(crate) fn forward_with(
    kernels: &Kernels,
    conv: &Conv2d,
    input: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    output: &mut [f32],
) -> Result<(), ShapeError> {
    let [height, width] =
        conv.check(Some(input.len()), Some(weight.len()), bias.map(<[f32]>::len), Some(output.len()))?;
    let mut source_size = [conv.in_height, conv.in_width];
    let mut target_size = [height, width];
    // A 1x1 convolution does not care where rows end: rows of one register need no padding and no copy.
    if conv.kernel == [1, 1] && conv.stride == 1 && conv.padding == 0 && height * width % kernels.lanes == 0 {
        source_size = [height * width / kernels.lanes, kernels.lanes];
        target_size = source_size;
    }
    let axis = |axis: usize| padded_axis(conv, source_size[axis], target_size[axis], conv.kernel[axis]);
    let taps = kernel_taps(conv.kernel);
    let layout = WeightLayout {
        channels: (0..conv.out_channels).map(|channel| (channel * conv.in_channels * taps.len(), 0)).collect(),
        source_stride: taps.len(),
        source_channels: conv.in_channels,
        taps: vec![(0..taps.len()).map(Some).collect()],
    };
    let correlation = Correlation {
        source: input,
        batch: conv.batch,
        source_channels: conv.in_channels,
        source_size,
        axes: [axis(0), axis(1)],
        taps,
        target_channels: conv.out_channels,
        target_size,
    };
    correlate_by_best(kernels, &correlation, weight, &layout, bias, output);
    Ok(())
}

/// Computes a correlation by the algorithm that suits it.
pub(super) fn correlate_by_best(
    kernels: &Kernels,
    correlation: &Correlation<'_>,
    weight: &[f32],
    layout: &WeightLayout,
    bias: Option<&[f32]>,
    target: &mut [f32],
) {
    match algorithm::of_correlation(kernels, correlation).filter() {
        Some(_) => winograd::forward::correlate(kernels, correlation, weight, layout, bias, target),
        None => {
            direct::correlate(kernels, correlation, &PackedWeights::new(kernels, weight, layout), bias, target);
        }
    }
}
