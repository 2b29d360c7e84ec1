//! SphereFace, the network behind face recognition.

use burn::tensor::{Device, Tensor};

use crate::config::RecognizerConfig;
use crate::graph::{Graph, Slot};
use crate::layers::{
    ActivationKind, ConvBlock, ConvBlockConfig, Initialization, Initializer, Linear, NormalizationKind, ResidualBlock,
};
use crate::ops::{ConvGeometry, Padding};
use crate::parameter::{Parameter, Parameterized, join};

/// SphereFace's residual network without batch normalisation. It turns a face crop into an embedding; the embedding's
/// direction says who is shown. Liu et al. 2017, <https://arxiv.org/abs/1704.08063>, table 2;
/// [`RecognizerConfig::default`] is its 20-layer form.
#[derive(Clone, Debug)]
pub struct SphereFace {
    stages: Vec<Stage>,
    fc5: Linear,
}

/// A convolution that halves the feature map, then residual blocks of two convolutions.
#[derive(Clone, Debug)]
struct Stage {
    halving: ConvBlock,
    blocks: Vec<ResidualBlock>,
}

/// A 3x3 convolution and its activation.
fn activated(channels_in: usize, channels_out: usize, stride: usize, init: &mut Initializer) -> ConvBlock {
    let geometry = ConvGeometry { kernel: 3, stride, padding: 1, mode: Padding::Zero };
    let (normalization, activation) = (NormalizationKind::None, ActivationKind::ChannelPRelu);
    ConvBlock::new(channels_in, channels_out, ConvBlockConfig { geometry, normalization, activation }, init)
}

impl SphereFace {
    /// A network with fresh weights.
    pub fn new(config: &RecognizerConfig, scheme: Initialization, seed: u64, device: &Device) -> Self {
        let init = &mut Initializer::new(scheme, seed, device);
        let mut channels_in = 3;
        let stages = config.channels.iter().zip(config.blocks).map(|(&channels, blocks)| {
            let halving = activated(std::mem::replace(&mut channels_in, channels), channels, 2, init);
            let mut convolution = || activated(channels, channels, 1, init);
            let blocks = (0..blocks).map(|_| ResidualBlock { first: convolution(), second: convolution() }).collect();
            Stage { halving, blocks }
        });
        let stages = stages.collect();
        Self { stages, fc5: Linear::new(config.flattened(), config.embedding, init) }
    }

    /// The output of the last convolution, before it is flattened.
    ///
    /// # Shapes
    /// - crops: `[n, 3, 112, 96]`, BGR, `(grey level - 127.5) / 128`
    /// - output: `[n, channels, 7, 6]`
    pub fn feature_map(&self, crops: Tensor<4>) -> Tensor<4> {
        let mut graph = Graph::default();
        self.add_convolutions(&mut graph, Graph::INPUT);
        graph.forward(crops, None).into_feature_map()
    }

    /// # Shapes
    /// - crops: as for [`feature_map`](Self::feature_map)
    /// - output: `[n, embedding]`; only its direction counts
    pub fn forward(&self, crops: Tensor<4>) -> Tensor<2> {
        self.graph().forward(crops, None).into_rows()
    }

    /// The network as a graph of its own.
    pub fn graph(&self) -> Graph<'_> {
        let mut graph = Graph::default();
        self.add(&mut graph, Graph::INPUT);
        graph
    }

    /// Adds the network to a graph.
    pub fn add<'a>(&'a self, graph: &mut Graph<'a>, crops: Slot) -> Slot {
        let features = self.add_convolutions(graph, crops);
        graph.linear(features, &self.fc5)
    }

    fn add_convolutions<'a>(&'a self, graph: &mut Graph<'a>, crops: Slot) -> Slot {
        self.stages.iter().fold(crops, |x, stage| {
            let halved = graph.block(x, &stage.halving);
            stage.blocks.iter().fold(halved, |x, block| graph.residual_block(x, block))
        })
    }
}

impl Parameterized for SphereFace {
    /// Names as in published checkpoints: `conv1_1.weight`, `conv1_1.bias`, `relu1_1.weight`, … `fc5.bias`.
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter)) {
        for (index, stage) in self.stages.iter_mut().enumerate() {
            let layers = std::iter::once(&mut stage.halving)
                .chain(stage.blocks.iter_mut().flat_map(|block| [&mut block.first, &mut block.second]));
            for (number, layer) in layers.enumerate() {
                let place = format!("{}_{}", index + 1, number + 1);
                layer.convolution.visit_mut(&join(prefix, &format!("conv{place}")), visit);
                layer.activation.visit_mut(&join(prefix, &format!("relu{place}")), visit);
            }
        }
        self.fc5.visit_mut(&join(prefix, "fc5"), visit);
    }
}
