//! Convolutions with their batch normalisation folded in, for networks that are only used, never trained.

use burn::tensor::activation::relu;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor};

use crate::parameter::{Parameter, to_values};

/// How a [`FoldedConvolution`]'s kernel moves: it need not be square.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KernelGeometry {
    /// Height and width.
    pub kernel: [usize; 2],
    /// Step.
    pub stride: usize,
    /// Rows and columns of zeros on each side.
    pub padding: [usize; 2],
}

impl KernelGeometry {
    /// Height and width of the output.
    ///
    /// # Panics
    /// If the kernel does not fit.
    pub fn output_size(&self, size: [usize; 2]) -> [usize; 2] {
        [0, 1].map(|axis| (size[axis] + 2 * self.padding[axis] - self.kernel[axis]) / self.stride + 1)
    }
}

/// Convolution, batch normalisation with constant statistics, ReLU.
#[derive(Clone, Debug)]
pub struct FoldedConvolution {
    weight: Parameter,
    bias: Parameter,
    geometry: KernelGeometry,
}

/// The arrays of a convolution without bias and of the batch normalisation behind it.
#[derive(Clone, Copy, Debug)]
pub struct BatchNormalized<'a> {
    /// `[out, in, kernel height, kernel width]`
    pub weight: &'a [f32],
    /// Scale of each channel.
    pub gamma: &'a [f32],
    /// Shift of each channel.
    pub beta: &'a [f32],
    /// Mean of each channel over the training pictures.
    pub mean: &'a [f32],
    /// Variance of each channel.
    pub variance: &'a [f32],
    /// Added to the variance.
    pub epsilon: f64,
}

impl FoldedConvolution {
    /// Folds a batch normalisation into the weights, in `f64`.
    ///
    /// # Panics
    /// If the arrays do not fit `channels` (in, out) and the geometry.
    pub fn new(arrays: BatchNormalized<'_>, channels: [usize; 2], geometry: KernelGeometry, device: &Device) -> Self {
        let [channels_in, channels_out] = channels;
        let scale = |channel: usize| {
            f64::from(arrays.gamma[channel]) / (f64::from(arrays.variance[channel]) + arrays.epsilon).sqrt()
        };
        let per_channel = channels_in * geometry.kernel[0] * geometry.kernel[1];
        let weights = arrays.weight.iter().enumerate();
        let weight = weights.map(|(index, value)| (f64::from(*value) * scale(index / per_channel)) as f32).collect();
        let bias = (0..channels_out)
            .map(|channel| (f64::from(arrays.beta[channel]) - f64::from(arrays.mean[channel]) * scale(channel)) as f32)
            .collect();
        let shape = [channels_out, channels_in, geometry.kernel[0], geometry.kernel[1]];
        Self {
            weight: Parameter::weight(weight, &shape, device),
            bias: Parameter::weight(bias, &[channels_out], device),
            geometry,
        }
    }

    /// How the kernel moves.
    pub fn geometry(&self) -> KernelGeometry {
        self.geometry
    }

    /// Channels of the output.
    pub fn channels_out(&self) -> usize {
        self.bias.shape()[0]
    }

    /// Copies weight `[out, in, kernel height, kernel width]` and bias `[out]` to the host.
    pub fn current_weights(&self) -> (Vec<f32>, Vec<f32>) {
        (to_values(self.weight.flat()), to_values(self.bias.flat()))
    }

    /// # Shapes
    /// - images: `[n, in, h, w]`
    /// - output: `[n, out, h', w']`
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        let KernelGeometry { stride, padding, .. } = self.geometry;
        let options = ConvOptions::new([stride; 2], padding, [1, 1], 1);
        relu(conv2d(images, self.weight.get(), Some(self.bias.get()), options))
    }
}
