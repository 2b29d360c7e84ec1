//! How a graph becomes a plan.

use std::collections::HashMap;

use portraitist_kernels::{
    Activation, Conv2d, FeatureMapShape, NormalizationScope, OutputActivation, Padding, Pointwise, Pool, Precision,
    PreparedConvolution, PreparedFewOutputs, PreparedUpsampling, ShapeError,
};

use super::decisions::{halos, is_few_output_convolution, parts, precisions};
use super::layers::{Affine, Layer, PlannedAttention, PlannedNormalization};
use super::plan::{Plan, Results, Step};
use super::precision::PlanOptions;
use crate::graph::{AdainRange, Graph, Node, Operation, Shape, Slot};
use crate::layers::{ActivationKind, ConvBlock, ConvolutionWeights, FoldedConvolution, Normalization, SelfAttention};

/// Why a network has no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPlan {
    /// The network does not fit pictures of this size.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// There are no kernels for a layer with constant weights.
    #[error("there is no prepared form of {0}")]
    Layer(&'static str),
}

/// Channels that fill a register of every instruction set.
const MAX_LANES: usize = 16;

impl Plan {
    /// A plan with the present weights of a network, for pictures of one shape. Its results are those of the graph's last node.
    ///
    /// # Errors
    /// [`NoPlan`] if the network does not fit such pictures, or a layer has no prepared form.
    pub fn new(graph: &Graph<'_>, pictures: Shape, options: impl Into<PlanOptions>) -> Result<Self, NoPlan> {
        let (mut lowering, shapes) = (Lowering::new(graph, pictures, options.into()), graph.shapes(pictures));
        for (index, node) in graph.nodes().iter().enumerate() {
            let is_last = index + 1 == graph.nodes().len();
            let output = match &node.operation {
                Operation::Block { block, .. } if is_last && is_few_output_convolution(node) => {
                    lowering.output_block(index, node.input, block)?
                }
                Operation::Block { block, upsampled: true, .. } => {
                    lowering.upsampled_block(index, node.input, block)?
                }
                Operation::Block { block, adain, residual, .. } => {
                    lowering.block(index, node.input, block, adain.as_ref(), *residual)?
                }
                Operation::Attention(attention) => lowering.attention(index, node.input, attention)?,
                Operation::Linear(linear) => {
                    let (weight, bias) = linear.current_weights();
                    let kernel = lowering.shape(node.input).size();
                    let planned = Planned { weight, bias, kernel, stride: 1, padding: 0, mode: Padding::Zero };
                    lowering.convolution(index, node.input, &planned, OutputActivation::None, None)?
                }
                Operation::Activation(_) => return Err(NoPlan::Layer("an activation without a convolution")),
                Operation::GlobalMean => lowering.global_mean(node.input)?,
                Operation::Pool(pool) => lowering.pool(node.input, *pool)?,
                Operation::Folded(convolution) => lowering.folded(index, node.input, convolution)?,
                Operation::Concatenation(parts) => lowering.concatenation(parts)?,
                Operation::Shortcut { from, halved } => lowering.shortcut(node, *from, *halved, shapes[index + 1]),
            };
            lowering.slots.push(output);
        }
        let last = lowering.steps.last().map_or(0, |step| step.output);
        let results = lowering.results.unwrap_or(Results { slot: last, convolution: None });
        Ok(Self::assemble(lowering.shapes, lowering.steps, results, graph.num_adain_parameters()))
    }
}

/// The smallest side of squares that cut a feature map into at most so many.
fn smallest_cell(size: [usize; 2], most: usize) -> usize {
    let cells = |side: usize| size.iter().map(|length| length.div_ceil(side)).product::<usize>();
    (1..).find(|side| cells(*side) <= most.max(1)).unwrap_or(1)
}

/// A convolution with its weights.
struct Planned {
    /// `[out, in, kernel height, kernel width]`
    weight: Vec<f32>,
    /// `[out]`
    bias: Vec<f32>,
    kernel: [usize; 2],
    stride: usize,
    padding: usize,
    mode: Padding,
}

