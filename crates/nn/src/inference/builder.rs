//! How a network becomes a plan.

use portraitist_kernels::{
    Conv2d, FeatureMapShape, OutputActivation, Padding, Pointwise, Precision, PreparedConvolution, PreparedFewOutputs,
    PreparedUpsampling, ShapeError,
};

use super::layers::{Layer, PlannedAffine, PlannedNormalization};
use super::{Plan, Step};

/// A result of a layer, or the pictures that a plan is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(pub(super) usize);

/// A convolution of a plan.
#[derive(Clone, Copy, Debug)]
pub struct PlannedConvolution<'a> {
    /// `[out, in, kernel height, kernel width]`
    pub weight: &'a [f32],
    /// `[out]`
    pub bias: &'a [f32],
    /// Height and width of the kernel.
    pub kernel: [usize; 2],
    /// Step of the kernel.
    pub stride: usize,
    /// Rows and columns around the picture.
    pub padding: usize,
    /// What they hold.
    pub mode: Padding,
}

impl PlannedConvolution<'_> {
    fn shape(&self, input: FeatureMapShape) -> Conv2d {
        let [in_height, in_width] = input.size();
        Conv2d {
            batch: 1,
            in_channels: input.channels(),
            in_height,
            in_width,
            out_channels: self.bias.len(),
            kernel: self.kernel,
            stride: self.stride,
            padding: self.padding,
            mode: self.mode,
        }
    }
}

/// Collects the layers of a network.
#[derive(Debug)]
pub struct PlanBuilder {
    /// Of each slot.
    shapes: Vec<FeatureMapShape>,
    steps: Vec<Step>,
    /// Room around the results of the next layers.
    margin: usize,
    /// Whether the next convolutions do without the fastest algorithm.
    is_fine: bool,
    num_styles: usize,
}

impl PlanBuilder {
    /// The slot of the pictures.
    pub const PICTURES: Slot = Slot(0);

    /// A plan for pictures of one size; `margin` is the padding of the convolution that reads them, and until
    /// [`set_margin`](Self::set_margin) the largest of all others.
    pub fn new(channels: usize, [height, width]: [usize; 2], margin: usize) -> Self {
        let shapes = vec![FeatureMapShape::images(channels, height, width, margin)];
        Self { shapes, steps: Vec::new(), margin, is_fine: false, num_styles: 0 }
    }

    /// The largest padding of layers that read the layers added from now on.
    pub fn set_margin(&mut self, margin: usize) {
        self.margin = margin;
    }

    /// Whether convolutions added from now on are prepared with [`Precision::High`], because their errors grow.
    pub fn set_fine(&mut self, is_fine: bool) {
        self.is_fine = is_fine;
    }

    /// Height and width of a slot.
    pub fn size(&self, slot: Slot) -> [usize; 2] {
        self.shapes[slot.0].size()
    }

    /// Adds a convolution, with what follows it: an activation, the sum with a residual.
    ///
    /// # Errors
    /// [`ShapeError`] if it does not fit its input or the input's margin.
    pub fn convolution(
        &mut self,
        input: Slot,
        planned: &PlannedConvolution<'_>,
        activation: OutputActivation<'_>,
        residual: Option<Slot>,
    ) -> Result<Slot, ShapeError> {
        let shape = self.shapes[input.0];
        let precision = if self.is_fine { Precision::High } else { Precision::Standard };
        let conv = planned.shape(shape);
        let prepared = PreparedConvolution::new(&conv, shape, planned.weight, planned.bias, activation, precision)?;
        let output = prepared.output(self.margin);
        self.push(Layer::Convolution(prepared), input, residual, output)
    }

    /// Adds a linear layer of all values of a picture, with `weight` `[out, channels * height * width]`.
    ///
    /// # Errors
    /// [`ShapeError`] if a slice has another length.
    pub fn linear(&mut self, input: Slot, weight: &[f32], bias: &[f32]) -> Result<Slot, ShapeError> {
        let (kernel, mode) = (self.size(input), Padding::Zero);
        let planned = PlannedConvolution { weight, bias, kernel, stride: 1, padding: 0, mode };
        self.convolution(input, &planned, OutputActivation::None, None)
    }

    /// Adds an enlargement by two and a 5x5 convolution with reflect padding 2, `weight` `[out, in, 5, 5]`.
    ///
    /// # Errors
    /// [`ShapeError`] if it does not fit its input, or the input has no margin.
    pub fn upsampling(&mut self, input: Slot, weight: &[f32], bias: &[f32]) -> Result<Slot, ShapeError> {
        let prepared = PreparedUpsampling::new(self.shapes[input.0], weight, bias)?;
        let output = prepared.output(self.margin);
        self.push(Layer::Upsampling(prepared), input, None, output)
    }

    /// Adds self-attention between the positions of `input`, whose channels are queries, keys and values, as many as
    /// `channels` says; adds `residual` to it.
    ///
    /// # Errors
    /// [`ShapeError`] if the residual has not as many channels as there are values.
    pub fn attention(&mut self, input: Slot, channels: [usize; 3], residual: Slot) -> Result<Slot, ShapeError> {
        let [height, width] = self.size(input);
        let output = FeatureMapShape::features(channels[2], height, width, self.margin);
        self.push(Layer::Attention(channels), input, Some(residual), output)
    }

    /// Normalises the results of the last layer, before its residual is added.
    ///
    /// # Panics
    /// If there is no layer yet.
    pub fn normalize(&mut self, normalization: PlannedNormalization) {
        if let PlannedAffine::Styled { shift, scale } = &normalization.affine {
            self.num_styles = self.num_styles.max(shift.end).max(scale.end);
        }
        self.steps.last_mut().expect("a layer was added").normalization = Some(normalization);
    }

    /// The plan; its results are those of the last layer.
    pub fn finish(self) -> Plan {
        Plan::new(self.shapes, self.steps, self.num_styles)
    }

    /// The plan; its results are those of one more convolution, of stride 1 and to few channels.
    ///
    /// # Errors
    /// [`ShapeError`] if it does not fit its input or the input's margin.
    pub fn finish_with_few_outputs(
        mut self,
        input: Slot,
        planned: &PlannedConvolution<'_>,
        activation: Option<Pointwise>,
    ) -> Result<Plan, ShapeError> {
        let shape = self.shapes[input.0];
        let prepared = PreparedFewOutputs::new(&planned.shape(shape), shape, planned.weight, planned.bias, activation)?;
        let sums = prepared.sums();
        self.push(Layer::FewOutputs(prepared), input, None, sums)?;
        Ok(self.finish())
    }

    fn push(
        &mut self,
        layer: Layer,
        input: Slot,
        residual: Option<Slot>,
        output: FeatureMapShape,
    ) -> Result<Slot, ShapeError> {
        if let Some(residual) = residual
            && self.shapes[residual.0] != output
        {
            return Err(ShapeError::FeatureMap { expected: output, found: self.shapes[residual.0] });
        }
        self.steps.push(Step { layer, input, residual, normalization: None });
        self.shapes.push(output);
        Ok(Slot(self.steps.len()))
    }
}
