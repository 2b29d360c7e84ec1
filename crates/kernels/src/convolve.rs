//! The public functions, each for a chosen instruction set.

use crate::axis::Axis;
use crate::correlate::{Correlation, correlate};
use crate::fold::{PaddedPixels, fold_pixels, fold_planes};
use crate::isa::{Kernels, WinogradUse, kernels};
use crate::pack::{PackedWeights, WeightLayout};
use crate::scratch::Scratch;
use crate::shape::{Conv2d, Padding, ShapeError};
use crate::weight_gradient::weight_gradient_with;
use crate::winograd;
use rayon::prelude::*;

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

/// Overwrites `input_gradient` with the gradient of the loss with respect to the input.
///
/// # Shapes
/// See [`Conv2d`].
///
/// # Errors
/// [`ShapeError`] if the shape is impossible or a slice has another length; `input_gradient` is untouched then.
pub fn input_gradient(
    conv: &Conv2d,
    weight: &[f32],
    output_gradient: &[f32],
    input_gradient: &mut [f32],
) -> Result<(), ShapeError> {
    input_gradient_with(kernels(), conv, weight, output_gradient, input_gradient)
}

/// Overwrites `weight_gradient` with the gradient of the loss with respect to the weight, summed over the images.
///
/// # Shapes
/// See [`Conv2d`].
///
/// # Errors
/// [`ShapeError`] if the shape is impossible or a slice has another length; `weight_gradient` is untouched then.
pub fn weight_gradient(
    conv: &Conv2d,
    input: &[f32],
    output_gradient: &[f32],
    weight_gradient: &mut [f32],
) -> Result<(), ShapeError> {
    weight_gradient_with(kernels(), conv, input, output_gradient, weight_gradient)
}

/// Overwrites `bias_gradient` with the gradient of the loss with respect to the bias: sums over images and positions.
///
/// # Shapes
/// See [`Conv2d`].
///
/// # Errors
/// [`ShapeError`] if the shape is impossible or a slice has another length; `bias_gradient` is untouched then.
pub fn bias_gradient(conv: &Conv2d, output_gradient: &[f32], bias_gradient: &mut [f32]) -> Result<(), ShapeError> {
    let [height, width] = conv.check(None, None, Some(bias_gradient.len()), Some(output_gradient.len()))?;
    let plane = height * width;
    let kernels = kernels();
    bias_gradient.par_iter_mut().with_min_len((1 << 14) / (plane * conv.batch + 1) + 1).enumerate().for_each(
        |(channel, sum)| {
            let planes = output_gradient.chunks_exact(plane).skip(channel).step_by(conv.out_channels);
            *sum = planes.map(|plane| kernels.sum(plane)).sum::<f64>() as f32;
        },
    );
    Ok(())
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
    correlate_with_either(kernels, &correlation, weight, &layout, bias, output);
    Ok(())
}

/// Chooses the algorithm, by the shape alone.
fn correlate_with_either(
    kernels: &Kernels,
    correlation: &Correlation<'_>,
    weight: &[f32],
    layout: &WeightLayout,
    bias: Option<&[f32]>,
    target: &mut [f32],
) {
    if is_winograd(kernels, correlation) {
        winograd::correlate(kernels, correlation, weight, layout, bias, target);
    } else {
        correlate(kernels, correlation, &PackedWeights::new(kernels, weight, layout), bias, target);
    }
}

/// Whether to use Winograd's algorithm, by the shape alone.
fn is_winograd(kernels: &Kernels, correlation: &Correlation<'_>) -> bool {
    match kernels.winograd {
        _ if !winograd::is_possible(correlation) => false,
        WinogradUse::Never => false,
        WinogradUse::IfFaster => winograd::is_faster(correlation),
        WinogradUse::Always => true,
    }
}

/// One axis of the padded input, long enough for every phase to have the same length.
pub(crate) fn padded_axis(conv: &Conv2d, in_size: usize, out_size: usize, kernel: usize) -> Axis {
    let padded = (out_size + kernel.div_ceil(conv.stride) - 1) * conv.stride;
    Axis::new(in_size, conv.padding as isize, conv.padding, padded, conv.mode, conv.stride)
}

/// Offsets of the taps of a kernel, row by row.
pub(crate) fn kernel_taps(kernel: [usize; 2]) -> Vec<[usize; 2]> {
    (0..kernel[0]).flat_map(|y| (0..kernel[1]).map(move |x| [y, x])).collect()
}

