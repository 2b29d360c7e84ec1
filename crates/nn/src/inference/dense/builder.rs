//! Layers from named arrays.

use std::path::Path;

use portraitist_kernels::{DenseConvolution, DenseShape, DepthwiseConvolution, OutputActivation, ShapeError};

use super::block::{Block, Dense, Layer};
use crate::weights::{NamedArrays, WeightsError};

/// What follows a convolution of a [`DenseBuilder`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DenseActivation {
    /// Nothing.
    Linear,
    /// `max(0, x)`.
    Relu,
    /// PReLU, its weight from the array `NAME.prelu.weight`.
    Prelu,
}

/// A convolution of a [`DenseBuilder`]: height and width of its kernel, its stride, what follows.
#[derive(Clone, Copy, Debug)]
pub struct DenseLayer<'a> {
    /// The arrays `NAME.weight` and `NAME.bias`.
    pub name: &'a str,
    /// Output channels.
    pub channels: usize,
    /// Height and width of the kernel.
    pub kernel: usize,
    /// Step of the kernel.
    pub stride: usize,
    /// What follows.
    pub activation: DenseActivation,
}

impl<'a> DenseLayer<'a> {
    /// A 1x1 convolution.
    pub fn pointwise(name: &'a str, channels: usize, activation: DenseActivation) -> Self {
        Self { name, channels, kernel: 1, stride: 1, activation }
    }
}

/// Builds layers from named arrays, which must all be used.
#[derive(Debug)]
pub struct DenseBuilder {
    arrays: NamedArrays,
    missing: Vec<String>,
    misshaped: Vec<String>,
    not_finite: Option<String>,
}

impl DenseBuilder {
    /// A builder that takes the arrays of a model file.
    pub fn new(arrays: NamedArrays) -> Self {
        Self { arrays, missing: Vec::new(), misshaped: Vec::new(), not_finite: None }
    }

    /// Ends building: every array must have been there, with its shape, and have been used.
    ///
    /// # Errors
    /// [`WeightsError::Mismatch`] lists those that were not, [`WeightsError::NotFinite`] names one with NaN or infinity.
    pub fn finish(self, path: &Path) -> Result<(), WeightsError> {
        let Self { arrays, missing, misshaped, not_finite } = self;
        let (path, unused) = (path.to_path_buf(), arrays.into_keys().collect::<Vec<_>>());
        if !(missing.is_empty() && unused.is_empty() && misshaped.is_empty()) {
            return Err(WeightsError::Mismatch { path, missing, unused, misshaped });
        }
        not_finite.map_or(Ok(()), |name| Err(WeightsError::NotFinite { path, name }))
    }

    /// The values of an array; zeros, and a note for [`finish`](Self::finish), where it does not fit.
    fn array(&mut self, name: String, shape: &[usize]) -> Vec<f32> {
        let zeros = || vec![0.0; shape.iter().product()];
        match self.arrays.remove(&name) {
            None => {
                self.missing.push(name);
                zeros()
            }
            Some(array) if array.shape != shape => {
                self.misshaped.push(format!("{name} (expected {shape:?}, found {:?})", array.shape));
                zeros()
            }
            Some(array) => {
                if !array.values.iter().all(|value| value.is_finite()) {
                    self.not_finite = Some(name);
                }
                array.values
            }
        }
    }

    /// A convolution of `input`.
    ///
    /// # Errors
    /// [`ShapeError`] if its kernel is larger than the input.
    pub fn convolution(&mut self, input: DenseShape, layer: DenseLayer<'_>) -> Result<Dense, ShapeError> {
        self.convolve(input, layer, layer.name).map(Dense)
    }

