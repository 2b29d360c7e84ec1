//! Depthwise 3x3 convolutions of images `[n, c, h, w]` and their gradients, on all threads: a plane a task. For inference with
//! constant weights there is `inference/dense/depthwise.rs`.

use rayon::prelude::*;

use crate::error::{ShapeError, check_length, elements};
use crate::simd::dispatch::{kernel_methods, kernels};

kernel_methods! {
    fn depthwise_plane(plane: &Plane, kernel: &[f32], bias: f32, input: &[f32], output: &mut [f32]);
    fn depthwise_plane_input_gradient(plane: &Plane, kernel: &[f32], gradient: &[f32], result: &mut [f32]);
    fn depthwise_plane_weight_gradient(plane: &Plane, input: &[f32], gradient: &[f32]) -> [f32; TAPS];
}

/// Height and width of the kernel.
const KERNEL: usize = 3;
/// Values of a kernel.
const TAPS: usize = KERNEL * KERNEL;
/// Sums that run beside each other.
const LANES: usize = 16;
/// Values that a task has at least.
const TASK: usize = 1 << 13;

/// A convolution of each channel with a 3x3 kernel of its own. Zeros surround the images so that outputs are as many as inputs divided
/// by the stride, rounded up; with stride 2 and an even size they lie behind the images only, as TensorFlow's `SAME` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depthwise {
    /// Images.
    pub batch: usize,
    /// Channels, each with its kernel.
    pub channels: usize,
    /// Height of the input.
    pub height: usize,
    /// Width of the input.
    pub width: usize,
    /// Step of the kernel.
    pub stride: usize,
}

/// One channel of one image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plane {
    /// Rows and columns of the input and of the output.
    input: [usize; 2],
    output: [usize; 2],
    stride: usize,
    /// Rows above and columns left of the input that the first output reads.
    before: [usize; 2],
}

impl Plane {
    /// The outputs along an axis that read an input at `tap`, and the input that the first of them reads.
    #[inline(always)]
    fn range(&self, axis: usize, tap: usize) -> (usize, usize, usize) {
        let first = self.before[axis].saturating_sub(tap).div_ceil(self.stride);
        let end = (self.input[axis] + self.before[axis]).saturating_sub(tap).div_ceil(self.stride);
        let end = end.clamp(first, self.output[axis].max(first));
        (first, end, first * self.stride + tap - self.before[axis])
    }

    /// Calls `work` for every tap and every row of outputs with the outputs that read an input there: the tap, the range of outputs, the
    /// first input.
    #[inline(always)]
    fn for_rows(&self, mut work: impl FnMut(usize, std::ops::Range<usize>, usize)) {
        for y_tap in 0..KERNEL {
            let (first_row, end_row, first_source) = self.range(0, y_tap);
            for x_tap in 0..KERNEL {
                let (first, end, source) = self.range(1, x_tap);
                if first == end {
                    // Maps narrower than the kernel: no output reads the input at this tap.
                    continue;
                }
                for row in first_row..end_row {
                    let source_row = first_source + (row - first_row) * self.stride;
                    let targets = row * self.output[1] + first..row * self.output[1] + end;
                    work(y_tap * KERNEL + x_tap, targets, source_row * self.input[1] + source);
                }
            }
        }
    }
}

/// Writes one plane of outputs.
#[inline(always)]
pub(crate) fn depthwise_plane(plane: &Plane, kernel: &[f32], bias: f32, input: &[f32], output: &mut [f32]) {
    output.fill(bias);
    plane.for_rows(|tap, targets, source| {
        let (weight, targets) = (kernel[tap], &mut output[targets]);
        if plane.stride == 1 {
            targets.iter_mut().zip(&input[source..]).for_each(|(target, value)| *target += weight * value);
        } else {
            let values = input[source..].iter().step_by(plane.stride);
            targets.iter_mut().zip(values).for_each(|(target, value)| *target += weight * value);
        }
    });
}

/// Writes the gradient with respect to one plane of inputs.
#[inline(always)]
pub(crate) fn depthwise_plane_input_gradient(plane: &Plane, kernel: &[f32], gradient: &[f32], result: &mut [f32]) {
    result.fill(0.0);
    plane.for_rows(|tap, targets, source| {
        let (weight, gradient) = (kernel[tap], &gradient[targets]);
        if plane.stride == 1 {
            result[source..].iter_mut().zip(gradient).for_each(|(sum, value)| *sum += weight * value);
        } else {
            let sums = result[source..].iter_mut().step_by(plane.stride);
            sums.zip(gradient).for_each(|(sum, value)| *sum += weight * value);
        }
    });
}

/// The gradient with respect to the kernel that one plane gives.
#[inline(always)]
pub(crate) fn depthwise_plane_weight_gradient(plane: &Plane, input: &[f32], gradient: &[f32]) -> [f32; TAPS] {
    let mut sums = [[0.0_f32; LANES]; TAPS];
    plane.for_rows(|tap, targets, source| {
        let (sums, gradient) = (&mut sums[tap], &gradient[targets]);
        if plane.stride == 1 {
            let (values, values_rest) = input[source..source + gradient.len()].as_chunks::<LANES>();
            let (gradient, gradient_rest) = gradient.as_chunks::<LANES>();
            for (values, gradient) in values.iter().zip(gradient) {
                for lane in 0..LANES {
                    sums[lane] += values[lane] * gradient[lane];
                }
            }
            let rest = values_rest.iter().zip(gradient_rest);
            sums.iter_mut().zip(rest).for_each(|(sum, (value, gradient))| *sum += value * gradient);
        } else {
            let values = input[source..].iter().step_by(plane.stride).zip(gradient).enumerate();
            values.for_each(|(index, (value, gradient))| sums[index % LANES] += value * gradient);
        }
    });
    sums.map(|lanes| lanes.iter().sum())
}