impl From<ConvolutionWeights> for Planned {
    fn from(weights: ConvolutionWeights) -> Self {
        let ConvolutionWeights { weight, bias, geometry } = weights;
        let (kernel, stride, padding) = ([geometry.kernel; 2], geometry.stride, geometry.padding);
        Self { weight, bias, kernel, stride, padding, mode: geometry.mode }
    }
}

impl Planned {
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

/// A plan in the making. Where a node takes two steps, the plan has more slots than the graph.
struct Lowering {
    /// The halo of each slot of the graph.
    halos: Vec<usize>,
    /// The precision of each node of the graph.
    precisions: Vec<Precision>,
    /// The shape of each slot of the graph, and its place in the concatenation that alone reads it.
    graph_shapes: Vec<Shape>,
    parts: Vec<Option<(Slot, usize)>>,
    /// The plan's slots of concatenations of which a part is written.
    begun: HashMap<Slot, usize>,
    /// The plan's slot of each slot of the graph so far.
    slots: Vec<usize>,
    /// The shape of each slot of the plan.
    shapes: Vec<FeatureMapShape>,
    steps: Vec<Step>,
    /// What the output convolution makes, if there is one.
    results: Option<Results>,
    most_keys: Option<usize>,
}

impl Lowering {
    fn new(graph: &Graph<'_>, [channels, height, width]: Shape, options: PlanOptions) -> Self {
        let PlanOptions { precision, most_keys } = options;
        let halos = halos(graph);
        let shapes = vec![FeatureMapShape::images(channels, height, width, halos[0])];
        let graph_shapes = graph.shapes([channels, height, width]);
        Self {
            halos,
            precisions: precisions(graph, precision),
            parts: parts(graph, &graph_shapes),
            graph_shapes,
            begun: HashMap::new(),
            slots: vec![0],
            shapes,
            steps: Vec::new(),
            results: None,
            most_keys,
        }
    }

    fn shape(&self, slot: Slot) -> FeatureMapShape {
        self.shapes[self.slots[slot.0]]
    }

    /// The halo of the slot that the next node writes.
    fn halo(&self) -> usize {
        self.halos[self.slots.len()]
    }

    fn block(
        &mut self,
        index: usize,
        input: Slot,
        block: &ConvBlock,
        adain: Option<&AdainRange>,
        residual: Option<Slot>,
    ) -> Result<usize, NoPlan> {
        let normalization = planned_normalization(block, adain)?;
        let prelu;
        let activation = match (&normalization, block.activation.kind()) {
            (Some(_), ActivationKind::None | ActivationKind::Relu) | (None, ActivationKind::None) => {
                OutputActivation::None
            }
            (None, ActivationKind::Relu) => OutputActivation::Relu,
            (None, ActivationKind::ChannelPRelu) => {
                prelu = block.activation.weight();
                OutputActivation::Prelu(&prelu)
            }
            _ => return Err(NoPlan::Layer("an activation other than ReLU")),
        };
        let planned = block.convolution.current_weights().into();
        let output = self.convolution(index, input, &planned, activation, residual)?;
        self.normalize(normalization);
        Ok(output)
    }

    fn upsampled_block(&mut self, index: usize, input: Slot, block: &ConvBlock) -> Result<usize, NoPlan> {
        let weights = block.convolution.current_weights();
        if !weights.fits_upsampling() {
            return Err(NoPlan::Layer("upsampling before a convolution that is not 5x5 with reflecting borders"));
        }
        let normalization = planned_normalization(block, None)?;
        if normalization.is_none() {
            return Err(NoPlan::Layer("upsampling that is not normalised"));
        }
        let (shape, precision) = (self.shape(input), self.precisions[index]);
        let prepared = PreparedUpsampling::new(shape, &weights.weight, &weights.bias, precision)?;
        let output = prepared.output(self.halo());
        let output = self.push(Layer::Upsampling(prepared), self.slots[input.0], None, output)?;
        self.normalize(normalization);
        Ok(output)
    }

