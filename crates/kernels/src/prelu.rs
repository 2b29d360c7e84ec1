//! ReLU with a slope per channel, on all threads. Tasks are planes; the sums over pictures are taken in their order.

use crate::isa::kernels;
use crate::plane::sum_of;
use crate::shape::{ShapeError, check_length, elements};
use rayon::prelude::*;

/// Values that a task has at least.
const TASK: usize = 1 << 13;

/// The shape `[n, c, ...]` of what [`Prelu::forward`] takes: `x` above 0, else `x` times the slope of its channel.
///
/// He et al. 2015, <https://arxiv.org/abs/1502.01852>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prelu {
    /// Pictures.
    pub batch: usize,
    /// Channels, each with its slope.
    pub channels: usize,
    /// Pixels of a channel.
    pub plane: usize,
}

/// Writes one plane.
#[inline(always)]
pub(crate) fn prelu(slope: f32, input: &[f32], output: &mut [f32]) {
    output.iter_mut().zip(input).for_each(|(output, x)| *output = if *x > 0.0 { *x } else { *x * slope });
}

/// Writes the gradient with respect to one plane of inputs; returns that with respect to the slope.
#[inline(always)]
pub(crate) fn prelu_gradient(slope: f32, input: &[f32], output_gradient: &[f32], gradient: &mut [f32]) -> f64 {
    for ((result, x), gradient) in gradient.iter_mut().zip(input).zip(output_gradient) {
        *result = if *x > 0.0 { *gradient } else { *gradient * slope };
    }
    sum_of(input, output_gradient, |x, gradient| if x > 0.0 { 0.0 } else { x * gradient })
}

impl Prelu {
    fn check<const N: usize>(&self, slopes: &[f32], images: [(&'static str, usize); N]) -> Result<(), ShapeError> {
        check_length("slopes", self.channels, slopes.len())?;
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
    pub fn forward(&self, input: &[f32], slopes: &[f32], output: &mut [f32]) -> Result<(), ShapeError> {
        self.check(slopes, [("input", input.len()), ("output", output.len())])?;
        if output.is_empty() {
            return Ok(());
        }
        let kernels = kernels();
        let planes = output.par_chunks_mut(self.plane).zip(input.par_chunks(self.plane)).enumerate();
        planes.with_min_len(self.planes_per_task()).for_each(|(index, (output, input))| {
            kernels.prelu(slopes[index % self.channels], input, output);
        });
        Ok(())
    }

    /// Overwrites `input_gradient` with the gradient of [`Prelu::forward`] with respect to its input, `slope_gradient`
    /// (`[c]`) with that with respect to the slopes. At 0 the slope counts.
    ///
    /// # Errors
    /// [`ShapeError`] if a length does not fit the shape; nothing is written then.
    pub fn gradient(
        &self,
        input: &[f32],
        slopes: &[f32],
        output_gradient: &[f32],
        input_gradient: &mut [f32],
        slope_gradient: &mut [f32],
    ) -> Result<(), ShapeError> {
        let lengths = [
            ("input", input.len()),
            ("output_gradient", output_gradient.len()),
            ("input_gradient", input_gradient.len()),
        ];
        self.check(slopes, lengths)?;
        check_length("slope_gradient", self.channels, slope_gradient.len())?;
        slope_gradient.fill(0.0);
        if input.is_empty() {
            return Ok(());
        }
        let kernels = kernels();
        let planes = input_gradient.par_chunks_mut(self.plane).zip(input.par_chunks(self.plane));
        let planes = planes.zip(output_gradient.par_chunks(self.plane)).enumerate();
        let of_planes = planes.with_min_len(self.planes_per_task()).map(|(index, ((result, input), gradient))| {
            kernels.prelu_gradient(slopes[index % self.channels], input, gradient, result)
        });
        let of_planes: Vec<f64> = of_planes.collect();
        for (channel, sum) in slope_gradient.iter_mut().enumerate() {
            *sum = of_planes.iter().skip(channel).step_by(self.channels).sum::<f64>() as f32;
        }
        Ok(())
    }
}
