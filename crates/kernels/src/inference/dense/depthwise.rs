//! Depthwise 3x3 convolutions between dense maps.

use super::shape::DenseShape;
use crate::error::{ShapeError, check_length};
use crate::simd::dispatch::{Kernels, kernel_methods, kernels};
use crate::simd::vector::Vector;

kernel_methods! {
    unsafe fn depthwise_row<V>(row: &DepthwiseRow);
}

/// Height and width of the kernel.
const KERNEL: usize = 3;
/// Outputs that are computed together: enough independent sums to hide the time that one addition takes.
const TOGETHER: usize = 4;

/// Convolves each channel with a 3x3 kernel of its own. Zeros surround the map so that outputs are as many as inputs
/// divided by the stride, rounded up; with stride 2 and an even size they lie behind the map only, as TensorFlow's `SAME`
/// has it.
#[derive(Debug)]
pub struct DepthwiseConvolution {
    kernels: &'static Kernels,
    input: DenseShape,
    output: DenseShape,
    stride: usize,
    /// `[3 * 3][pitch]`
    weights: Vec<f32>,
    /// `[pitch]`
    bias: Vec<f32>,
    /// A row of the input that lies outside.
    zeros: Vec<f32>,
}

impl DepthwiseConvolution {
    /// Prepares `weight` (`[channels, 1, 3, 3]`) and `bias` (`[channels]`) for a stride of 1 or more.
    ///
    /// # Errors
    /// [`ShapeError`] if a size is zero or a slice has another length.
    pub fn new(input: DenseShape, stride: usize, weight: &[f32], bias: &[f32]) -> Result<Self, ShapeError> {
        Self::with(kernels(), input, stride, weight, bias)
    }

    /// As [`DepthwiseConvolution::new`], for a chosen instruction set.
    pub(crate) fn with(
        kernels: &'static Kernels,
        input: DenseShape,
        stride: usize,
        weight: &[f32],
        bias: &[f32],
    ) -> Result<Self, ShapeError> {
        input.check()?;
        if stride == 0 {
            return Err(ShapeError::Zero { field: "stride" });
        }
        let channels = input.channels();
        check_length("weight", channels * KERNEL * KERNEL, weight.len())?;
        check_length("bias", channels, bias.len())?;
        let output = DenseShape::features(input.size().map(|size| size.div_ceil(stride)), channels);
        // Pixels of a map are read by whole registers.
        check_length("pitch", output.pitch(), input.pitch())?;
        let pitch = input.pitch();
        let mut weights = vec![0.0; KERNEL * KERNEL * pitch];
        for (channel, kernel) in weight.chunks_exact(KERNEL * KERNEL).enumerate() {
            kernel.iter().enumerate().for_each(|(tap, value)| weights[tap * pitch + channel] = *value);
        }
        let mut bias = bias.to_vec();
        bias.resize(pitch, 0.0);
        Ok(Self { kernels, input, output, stride, weights, bias, zeros: vec![0.0; input.size()[1] * pitch] })
    }

    /// The shape of the inputs.
    pub fn input(&self) -> DenseShape {
        self.input
    }

    /// The shape of the outputs.
    pub fn output(&self) -> DenseShape {
        self.output
    }

    /// Rows above, or columns left of, the map that the kernel reads first.
    fn before(&self, axis: usize) -> usize {
        let (inputs, outputs) = (self.input.size()[axis], self.output.size()[axis]);
        ((outputs - 1) * self.stride + KERNEL).saturating_sub(inputs) / 2
    }

