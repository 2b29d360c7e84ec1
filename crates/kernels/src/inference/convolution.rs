//! A convolution with constant weights.

use crate::algorithm::{self, Algorithm, ConstantConvolution, Precision};
use crate::bf16::weights::PairWeights;
use crate::channels_last::convolution::{CallWeights, ConvolutionCall, ConvolutionLayer, Placement};
use crate::channels_last::feature_map::FeatureMap;
use crate::channels_last::gemm_weights::GemmWeights;
use crate::channels_last::shape::FeatureMapShape;
use crate::convolution::padding::Padding;
use crate::convolution::shape::Conv2d;
use crate::error::{ShapeError, check_length};
use crate::memory::scratch::Scratch;
use crate::memory::shared::Shared;
use crate::simd::dispatch::{Kernels, kernels};
use crate::simd::epilogue::{Epilogue, EpilogueActivation, Residual};
use crate::simd::vector::MAX_LANES;
use crate::winograd::weights::{transform_once, transform_packed};
use std::ops::Range;

/// What is done to the outputs of a convolution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OutputActivation<'a> {
    /// Nothing.
    None,
    /// `max(0, x)`.
    Relu,
    /// PReLU: `x` above 0, else `x` times the weight of its channel. One weight for each channel.
    Prelu(&'a [f32]),
}

/// A convolution with constant weights, prepared for images of one size. It reads its padding from the halo of its
/// inputs.
///
/// A linear layer is a convolution whose kernel is as large as the image.
#[derive(Debug)]
pub struct PreparedConvolution {
    layer: ConvolutionLayer,
    algorithm: Algorithm,
    weights: Weights,
    /// For whole registers of channels, as the PReLU weight.
    bias: Vec<f32>,
    activation: EpilogueActivation,
    prelu_weight: Vec<f32>,
}

/// What a convolution keeps of its weights.
#[derive(Debug)]
enum Weights {
    /// As GEMMs read them.
    Ready(GemmWeights),
    /// A 3x3 kernel as the direct algorithm reads it, transformed at each call.
    Packed(GemmWeights),
    /// As GEMMs of bf16 values read them.
    Rounded(PairWeights),
}

impl Weights {
    fn new(
        kernels: &Kernels,
        algorithm: Algorithm,
        convolution: &Conv2d,
        pitch: usize,
        weight: &[f32],
        out_size: [usize; 2],
    ) -> Self {
        if algorithm::keeps_weights_packed(algorithm, pitch, convolution.out_channels, out_size) {
            return Self::Packed(GemmWeights::packed(kernels, convolution, pitch, weight));
        }
        let weights = match algorithm.filter() {
            None => GemmWeights::packed(kernels, convolution, pitch, weight),
            Some(filter) => transform_once(kernels, filter, convolution, pitch, weight),
        };
        if algorithm.is_rounded() { Self::Rounded(PairWeights::round(&weights)) } else { Self::Ready(weights) }
    }
}

impl PreparedConvolution {
    /// Prepares `weight` (`[out, in, kh, kw]`), `bias` (`[out]`) and the weight of the activation. The batch that
    /// `convolution` names does not matter; its sizes must be those of `input`.
    ///
    /// # Errors
    /// [`ShapeError`] if the shape is impossible, a slice has another length, or the padding is wider than the halo of
    /// the input.
    pub fn new(
        convolution: &Conv2d,
        input: FeatureMapShape,
        weight: &[f32],
        bias: &[f32],
        activation: OutputActivation<'_>,
        precision: Precision,
    ) -> Result<Self, ShapeError> {
        let kernels = kernels();
        let out_size = convolution.output_size()?;
        let constant = ConstantConvolution { convolution, input, margin: [0; 2], out_size, precision };
        let algorithm = algorithm::of_constant_weights(kernels, &constant);
        Self::with(kernels, algorithm, convolution, input, weight, bias, activation)
    }