    /// A last block that writes images. No layer reads these; the slot is that which the block reads.
    fn output_block(&mut self, index: usize, input: Slot, block: &ConvBlock) -> Result<usize, NoPlan> {
        let activation = (block.activation.kind() == ActivationKind::Tanh).then_some(Pointwise::Tanh);
        let (planned, shape) = (Planned::from(block.convolution.current_weights()), self.shape(input));
        let (convolution, precision) = (planned.shape(shape), self.precisions[index]);
        let prepared =
            PreparedFewOutputs::new(&convolution, shape, &planned.weight, &planned.bias, activation, precision)?;
        let slot = self.slots[input.0];
        self.results = Some(Results { slot, convolution: Some(prepared) });
        Ok(slot)
    }

    /// One convolution makes queries, keys and values; a second step attends and adds the input.
    fn attention(&mut self, index: usize, input: Slot, attention: &SelfAttention) -> Result<usize, NoPlan> {
        let weights = attention.current_weights();
        let ([height, width], halo) = (self.shape(input).size(), self.halo());
        let planned = Planned {
            weight: weights.weight,
            bias: weights.bias,
            kernel: [1, 1],
            stride: 1,
            padding: 0,
            mode: Padding::Zero,
        };
        // Scores are exponents: what they are made of is not rounded to bf16.
        let precision = self.precisions[index];
        let exact = if precision.is_rounded() { Precision::Standard } else { precision };
        let projected = self.convolution_with_halo(exact, input, &planned, OutputActivation::None, None, 0)?;
        let output = FeatureMapShape::features(weights.channels[2], height, width, halo);
        let cell = self.most_keys.map_or(1, |most| smallest_cell([height, width], most));
        let planned = PlannedAttention { channels: weights.channels, precision, cell };
        Ok(self.push(Layer::Attention(planned), projected, Some(self.slots[input.0]), output)?)
    }

    fn convolution(
        &mut self,
        index: usize,
        input: Slot,
        planned: &Planned,
        activation: OutputActivation<'_>,
        residual: Option<Slot>,
    ) -> Result<usize, ShapeError> {
        let precision = self.precisions[index];
        self.convolution_with_halo(precision, input, planned, activation, residual, self.halo())
    }

    fn convolution_with_halo(
        &mut self,
        precision: Precision,
        input: Slot,
        planned: &Planned,
        activation: OutputActivation<'_>,
        residual: Option<Slot>,
        halo: usize,
    ) -> Result<usize, ShapeError> {
        let shape = self.shape(input);
        let convolution = planned.shape(shape);
        let prepared =
            PreparedConvolution::new(&convolution, shape, &planned.weight, &planned.bias, activation, precision)?;
        let output = prepared.output(halo);
        let residual = residual.map(|slot| self.slots[slot.0]);
        self.push(Layer::Convolution(prepared), self.slots[input.0], residual, output)
    }

    /// Normalises the results of the last step, before its residual is added.
    fn normalize(&mut self, normalization: Option<PlannedNormalization>) {
        if let Some(step) = self.steps.last_mut() {
            step.normalization = normalization;
        }
    }

    /// The sum with a shortcut, whose results have a shape.
    fn shortcut(&mut self, node: &Node<'_>, from: Slot, halved: bool, [channels, height, width]: Shape) -> usize {
        self.shapes.push(FeatureMapShape::features(channels, height, width, self.halo()));
        let (input, residual) = (self.slots[node.input.0], Some(self.slots[from.0]));
        let (layer, output) = (Layer::Shortcut { halved }, self.shapes.len() - 1);
        self.steps.push(Step { layer, input, residual, normalization: None, output, first_channel: None });
        output
    }

    fn push(
        &mut self,
        layer: Layer,
        input: usize,
        residual: Option<usize>,
        output: FeatureMapShape,
    ) -> Result<usize, ShapeError> {
        if let Some(residual) = residual
            && self.shapes[residual] != output
        {
            return Err(ShapeError::FeatureMap { expected: output, found: self.shapes[residual] });
        }
        self.shapes.push(output);
        let output = self.shapes.len() - 1;
        self.steps.push(Step { layer, input, residual, normalization: None, output, first_channel: None });
        Ok(output)
    }

