//! Graphs computed with tensors, differentiable where parameters or inputs are tracked.

use burn::tensor::Tensor;

use super::nodes::{AdainRange, Graph, Node, Operation, Slot};
use crate::layers::{AdainParameters, pool};

/// What a slot holds.
#[derive(Clone, Debug)]
pub enum Value {
    /// Feature maps `[n, c, h, w]`.
    FeatureMap(Tensor<4>),
    /// Rows `[n, features]`.
    Rows(Tensor<2>),
}

impl Value {
    /// The value as feature maps.
    ///
    /// # Panics
    /// If it is rows: the graph is then put together wrongly.
    pub fn into_feature_map(self) -> Tensor<4> {
        match self {
            Self::FeatureMap(features) => features,
            Self::Rows(rows) => panic!("a layer reads feature maps, not rows of {:?}", rows.dims()),
        }
    }

    /// The value as rows, a picture each.
    pub fn into_rows(self) -> Tensor<2> {
        match self {
            Self::FeatureMap(features) => features.flatten(1, 3),
            Self::Rows(rows) => rows,
        }
    }
}

impl From<Tensor<4>> for Value {
    fn from(features: Tensor<4>) -> Self {
        Self::FeatureMap(features)
    }
}

impl From<Tensor<2>> for Value {
    fn from(rows: Tensor<2>) -> Self {
        Self::Rows(rows)
    }
}

impl Graph<'_> {
    /// Computes the last node.
    ///
    /// # Shapes
    /// - adain: `[n, num_adain_parameters]`
    ///
    /// # Panics
    /// If there are adaptive layers and no AdaIN parameters, or a value has not the shape that its readers need.
    pub fn forward(&self, input: impl Into<Value>, adain: Option<&Tensor<2>>) -> Value {
        let mut outputs = self.forward_to(input, adain, &[self.last()]);
        outputs.pop().expect("one output was asked for")
    }

    /// As [`forward`](Self::forward), for the slots named, each once.
    ///
    /// # Panics
    /// As [`forward`](Self::forward).
    pub fn forward_to(&self, input: impl Into<Value>, adain: Option<&Tensor<2>>, outputs: &[Slot]) -> Vec<Value> {
        let mut values = Values::new(self, outputs);
        values.push(input.into());
        for node in self.nodes() {
            let result = node.compute(&mut values, adain);
            values.push(result);
        }
        outputs.iter().map(|output| values.read(*output)).collect()
    }
}

impl Node<'_> {
    fn compute(&self, values: &mut Values, adain: Option<&Tensor<2>>) -> Value {
        if let Operation::Concatenation(parts) = &self.operation {
            let parts = parts.iter().map(|part| values.read(*part).into_feature_map()).collect();
            return Tensor::cat(parts, 1).into();
        }
        let input = values.read(self.input);
        match &self.operation {
            Operation::Block { block, upsampled, adain: range, residual } => {
                let parameters = range.as_ref().zip(adain).map(|(range, adain)| adain_parameters(adain, range));
                let residual = residual.map(|slot| values.read(slot).into_feature_map());
                let images = input.into_feature_map();
                let features = if *upsampled {
                    block.convolution.upsampled_forward(images)
                } else {
                    block.convolution.forward(images)
                };
                block.epilogue(features, parameters.as_ref(), residual).into()
            }
            Operation::Attention(attention) => attention.forward(input.into_feature_map()).into(),
            Operation::Linear(linear) => linear.forward(input.into_rows()).into(),
            Operation::Activation(activation) => match input {
                Value::FeatureMap(features) => activation.forward(features).into(),
                Value::Rows(rows) => activation.forward_rows(rows).into(),
            },
            Operation::GlobalMean => input.into_feature_map().mean_dim(3).mean_dim(2).into(),
            Operation::Pool(kind) => pool(input.into_feature_map(), *kind).into(),
            Operation::Folded(convolution) => convolution.forward(input.into_feature_map()).into(),
            Operation::Concatenation(_) => unreachable!("read above"),
        }
    }
}

fn adain_parameters(adain: &Tensor<2>, range: &AdainRange) -> AdainParameters {
    let count = adain.dims()[0];
    let [shift, scale] = [&range.shift, &range.scale].map(|part| adain.clone().slice([0..count, part.clone()]));
    AdainParameters { shift, scale }
}

/// The values that are still to be read. Each is given away with its last reading, so that it can be changed in place
/// or its memory used again.
struct Values {
    values: Vec<Option<Value>>,
    readings: Vec<usize>,
}

impl Values {
    fn new(graph: &Graph<'_>, outputs: &[Slot]) -> Self {
        let mut readings = vec![0; graph.nodes().len() + 1];
        for node in graph.nodes() {
            match &node.operation {
                Operation::Concatenation(parts) => parts.iter().for_each(|part| readings[part.0] += 1),
                Operation::Block { residual: Some(residual), .. } => {
                    readings[node.input.0] += 1;
                    readings[residual.0] += 1;
                }
                _ => readings[node.input.0] += 1,
            }
        }
        outputs.iter().for_each(|output| readings[output.0] += 1);
        Self { values: Vec::with_capacity(readings.len()), readings }
    }

    fn push(&mut self, value: Value) {
        let is_read = self.readings[self.values.len()] > 0;
        self.values.push(is_read.then_some(value));
    }

    fn read(&mut self, slot: Slot) -> Value {
        self.readings[slot.0] -= 1;
        let value = &mut self.values[slot.0];
        let value = if self.readings[slot.0] == 0 { value.take() } else { value.clone() };
        value.expect("a slot is written before it is read")
    }
}
