//! The gradient of the loss with respect to the input.

use super::axis::{Axis, padded_axis};
use super::correlation::{Correlation, WeightLayout, kernel_taps};
use super::direct;
use super::fold::{PaddedPixels, fold_pixels, fold_planes};
use super::forward::correlate_by_best;
use super::packed_weights::PackedWeights;
use super::padding::Padding;
use super::shape::Conv2d;
use crate::algorithm::{self, Algorithm};
use crate::error::ShapeError;
use crate::memory::scratch::Scratch;
use crate::simd::dispatch::{Kernels, kernels};
use crate::winograd;

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
        correlate_by_best(kernels, &correlation, weight, &layout, None, input_gradient);
        return Ok(());
    }
    let reach = conv.kernel.map(|size| size.div_ceil(conv.stride) - 1);
    let phase_size = [output_size[0] + reach[0], output_size[1] + reach[1]];
    let (correlation, layout) = transposed.correlation(phase_size, 0);
    // Pixels hold the channels of one phase only.
    if conv.stride == 1 && algorithm::of_correlation(kernels, &correlation) != Algorithm::Direct {
        let (pixels, pitch) = winograd::forward::correlate_to_pixels(kernels, &correlation, weight, &layout);
        let axes = [0, 1]
            .map(|axis| padded_axis(conv, [conv.in_height, conv.in_width][axis], output_size[axis], conv.kernel[axis]));
        let padded = PaddedPixels { values: &pixels, pitch, size: phase_size, axes: &axes };
        fold_pixels(kernels, conv.in_channels, &padded, input_gradient);
    } else {
        let elements = conv.batch * correlation.target_channels * phase_size[0] * phase_size[1];
        let mut gradients = Scratch::new(elements);
        direct::correlate(kernels, &correlation, &PackedWeights::new(kernels, weight, &layout), None, &mut gradients);
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