    /// Overwrites `output`.
    ///
    /// # Errors
    /// [`ShapeError`] if a map has another length; `output` is untouched then.
    pub fn forward(&self, input: &[f32], output: &mut [f32]) -> Result<(), ShapeError> {
        check_length("input", self.input.elements(), input.len())?;
        check_length("output", self.output.elements(), output.len())?;
        let [height, width] = self.input.size();
        let row_len = width * self.input.pitch();
        for (y, target) in output.chunks_exact_mut(self.output.size()[1] * self.output.pitch()).enumerate() {
            let source = |tap: usize| match (y * self.stride + tap).checked_sub(self.before(0)) {
                Some(row) if row < height => input[row * row_len..].as_ptr(),
                _ => self.zeros.as_ptr(),
            };
            let row = DepthwiseRow {
                sources: [source(0), source(1), source(2)],
                in_width: width,
                pitch: self.input.pitch(),
                stride: self.stride,
                before: self.before(1),
                weights: self.weights.as_ptr(),
                bias: self.bias.as_ptr(),
                target: target.as_mut_ptr(),
                out_width: self.output.size()[1],
            };
            // SAFETY: the lengths were checked, sources are whole rows, weights and bias have a pitch each; the output is
            // borrowed mutably.
            unsafe { self.kernels.depthwise_row(&row) };
        }
        Ok(())
    }
}

/// A row of outputs.
pub(crate) struct DepthwiseRow {
    /// The rows of inputs that it reads.
    sources: [*const f32; KERNEL],
    /// Pixels of a row of inputs.
    in_width: usize,
    /// Elements from a pixel to the next, in inputs, weights and outputs: whole registers.
    pitch: usize,
    stride: usize,
    /// Columns left of the inputs that the first output reads.
    before: usize,
    /// `[3 * 3][pitch]`
    weights: *const f32,
    bias: *const f32,
    target: *mut f32,
    out_width: usize,
}

/// Computes a row of outputs, register by register of channels.
///
/// # Safety
/// The processor has `V`'s instruction set; sources, weights, bias and target are valid for the sizes given, and no other
/// thread touches the target.
#[expect(clippy::needless_range_loop, reason = "counted loops over registers are what the compiler unrolls")]
#[inline(always)]
unsafe fn depthwise_row<V: Vector>(row: &DepthwiseRow) {
    // The outputs whose whole kernel lies inside: `first..end`.
    let first = row.before.div_ceil(row.stride).min(row.out_width);
    let end = match (row.in_width + row.before).checked_sub(KERNEL) {
        Some(last) => (last / row.stride + 1).clamp(first, row.out_width),
        None => first,
    };
    // SAFETY: the caller vouches for everything within the sizes, which the loops keep to.
    unsafe {
        for channel in (0..row.pitch).step_by(V::LANES) {
            let mut weights = [V::zero(); KERNEL * KERNEL];
            for tap in 0..KERNEL * KERNEL {
                weights[tap] = V::load(row.weights.add(tap * row.pitch + channel));
            }
            let bias = V::load(row.bias.add(channel));
            let mut x = 0;
            while x < row.out_width {
                let target = row.target.add(x * row.pitch + channel);
                if x >= first && x + TOGETHER <= end {
                    let start = (x * row.stride - row.before) * row.pitch + channel;
                    let mut sums = [bias; TOGETHER];
                    for y in 0..KERNEL {
                        let source = row.sources[y].add(start);
                        for column in 0..KERNEL {
                            for index in 0..TOGETHER {
                                let value = V::load(source.add((index * row.stride + column) * row.pitch));
                                sums[index] = sums[index].add_product(value, weights[y * KERNEL + column]);
                            }
                        }
                    }
                    for index in 0..TOGETHER {
                        sums[index].store(target.add(index * row.pitch));
                    }
                    x += TOGETHER;
                } else {
                    let mut sum = bias;
                    for column in 0..KERNEL {
                        let inside = (x * row.stride + column).checked_sub(row.before);
                        if let Some(inside) = inside.filter(|inside| *inside < row.in_width) {
                            for y in 0..KERNEL {
                                let value = V::load(row.sources[y].add(inside * row.pitch + channel));
                                sum = sum.add_product(value, weights[y * KERNEL + column]);
                            }
                        }
                    }
                    sum.store(target);
                    x += 1;
                }
            }
        }
    }
}