    /// As [`PreparedConvolution::new`], without the outermost `margin` rows and columns of outputs on each side. A kernel of 1x7
    /// whose padding of 3 is for columns alone has a margin of `[3, 0]`.
    ///
    /// # Errors
    /// As [`PreparedConvolution::new`]; a margin that leaves nothing is a kernel that is too large.
    pub fn with_margin(
        convolution: &Conv2d,
        margin: [usize; 2],
        input: FeatureMapShape,
        weight: &[f32],
        bias: &[f32],
        activation: OutputActivation<'_>,
    ) -> Result<Self, ShapeError> {
        let [height, width] = convolution.output_size()?;
        let left = |size: usize, margin: usize| size.checked_sub(margin.saturating_mul(2)).filter(|left| *left > 0);
        let (Some(height), Some(width)) = (left(height, margin[0]), left(width, margin[1])) else {
            return Err(ShapeError::KernelTooLarge { kernel: convolution.kernel, padded: input.size() });
        };
        let (kernels, precision) = (kernels(), Precision::Standard);
        let constant = ConstantConvolution { convolution, input, margin, out_size: [height, width], precision };
        let algorithm = algorithm::of_constant_weights(kernels, &constant);
        let mut prepared = Self::with(kernels, algorithm, convolution, input, weight, bias, activation)?;
        prepared.layer.out_size = [height, width];
        prepared.layer.margin = margin;
        Ok(prepared)
    }

    /// As [`PreparedConvolution::new`], for a chosen instruction set and algorithm.
    pub(crate) fn with(
        kernels: &'static Kernels,
        algorithm: Algorithm,
        convolution: &Conv2d,
        input: FeatureMapShape,
        weight: &[f32],
        bias: &[f32],
        activation: OutputActivation<'_>,
    ) -> Result<Self, ShapeError> {
        let out_channels = convolution.out_channels;
        let out_size = convolution.check(None, Some(weight.len()), Some(bias.len()), None)?;
        check_length("input channels", convolution.in_channels, input.channels)?;
        check_length("input rows", convolution.in_height, input.height)?;
        check_length("input columns", convolution.in_width, input.width)?;
        if convolution.padding > input.halo {
            return Err(ShapeError::Halo { padding: convolution.padding, halo: input.halo });
        }
        let (activation, prelu_weight) = match activation {
            OutputActivation::None => (EpilogueActivation::Linear, &[][..]),
            OutputActivation::Relu => (EpilogueActivation::Relu, &[][..]),
            OutputActivation::Prelu(weight) => {
                check_length("PReLU weight", out_channels, weight.len())?;
                (EpilogueActivation::Prelu, weight)
            }
        };
        let whole = |values: &[f32]| {
            let mut values = values.to_vec();
            values.resize(out_channels.next_multiple_of(kernels.lanes), 0.0);
            values
        };
        let Conv2d { stride, padding, mode, .. } = *convolution;
        Ok(Self {
            layer: ConvolutionLayer { kernels, input, out_channels, out_size, stride, padding, mode, margin: [0; 2] },
            algorithm,
            weights: Weights::new(kernels, algorithm, convolution, input.pitch, weight, out_size),
            bias: whole(bias),
            activation,
            prelu_weight: whole(prelu_weight),
        })
    }

    /// The shape of the inputs.
    pub fn input_shape(&self) -> FeatureMapShape {
        self.layer.input
    }

    /// The padding that the halo of inputs must hold: see [`FeatureMap::pad`].
    pub fn padding(&self) -> (usize, Padding) {
        (self.layer.padding, self.layer.mode)
    }

    /// The shape of the outputs, with a halo for the convolutions that read them.
    pub fn output(&self, halo: usize) -> FeatureMapShape {
        let ConvolutionLayer { out_channels, out_size: [height, width], .. } = self.layer;
        FeatureMapShape::features(out_channels, height, width, halo)
    }

    /// Convolves `input`, adds the bias, applies the activation, adds `residual` and overwrites `output`.
    ///
    /// # Errors
    /// [`ShapeError`] if a feature map has another shape or number of images than the others ask for, or the input is
    /// not padded; `output` is untouched then.
    pub fn forward(
        &self,
        input: &FeatureMap,
        residual: Option<&FeatureMap>,
        output: &mut FeatureMap,
    ) -> Result<(), ShapeError> {
        let shape = output.shape();
        input.check_shape(self.layer.input)?;
        output.check_shape(self.output(shape.halo))?;
        check_length("output images", input.batch(), output.batch())?;
        let (padding, mode) = self.padding();
        if !input.is_padded(padding, mode) {
            return Err(ShapeError::NotPadded { padding, mode });
        }
        let residual = match residual {
            None => None,
            Some(residual) => {
                residual.check_shape(shape)?;
                check_length("residual images", input.batch(), residual.batch())?;
                Some(residual.values().as_ptr())
            }
        };
        let target = Shared::new(output.overwrite(self.layer.out_channels.next_multiple_of(self.layer.kernels.lanes)));
        self.run(input.batch(), input.values(), residual, Placement::whole(shape), target);
        Ok(())
    }