    /// As [`push`](Self::push), of a layer that can write a part of a concatenation.
    fn push_part(&mut self, layer: Layer, input: usize, output: FeatureMapShape) -> Result<usize, ShapeError> {
        match self.parts[self.slots.len()] {
            Some((whole, first_channel)) if output.channels().is_multiple_of(MAX_LANES) => {
                let slot = self.concatenated(whole);
                let step = Step {
                    layer,
                    input,
                    residual: None,
                    normalization: None,
                    output: slot,
                    first_channel: Some(first_channel),
                };
                self.steps.push(step);
                Ok(slot)
            }
            _ => self.push(layer, input, None, output),
        }
    }

    /// The plan's slot of a concatenation.
    fn concatenated(&mut self, whole: Slot) -> usize {
        let [channels, height, width] = self.graph_shapes[whole.0];
        let halo = self.halos[whole.0];
        let shapes = &mut self.shapes;
        *self.begun.entry(whole).or_insert_with(|| {
            shapes.push(FeatureMapShape::features(channels, height, width, halo));
            shapes.len() - 1
        })
    }

    fn global_mean(&mut self, input: Slot) -> Result<usize, NoPlan> {
        let output = FeatureMapShape::features(self.shape(input).channels(), 1, 1, self.halo());
        Ok(self.push(Layer::GlobalMean, self.slots[input.0], None, output)?)
    }

    fn pool(&mut self, input: Slot, pool: Pool) -> Result<usize, NoPlan> {
        let output = pool.output(self.shape(input), self.halo())?;
        Ok(self.push_part(Layer::Pool(pool), self.slots[input.0], output)?)
    }

    fn folded(&mut self, index: usize, input: Slot, convolution: &FoldedConvolution) -> Result<usize, NoPlan> {
        let (weight, bias) = convolution.current_weights();
        let (geometry, shape) = (convolution.geometry(), self.shape(input));
        let padding = geometry.padding[0].max(geometry.padding[1]);
        let margin = geometry.padding.map(|axis| padding - axis);
        let (kernel, stride, mode) = (geometry.kernel, geometry.stride, Padding::Zero);
        let planned = Planned { weight, bias, kernel, stride, padding, mode };
        let (conv, relu) = (planned.shape(shape), OutputActivation::Relu);
        let prepared = if margin == [0; 2] {
            PreparedConvolution::new(&conv, shape, &planned.weight, &planned.bias, relu, self.precisions[index])?
        } else {
            PreparedConvolution::with_margin(&conv, margin, shape, &planned.weight, &planned.bias, relu)?
        };
        let output = prepared.output(self.halo());
        Ok(self.push_part(Layer::Convolution(prepared), self.slots[input.0], output)?)
    }

    /// Nothing is left to do: the parts lie in their places.
    fn concatenation(&mut self, parts: &[Slot]) -> Result<usize, NoPlan> {
        let whole = Slot(self.slots.len());
        let slot = self.concatenated(whole);
        for part in parts {
            if self.slots[part.0] != slot {
                return Err(NoPlan::Layer(
                    "a concatenation of parts that others read, or of channels that fill no registers",
                ));
            }
        }
        Ok(slot)
    }
}

/// Normalisation and activation; none where the convolution is not normalised.
fn planned_normalization(
    block: &ConvBlock,
    adain: Option<&AdainRange>,
) -> Result<Option<PlannedNormalization>, NoPlan> {
    let (scope, affine) = match &block.normalization {
        Normalization::None => return Ok(None),
        Normalization::Instance => (NormalizationScope::Instance, Affine::None),
        Normalization::Adaptive => {
            let range = adain.ok_or(NoPlan::Layer("an adaptive layer without AdaIN parameters"))?;
            (NormalizationScope::Instance, Affine::Adain(range.clone()))
        }
        Normalization::Layer { gamma, beta } => {
            (NormalizationScope::Layer, Affine::Fixed { scale: gamma.to_vec(), shift: beta.to_vec() })
        }
        Normalization::Batch { .. } => return Err(NoPlan::Layer("batch normalisation")),
    };
    let relu = block.activation.kind() == ActivationKind::Relu;
    let activation = if relu { Activation::Relu } else { Activation::None };
    Ok(Some(PlannedNormalization { scope, affine, activation }))
}
