//! PReLU, on all threads. Tasks are planes; sums over images are taken in their order.

use crate::error::{ShapeError, check_length, elements};
use crate::simd::dispatch::{kernel_methods, kernels};
use crate::simd::sums::sum_of;
use rayon::prelude::*;

kernel_methods! {
    fn prelu(weight: f32, input: &[f32], output: &mut [f32]);
    fn prelu_gradient(weight: f32, input: &[f32], output_gradient: &[f32], gradient: &mut [f32]) -> f64;
}

/// Values that a task has at least.
const TASK: usize = 1 << 13;

/// The shape `[n, c, ...]` of what [`Prelu::forward`] takes: `x` above 0, else `x` times the weight of its channel.
///
/// He et al. 2015, <https://arxiv.org/abs/1502.01852>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prelu {
    /// Images.
    pub batch: usize,
    /// Channels, each with its weight.
    pub channels: usize,
    /// Pixels of a channel.
    pub plane: usize,
}

/// Writes one plane.
#[inline(always)]
pub(crate) fn prelu(weight: f32, input: &[f32], output: &mut [f32]) {
    output.iter_mut().zip(input).for_each(|(output, x)| *output = if *x > 0.0 { *x } else { *x * weight });
}

/// Writes the gradient with respect to one plane of inputs; returns that with respect to the weight.
#[inline(always)]
pub(crate) fn prelu_gradient(weight: f32, input: &[f32], output_gradient: &[f32], gradient: &mut [f32]) -> f64 {
    for ((result, x), gradient) in gradient.iter_mut().zip(input).zip(output_gradient) {
        *result = if *x > 0.0 { *gradient } else { *gradient * weight };
    }
    sum_of(input, output_gradient, |x, gradient| if x > 0.0 { 0.0 } else { x * gradient })
}

impl Prelu {
    fn check<const N: usize>(&self, weight: &[f32], images: [(&'static str, usize); N]) -> Result<(), ShapeError> {
        check_length("weight", self.channels, weight.len())?;
        let expected = elements([self.batch, self.channels, self.plane, 1])?;
        images.into_iter().try_for_each(|(argument, found)| check_length(argument, expected, found))
    }

    /// Planes that make a task.
    fn planes_per_task(&self) -> usize {
        TASK.div_ceil(self.plane.max(1))
    }

    /// Overwrites `output` with the activation of `input`, both `[n, c, ...]`.
    ///
    /// # Errors
    /// [`ShapeError`] if a length does not fit the shape; nothing is written then.
    pub fn forward(&self, input: &[f32], weight: &[f32], output: &mut [f32]) -> Result<(), ShapeError> {
        self.check(weight, [("input", input.len()), ("output", output.len())])?;
        if output.is_empty() {
            return Ok(());
        }
        let kernels = kernels();
        let planes = output.par_chunks_mut(self.plane).zip(input.par_chunks(self.plane)).enumerate();
        planes.with_min_len(self.planes_per_task()).for_each(|(index, (output, input))| {
            kernels.prelu(weight[index % self.channels], input, output);
        });
        Ok(())
    }

    /// Overwrites `input_gradient` with the gradient of [`Prelu::forward`] with respect to its input, `weight_gradient`
    /// (`[c]`) with that with respect to the weight. At 0 the derivative is the weight.
    ///
    /// # Errors
    /// [`ShapeError`] if a length does not fit the shape; nothing is written then.
    pub fn gradient(
        &self,
        input: &[f32],
        weight: &[f32],
        output_gradient: &[f32],
        input_gradient: &mut [f32],
        weight_gradient: &mut [f32],
    ) -> Result<(), ShapeError> {
        let lengths = [
            ("input", input.len()),
            ("output_gradient", output_gradient.len()),
            ("input_gradient", input_gradient.len()),
        ];
        self.check(weight, lengths)?;
        check_length("weight_gradient", self.channels, weight_gradient.len())?;
        weight_gradient.fill(0.0);
        if input.is_empty() {
            return Ok(());
        }
        let kernels = kernels();
        let planes = input_gradient.par_chunks_mut(self.plane).zip(input.par_chunks(self.plane));
        let planes = planes.zip(output_gradient.par_chunks(self.plane)).enumerate();
        let of_planes = planes.with_min_len(self.planes_per_task()).map(|(index, ((result, input), gradient))| {
            kernels.prelu_gradient(weight[index % self.channels], input, gradient, result)
        });
        let of_planes: Vec<f64> = of_planes.collect();
        for (channel, sum) in weight_gradient.iter_mut().enumerate() {
            *sum = of_planes.iter().skip(channel).step_by(self.channels).sum::<f64>() as f32;
        }
        Ok(())
    }
}