    /// As [`forward`](Self::forward), into the channels of `output` from `first_channel` on, so that several convolutions make
    /// one feature map.
    ///
    /// # Errors
    /// As [`forward`](Self::forward); [`ShapeError::Length`] unless both `first_channel` and the channels are whole registers
    /// (multiples of 16) that `output` has.
    pub fn forward_channels(
        &self,
        input: &FeatureMap,
        output: &mut FeatureMap,
        first_channel: usize,
    ) -> Result<(), ShapeError> {
        let shape = output.shape();
        input.check_shape(self.layer.input)?;
        check_channels(shape, self.output(shape.halo), first_channel)?;
        check_length("output images", input.batch(), output.batch())?;
        let (padding, mode) = self.padding();
        if !input.is_padded(padding, mode) {
            return Err(ShapeError::NotPadded { padding, mode });
        }
        let target = Shared::new(output.overwrite(shape.channels));
        self.run(input.batch(), input.values(), None, Placement::channels(shape, first_channel), target);
        Ok(())
    }

    /// Whether weights are transformed at each call.
    #[cfg(test)]
    pub(crate) fn is_packed(&self) -> bool {
        matches!(self.weights, Weights::Packed(_))
    }

    /// Some rows of the outputs of an image that was checked, by the direct algorithm: their shape, and they.
    pub(crate) fn rows(&self, input: &FeatureMap, image: usize, rows: Range<usize>) -> (FeatureMapShape, Scratch) {
        let (whole, [out_height, out_width]) = (self.layer.input, self.layer.out_size);
        // As many rows of inputs as these outputs are made of, beside the padding.
        let height = whole.height.saturating_sub((out_height - rows.len()) * self.layer.stride).max(1);
        let first = image * whole.image_stride() + rows.start * self.layer.stride * whole.row_stride();
        let input = &input.values()[first..];
        let layer = ConvolutionLayer {
            input: FeatureMapShape { height, ..whole },
            out_size: [rows.len(), out_width],
            ..self.layer
        };
        let shape = FeatureMapShape::features(layer.out_channels, rows.len(), out_width, 0);
        let mut outputs = Scratch::new(rows.len() * shape.row_stride());
        let weights = match &self.weights {
            Weights::Ready(weights) | Weights::Packed(weights) => CallWeights::Single(weights),
            Weights::Rounded(weights) => CallWeights::Rounded(weights),
        };
        let (target, epilogue) = (Shared::new(&mut outputs), self.epilogue(None));
        let placement = Placement::whole(shape);
        ConvolutionCall { layer: &layer, weights, batch: 1, input, placement, target, epilogue }.run_direct();
        (shape, outputs)
    }

    /// Convolves images that were checked. The residual lies as the target does.
    pub(super) fn run(
        &self,
        batch: usize,
        input: &[f32],
        residual: Option<*const f32>,
        placement: Placement,
        target: Shared,
    ) {
        let first = target.at(0);
        let epilogue = self.epilogue(
            residual.map(|residual| Residual { first: residual, distance: residual.addr().wrapping_sub(first.addr()) }),
        );
        let transformed;
        let weights = match &self.weights {
            Weights::Ready(weights) => CallWeights::Single(weights),
            Weights::Packed(weights) => {
                transformed = transform_packed(weights, self.layer.kernels);
                CallWeights::Single(&transformed)
            }
            Weights::Rounded(weights) => CallWeights::Rounded(weights),
        };
        let call = ConvolutionCall { layer: &self.layer, weights, batch, input, placement, target, epilogue };
        match self.algorithm.filter() {
            None => call.run_direct(),
            Some(filter) => call.run_winograd(filter),
        }
    }

    fn epilogue(&self, residual: Option<Residual>) -> Epilogue {
        let Self { bias, activation, prelu_weight, .. } = self;
        Epilogue { bias: bias.as_ptr(), activation: *activation, prelu_weight: prelu_weight.as_ptr(), residual }
    }
}

/// Whether a feature map has room for the channels of `part` from `first_channel` on.
pub(crate) fn check_channels(
    whole: FeatureMapShape,
    part: FeatureMapShape,
    first_channel: usize,
) -> Result<(), ShapeError> {
    let same_size = FeatureMapShape { channels: part.channels, pitch: part.pitch, ..whole };
    if same_size != part {
        return Err(ShapeError::FeatureMap { expected: part, found: whole });
    }
    let aligned = |channels: usize| channels / MAX_LANES * MAX_LANES;
    check_length("first channel", aligned(first_channel), first_channel)?;
    check_length("channels of a part", aligned(part.channels), part.channels)?;
    let end = first_channel.saturating_add(part.channels);
    check_length("channels", end.min(whole.channels), end)
}
