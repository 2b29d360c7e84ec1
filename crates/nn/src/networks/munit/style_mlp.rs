//! From a style code to AdaIN parameters.

use burn::tensor::Tensor;

use crate::graph::{Graph, Slot};
use crate::layers::{Activation, ActivationKind, Initializer, Linear};
use crate::parameter::{Parameter, Parameterized, join};

/// Turns a style code into the scales and shifts of every AdaIN layer: three linear layers, an
/// activation after the first two.
#[derive(Clone, Debug)]
pub struct StyleMlp {
    layers: [(Linear, Activation); 3],
}

impl StyleMlp {
    /// A network from `style_dim` to `outputs` through layers of `hidden`.
    pub fn new(
        style_dim: usize,
        hidden: usize,
        outputs: usize,
        activation: ActivationKind,
        init: &mut Initializer,
    ) -> Self {
        let mut layer = |features_in, features_out, kind| {
            let linear = Linear::new(features_in, features_out, init);
            (linear, Activation::new(kind, features_out, init))
        };
        Self {
            layers: [
                layer(style_dim, hidden, activation),
                layer(hidden, hidden, activation),
                layer(hidden, outputs, ActivationKind::None),
            ],
        }
    }

    /// Dimensions of a style code.
    pub fn style_dim(&self) -> usize {
        self.layers[0].0.features_in()
    }

    /// # Shapes
    /// - style: `[n, style_dim]`
    /// - output: `[n, outputs]`
    pub fn forward(&self, style: Tensor<2>) -> Tensor<2> {
        self.graph().forward(style, None).into_rows()
    }

    /// The network as a graph of its own.
    pub fn graph(&self) -> Graph<'_> {
        let mut graph = Graph::default();
        self.add(&mut graph, Graph::INPUT);
        graph
    }

    /// Adds the network to a graph.
    pub fn add<'a>(&'a self, graph: &mut Graph<'a>, style: Slot) -> Slot {
        self.layers.iter().fold(style, |x, (linear, activation)| {
            let features = graph.linear(x, linear);
            graph.activation(features, activation)
        })
    }
}

impl Parameterized for StyleMlp {
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter)) {
        for (index, (linear, activation)) in self.layers.iter_mut().enumerate() {
            let layer = join(prefix, &format!("model.{index}"));
            activation.visit_mut(&join(&layer, "activation"), visit);
            linear.visit_mut(&join(&layer, "fc"), visit);
        }
    }
}
