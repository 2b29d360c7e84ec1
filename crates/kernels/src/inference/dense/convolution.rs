//! Convolutions between dense maps: a GEMM on packed weights.

use super::shape::DenseShape;
use crate::error::{ShapeError, check_length};
use crate::inference::convolution::OutputActivation;
use crate::memory::scratch::Aligned;
use crate::memory::shared::Shared;
use crate::simd::dispatch::{Kernels, kernels};
use crate::simd::epilogue::{Epilogue, EpilogueActivation};
use crate::simd::gemm::Gemm;
use crate::simd::outer_product::MAX_OUTER_ROWS;

/// A convolution without padding whose weights do not change. A linear layer is one whose kernel is as large as the map.
#[derive(Debug)]
pub struct DenseConvolution {
    kernels: &'static Kernels,
    input: DenseShape,
    output: DenseShape,
    kernel: [usize; 2],
    stride: usize,
    /// `[block][kernel row][input][output channel of the block]`
    weights: Aligned,
    /// Per output channel, zeros behind.
    bias: Vec<f32>,
    activation: EpilogueActivation,
    prelu_weight: Vec<f32>,
}

impl DenseConvolution {
    /// Packs `weight` (`[out, in, kernel height, kernel width]`), `bias` (`[out]`) and the activation's weight.
    ///
    /// # Errors
    /// [`ShapeError`] if a size is zero, the kernel is larger than the input or a slice has another length.
    pub fn new(
        input: DenseShape,
        [kernel, stride]: [usize; 2],
        weight: &[f32],
        bias: &[f32],
        activation: OutputActivation<'_>,
    ) -> Result<Self, ShapeError> {
        Self::with(kernels(), input, [kernel, stride], weight, bias, activation)
    }

    /// As [`DenseConvolution::new`], for a chosen instruction set.
    pub(crate) fn with(
        kernels: &'static Kernels,
        input: DenseShape,
        [kernel, stride]: [usize; 2],
        weight: &[f32],
        bias: &[f32],
        activation: OutputActivation<'_>,
    ) -> Result<Self, ShapeError> {
        input.check()?;
        if let Some((field, _)) = [("kernel", kernel), ("stride", stride)].into_iter().find(|(_, size)| *size == 0) {
            return Err(ShapeError::Zero { field });
        }
        let kernel = [kernel; 2];
        if input.size().iter().any(|size| *size < kernel[0]) {
            return Err(ShapeError::KernelTooLarge { kernel, padded: input.size() });
        }
        let output = DenseShape::features(input.size().map(|size| (size - kernel[0]) / stride + 1), bias.len());
        output.check()?;
        check_length("weight", bias.len() * input.channels() * kernel[0] * kernel[1], weight.len())?;
        let (activation, prelu_weight) = match activation {
            OutputActivation::None => (EpilogueActivation::Linear, &[][..]),
            OutputActivation::Relu => (EpilogueActivation::Relu, &[][..]),
            OutputActivation::Prelu(values) => {
                check_length("PReLU weight", bias.len(), values.len())?;
                (EpilogueActivation::Prelu, values)
            }
        };
        let whole = |values: &[f32]| {
            let mut values = values.to_vec();
            values.resize(output.pitch(), 0.0);
            values
        };
        let (bias, prelu_weight) = (whole(bias), whole(prelu_weight));
        let mut convolution = Self {
            kernels,
            input,
            output,
            kernel,
            stride,
            weights: Aligned::zeroed(0),
            bias,
            activation,
            prelu_weight,
        };
        convolution.pack(weight);
        Ok(convolution)
    }

    /// The shape of the inputs.
    pub fn input(&self) -> DenseShape {
        self.input
    }

    /// The shape of the outputs.
    pub fn output(&self) -> DenseShape {
        self.output
    }

    /// Inputs of a row of the kernel. Those of a 1x1 kernel end with the last channel.
    fn depth(&self) -> usize {
        (self.kernel[1] - 1) * self.input.pitch() + self.input.channels()
    }

    /// First channel and registers of each block of output channels.
    fn blocks(&self) -> impl Iterator<Item = (usize, usize)> {
        let (lanes, most) = (self.kernels.lanes, self.kernels.outer_columns);
        let registers = self.output.pitch() / lanes;
        (0..registers).step_by(most).map(move |first| (first * lanes, most.min(registers - first)))
    }

    fn pack(&mut self, weight: &[f32]) {
        let (channels, pitch, depth) = (self.input.channels(), self.input.pitch(), self.depth());
        let area = self.kernel[0] * self.kernel[1];
        let mut packed = Aligned::zeroed(self.output.pitch() * self.kernel[0] * depth);
        for (first, columns) in self.blocks() {
            let width = columns * self.kernels.lanes;
            let block = &mut packed[first * self.kernel[0] * depth..][..width * self.kernel[0] * depth];
            for (row, out) in (first..self.output.channels().min(first + width)).enumerate() {
                for (channel, kernel) in weight[out * channels * area..][..channels * area].chunks(area).enumerate() {
                    for (tap, value) in kernel.iter().enumerate() {
                        let (y, x) = (tap / self.kernel[1], tap % self.kernel[1]);
                        block[(y * depth + x * pitch + channel) * width + row] = *value;
                    }
                }
            }
        }
        self.weights = packed;
    }

    /// Overwrites `output` with the convolution of `input`, bias and activation; or, where `add` is set, adds to what
    /// `output` holds, before the activation.
    ///
    /// # Errors
    /// [`ShapeError`] if a map has another length; `output` is untouched then.
    pub fn forward(&self, input: &[f32], output: &mut [f32], add: bool) -> Result<(), ShapeError> {
        check_length("input", self.input.elements(), input.len())?;
        check_length("output", self.output.elements(), output.len())?;
        let target = Shared::new(output);
        let mut starts = Vec::with_capacity(self.output.size().iter().product());
        let [height, width] = self.output.size();
        for y in 0..height {
            let row = y * self.stride * self.input.size()[1];
            starts.extend((0..width).map(|x| (row + x * self.stride) * self.input.pitch()));
        }
        let epilogue = Epilogue {
            bias: self.bias.as_ptr(),
            activation: self.activation,
            prelu_weight: self.prelu_weight.as_ptr(),
            residual: None,
        };
        let depth = self.depth();
        for (first, columns) in self.blocks() {
            let mut gemm = Gemm {
                rows: 0,
                columns,
                scalars: [std::ptr::null(); MAX_OUTER_ROWS],
                segments: self.kernel[0],
                segment_step: self.input.size()[1] * self.input.pitch(),
                depth,
                weights: self.weights[first * self.kernel[0] * depth..].as_ptr(),
                targets: [std::ptr::null_mut(); MAX_OUTER_ROWS],
                accumulate: add,
                epilogue: Some(epilogue.from(first)),
            };
            for (chunk, starts) in starts.chunks(self.kernels.outer_rows).enumerate() {
                gemm.rows = starts.len();
                for (row, start) in starts.iter().enumerate() {
                    let position = chunk * self.kernels.outer_rows + row;
                    gemm.scalars[row] = input[*start..].as_ptr();
                    gemm.targets[row] = target.at(position * self.output.pitch() + first);
                }
                // SAFETY: the lengths were checked; a kernel at the last position ends with the input's last channel;
                // weights, bias and PReLU weight have whole registers; the output is borrowed mutably.
                unsafe { self.kernels.gemm(&gemm) };
            }
        }
        Ok(())
    }
}
