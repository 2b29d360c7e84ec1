//! From a picture to its style code: how it is drawn, without what it shows.

use burn::tensor::Tensor;

use crate::config::munit::GeneratorConfig;
use crate::graph::{Graph, Slot};
use crate::layers::{ConvBlock, ConvBlockConfig, Initializer, NormalizationKind};
use crate::ops::{ConvGeometry, Padding};
use crate::parameter::{Parameter, Parameterized, join};

/// The style encoder of MUNIT: five convolutions without normalisation (which would remove the
/// style), the mean over all positions, a 1x1 convolution. It always halves the picture four times.
#[derive(Clone, Debug)]
pub struct StyleEncoder {
    blocks: Vec<ConvBlock>,
    head: ConvBlock,
}

/// Position of the head in the published checkpoints: behind the blocks and the mean.
const HEAD_INDEX: usize = 6;

impl StyleEncoder {
    /// An encoder of pictures with `channels`.
    pub fn new(channels: usize, config: &GeneratorConfig, init: &mut Initializer) -> Self {
        let (mode, activation, dim) = (config.padding.into(), config.activation, config.dim);
        let first = ConvGeometry { kernel: 7, stride: 1, padding: 3, mode };
        let halving = ConvGeometry { kernel: 4, stride: 2, padding: 1, mode };
        let widths = [(channels, dim, first), (dim, 2 * dim, halving), (2 * dim, 4 * dim, halving)];
        let repeated = [(4 * dim, 4 * dim, halving); 2];
        let blocks = widths.into_iter().chain(repeated).map(|(narrow, wide, geometry)| {
            let config = ConvBlockConfig { geometry, normalization: NormalizationKind::None, activation };
            ConvBlock::new(narrow, wide, config, init)
        });
        let blocks = blocks.collect();
        let pointwise = ConvGeometry { kernel: 1, stride: 1, padding: 0, mode: Padding::Zero };
        Self { blocks, head: ConvBlock::plain(4 * dim, config.style_dim, pointwise, init) }
    }

    /// # Shapes
    /// - pictures: `[n, channels, h, w]`, RGB in `[-1, 1]`
    /// - output: `[n, style_dim]`, unbounded
    pub fn forward(&self, pictures: Tensor<4>) -> Tensor<2> {
        let style = self.graph().forward(pictures, None).into_feature_map();
        let [n, style_dim, ..] = style.dims();
        style.reshape([n, style_dim])
    }

    /// The network as a graph of its own.
    pub fn graph(&self) -> Graph<'_> {
        let mut graph = Graph::default();
        self.add(&mut graph, Graph::INPUT);
        graph
    }

    /// Adds the network to a graph.
    pub fn add<'a>(&'a self, graph: &mut Graph<'a>, pictures: Slot) -> Slot {
        let features = self.blocks.iter().fold(pictures, |x, block| graph.block(x, block));
        let mean = graph.global_mean(features);
        graph.block(mean, &self.head)
    }
}

impl Parameterized for StyleEncoder {
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter)) {
        for (index, block) in self.blocks.iter_mut().enumerate() {
            block.visit_mut(&join(prefix, &format!("model.{index}")), visit);
        }
        self.head.convolution.visit_mut(&join(prefix, &format!("model.{HEAD_INDEX}")), visit);
    }
}