    /// A convolution whose PReLU weight is the array `PRELU.prelu.weight`.
    fn convolve(
        &mut self,
        input: DenseShape,
        DenseLayer { name, channels, kernel, stride, activation }: DenseLayer<'_>,
        prelu: &str,
    ) -> Result<DenseConvolution, ShapeError> {
        let weight = self.array(format!("{name}.weight"), &[channels, input.channels(), kernel, kernel]);
        let bias = self.array(format!("{name}.bias"), &[channels]);
        let prelu_weight;
        let activation = match activation {
            DenseActivation::Linear => OutputActivation::None,
            DenseActivation::Relu => OutputActivation::Relu,
            DenseActivation::Prelu => {
                prelu_weight = self.array(format!("{prelu}.prelu.weight"), &[channels]);
                OutputActivation::Prelu(&prelu_weight)
            }
        };
        DenseConvolution::new(input, [kernel, stride], &weight, &bias, activation)
    }

    fn depthwise(&mut self, input: DenseShape, name: &str, stride: usize) -> Result<DepthwiseConvolution, ShapeError> {
        let weight = self.array(format!("{name}.weight"), &[input.channels(), 1, 3, 3]);
        let bias = self.array(format!("{name}.bias"), &[input.channels()]);
        DepthwiseConvolution::new(input, stride, &weight, &bias)
    }
}

/// How blocks of MediaPipe's networks are built; `.prelu.weight` is an array of the block.
impl DenseBuilder {
    /// Depthwise, pointwise.
    ///
    /// # Errors
    /// [`ShapeError`] if the map is empty.
    pub fn block(
        &mut self,
        input: DenseShape,
        name: &str,
        [channels, stride]: [usize; 2],
        activation: DenseActivation,
    ) -> Result<Block, ShapeError> {
        let depthwise = self.depthwise(input, &format!("{name}.depthwise"), stride)?;
        let last = self.last(depthwise.output(), name, "pointwise", channels, activation)?;
        Ok(Block { input, stride, layers: vec![Layer::Depthwise(depthwise)], last })
    }

    /// Depthwise, pointwise to a few channels with ReLU, depthwise, pointwise; ReLU.
    ///
    /// # Errors
    /// [`ShapeError`] if the map is empty.
    pub fn double_block(
        &mut self,
        input: DenseShape,
        name: &str,
        [channels, hidden, stride]: [usize; 3],
    ) -> Result<Block, ShapeError> {
        let depthwise_in = self.depthwise(input, &format!("{name}.depthwise_in"), stride)?;
        let reduce = format!("{name}.reduce");
        let reduce = DenseLayer::pointwise(&reduce, hidden, DenseActivation::Relu);
        let reduce = self.convolve(depthwise_in.output(), reduce, reduce.name)?;
        let depthwise_out = self.depthwise(reduce.output(), &format!("{name}.depthwise_out"), 1)?;
        let last = self.last(depthwise_out.output(), name, "expand", channels, DenseActivation::Relu)?;
        let layers = vec![Layer::Depthwise(depthwise_in), Layer::Convolution(reduce), Layer::Depthwise(depthwise_out)];
        Ok(Block { input, stride, layers, last })
    }

    /// Convolution to fewer channels (2x2 where the stride is 2) with PReLU, depthwise, pointwise; PReLU.
    ///
    /// # Errors
    /// [`ShapeError`] if the map is empty.
    pub fn bottleneck(
        &mut self,
        input: DenseShape,
        name: &str,
        [channels, hidden, stride]: [usize; 3],
    ) -> Result<Block, ShapeError> {
        let reduce = format!("{name}.reduce");
        let reduce =
            DenseLayer { name: &reduce, channels: hidden, kernel: stride, stride, activation: DenseActivation::Prelu };
        let reduce = self.convolve(input, reduce, reduce.name)?;
        let depthwise = self.depthwise(reduce.output(), &format!("{name}.depthwise"), 1)?;
        let last = self.last(depthwise.output(), name, "pointwise", channels, DenseActivation::Prelu)?;
        Ok(Block { input, stride, layers: vec![Layer::Convolution(reduce), Layer::Depthwise(depthwise)], last })
    }

    /// The last convolution of a block; the activation follows the sum, so a PReLU weight is the block's.
    fn last(
        &mut self,
        input: DenseShape,
        block: &str,
        name: &str,
        channels: usize,
        activation: DenseActivation,
    ) -> Result<DenseConvolution, ShapeError> {
        self.convolve(input, DenseLayer::pointwise(&format!("{block}.{name}"), channels, activation), block)
    }
}