/// As [`input_gradient`].
pub(crate) fn input_gradient_with(
    kernels: &Kernels,
    conv: &Conv2d,
    weight: &[f32],
    output_gradient: &[f32],
    input_gradient: &mut [f32],
) -> Result<(), ShapeError> {
    let output_size = conv.check(Some(input_gradient.len()), Some(weight.len()), None, Some(output_gradient.len()))?;
    let transposed = Transposed { conv, output_gradient, output_size };
    if conv.stride == 1 && (conv.mode == Padding::Zero || conv.padding == 0) {
        // What flows into zeros is dropped: compute the inside only.
        let (correlation, layout) = transposed.correlation([conv.in_height, conv.in_width], conv.padding as isize);
        correlate_with_either(kernels, &correlation, weight, &layout, None, input_gradient);
        return Ok(());
    }
    let reach = conv.kernel.map(|size| size.div_ceil(conv.stride) - 1);
    let phase_size = [output_size[0] + reach[0], output_size[1] + reach[1]];
    let (correlation, layout) = transposed.correlation(phase_size, 0);
    // Pixels hold the channels of one phase only.
    if conv.stride == 1 && is_winograd(kernels, &correlation) {
        let (pixels, pitch) = winograd::correlate_to_pixels(kernels, &correlation, weight, &layout);
        let axes = [0, 1]
            .map(|axis| padded_axis(conv, [conv.in_height, conv.in_width][axis], output_size[axis], conv.kernel[axis]));
        let padded = PaddedPixels { values: &pixels, pitch, size: phase_size, axes: &axes };
        fold_pixels(kernels, conv.in_channels, &padded, input_gradient);
    } else {
        let elements = conv.batch * correlation.target_channels * phase_size[0] * phase_size[1];
        let mut gradients = Scratch::new(elements);
        correlate(kernels, &correlation, &PackedWeights::new(kernels, weight, &layout), None, &mut gradients);
        fold_planes(conv, output_size, phase_size, &gradients, input_gradient);
    }
    Ok(())
}

/// The transposed convolution, before the padding is folded back.
struct Transposed<'a> {
    conv: &'a Conv2d,
    output_gradient: &'a [f32],
    output_size: [usize; 2],
}

impl<'a> Transposed<'a> {
    /// Gradient of the phases of the padded input, `[batch, phase y, phase x, in_channels, size[0], size[1]]`, without
    /// the first `cropped` rows and columns: a correlation of the output gradient with the flipped kernel, its
    /// channels exchanged. The kernel of phase p has the taps p, p + stride, ...
    fn correlation(&self, size: [usize; 2], cropped: isize) -> (Correlation<'a>, WeightLayout) {
        let Conv2d { in_channels, out_channels, kernel, stride, .. } = *self.conv;
        let sub_kernel = kernel.map(|size| size.div_ceil(stride));
        let axis = |axis: usize| {
            let before = sub_kernel[axis] as isize - 1 - cropped;
            let padded = size[axis] + sub_kernel[axis] - 1;
            Axis::new(self.output_size[axis], before, 0, padded, Padding::Zero, 1)
        };
        let taps = kernel_taps(sub_kernel);
        let phases = kernel_taps([stride, stride]);
        let phase_taps = phases.iter().map(|phase| {
            let flipped = taps.iter().map(|tap| {
                let [y, x] = [0, 1].map(|axis| (sub_kernel[axis] - 1 - tap[axis]) * stride + phase[axis]);
                (y < kernel[0] && x < kernel[1]).then_some(y * kernel[1] + x)
            });
            flipped.collect()
        });
        let area = kernel[0] * kernel[1];
        let channels = (0..phases.len()).flat_map(|phase| (0..in_channels).map(move |channel| (channel * area, phase)));
        let layout = WeightLayout {
            channels: channels.collect(),
            source_stride: in_channels * area,
            source_channels: out_channels,
            taps: phase_taps.collect(),
        };
        let correlation = Correlation {
            source: self.output_gradient,
            batch: self.conv.batch,
            source_channels: out_channels,
            source_size: self.output_size,
            axes: [axis(0), axis(1)],
            taps,
            target_channels: phases.len() * in_channels,
            target_size: size,
        };
        (correlation, layout)
    }
}