impl Depthwise {
    /// Height and width of the output.
    ///
    /// # Errors
    /// [`ShapeError::Zero`] for a stride or size of zero.
    pub fn output_size(&self) -> Result<[usize; 2], ShapeError> {
        let fields = [("stride", self.stride), ("height", self.height), ("width", self.width)];
        match fields.into_iter().find(|(_, size)| *size == 0) {
            Some((field, _)) => Err(ShapeError::Zero { field }),
            None => Ok([self.height, self.width].map(|size| size.div_ceil(self.stride))),
        }
    }

    fn plane(&self) -> Result<Plane, ShapeError> {
        let (input, output) = ([self.height, self.width], self.output_size()?);
        let before = [0, 1].map(|axis| ((output[axis] - 1) * self.stride + KERNEL).saturating_sub(input[axis]) / 2);
        Ok(Plane { input, output, stride: self.stride, before })
    }

    /// The plane, when slices have the lengths of weight, input and output.
    fn check(&self, weight: usize, input: usize, output: usize) -> Result<Plane, ShapeError> {
        let plane = self.plane()?;
        check_length("weight", elements([self.channels, TAPS, 1, 1])?, weight)?;
        check_length("input", elements([self.batch, self.channels, self.height, self.width])?, input)?;
        let [height, width] = plane.output;
        check_length("output", elements([self.batch, self.channels, height, width])?, output)?;
        Ok(plane)
    }

    /// Overwrites `output` (`[n, c, h', w']`) with the convolution of `input` (`[n, c, h, w]`) with `weight` (`[c, 1, 3, 3]`), plus
    /// `bias` (`[c]`).
    ///
    /// # Errors
    /// [`ShapeError`] if a length does not fit; nothing is written then.
    pub fn forward(&self, input: &[f32], weight: &[f32], bias: &[f32], output: &mut [f32]) -> Result<(), ShapeError> {
        let plane = self.check(weight.len(), input.len(), output.len())?;
        check_length("bias", self.channels, bias.len())?;
        let (kernels, [height, width]) = (kernels(), plane.output);
        let planes = output.par_chunks_mut(height * width).zip(input.par_chunks(self.height * self.width)).enumerate();
        planes.with_min_len(self.planes_per_task()).for_each(|(index, (output, input))| {
            let channel = index % self.channels;
            kernels.depthwise_plane(&plane, &weight[channel * TAPS..][..TAPS], bias[channel], input, output);
        });
        Ok(())
    }

    /// Overwrites `gradient` (`[n, c, h, w]`) with the gradient of [`forward`](Self::forward) with respect to its input, from that with
    /// respect to its output.
    ///
    /// # Errors
    /// As [`forward`](Self::forward).
    pub fn input_gradient(
        &self,
        weight: &[f32],
        output_gradient: &[f32],
        gradient: &mut [f32],
    ) -> Result<(), ShapeError> {
        let plane = self.check(weight.len(), gradient.len(), output_gradient.len())?;
        let (kernels, [height, width]) = (kernels(), plane.output);
        let inputs = gradient.par_chunks_mut(self.height * self.width);
        let planes = inputs.zip(output_gradient.par_chunks(height * width)).enumerate();
        planes.with_min_len(self.planes_per_task()).for_each(|(index, (result, gradient))| {
            let kernel = &weight[index % self.channels * TAPS..][..TAPS];
            kernels.depthwise_plane_input_gradient(&plane, kernel, gradient, result);
        });
        Ok(())
    }

    /// Overwrites `gradient` (`[c, 1, 3, 3]`) with the gradient of [`forward`](Self::forward) with respect to its weight. Images are
    /// summed in their order.
    ///
    /// # Errors
    /// As [`forward`](Self::forward).
    pub fn weight_gradient(
        &self,
        input: &[f32],
        output_gradient: &[f32],
        gradient: &mut [f32],
    ) -> Result<(), ShapeError> {
        let plane = self.check(gradient.len(), input.len(), output_gradient.len())?;
        let (kernels, [height, width]) = (kernels(), plane.output);
        let inputs = input.par_chunks(self.height * self.width);
        let planes = inputs.zip(output_gradient.par_chunks(height * width)).with_min_len(self.planes_per_task());
        let of_planes: Vec<[f32; TAPS]> =
            planes.map(|(input, gradient)| kernels.depthwise_plane_weight_gradient(&plane, input, gradient)).collect();
        for (channel, taps) in gradient.chunks_exact_mut(TAPS).enumerate() {
            for (tap, value) in taps.iter_mut().enumerate() {
                let of_images = of_planes.iter().skip(channel).step_by(self.channels);
                *value = of_images.map(|taps| f64::from(taps[tap])).sum::<f64>() as f32;
            }
        }
        Ok(())
    }

    fn planes_per_task(&self) -> usize {
        TASK.div_ceil((self.height * self.width).max(1))
    }
}
