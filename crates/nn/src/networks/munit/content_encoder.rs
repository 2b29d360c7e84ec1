//! From a picture to its content code: what it shows, without how it is drawn.

use burn::tensor::Tensor;

use crate::config::munit::GeneratorConfig;
use crate::graph::{Graph, Slot};
use crate::layers::{ConvBlock, ConvBlockConfig, Initializer, NormalizationKind, ResidualBlock, SelfAttention};
use crate::ops::ConvGeometry;
use crate::parameter::{Parameter, Parameterized, join};

/// The content encoder of MUNIT (Huang et al. 2018, <https://arxiv.org/abs/1804.04732>): a 7x7
/// convolution, stride-2 convolutions that double the channels, residual blocks; all with instance
/// normalisation. The original puts self-attention and one more residual block behind them.
#[derive(Clone, Debug)]
pub struct ContentEncoder {
    /// Channels of the pictures.
    channels: usize,
    downsampling: Vec<ConvBlock>,
    residual: Vec<ResidualBlock>,
    attention: Option<(SelfAttention, ResidualBlock)>,
}

impl ContentEncoder {
    /// An encoder of pictures with `channels`.
    pub fn new(channels: usize, config: &GeneratorConfig, init: &mut Initializer) -> Self {
        let (mode, activation) = (config.padding.into(), config.activation);
        let normalization = NormalizationKind::Instance;
        let first = ConvGeometry { kernel: 7, stride: 1, padding: 3, mode };
        let halving = ConvGeometry { kernel: 4, stride: 2, padding: 1, mode };
        let block = |geometry| ConvBlockConfig { geometry, normalization, activation };
        let mut downsampling = vec![ConvBlock::new(channels, config.dim, block(first), init)];
        for level in 0..config.num_downsample {
            let narrow = config.dim << level;
            downsampling.push(ConvBlock::new(narrow, 2 * narrow, block(halving), init));
        }
        let wide = config.content_channels();
        let residual =
            (0..config.num_residual).map(|_| ResidualBlock::new(wide, normalization, activation, mode, init)).collect();
        let attention = config.attention.then(|| {
            let attention = SelfAttention::new(wide, true, init);
            (attention, ResidualBlock::new(wide, normalization, activation, mode, init))
        });
        Self { channels, downsampling, residual, attention }
    }

    /// Channels of the pictures.
    pub fn picture_channels(&self) -> usize {
        self.channels
    }

    /// One power iteration of the attention's convolutions.
    pub fn refresh(&mut self) {
        if let Some((attention, _)) = &mut self.attention {
            attention.refresh();
        }
    }

    /// # Shapes
    /// - pictures: `[n, channels, h, w]`, RGB in `[-1, 1]`
    /// - output: `[n, dim * 2^d, h / 2^d, w / 2^d]` with `d` downsamplings, unbounded
    pub fn forward(&self, pictures: Tensor<4>) -> Tensor<4> {
        self.graph().forward(pictures, None).into_feature_map()
    }

    /// The network as a graph of its own.
    pub fn graph(&self) -> Graph<'_> {
        let mut graph = Graph::default();
        self.add(&mut graph, Graph::INPUT);
        graph
    }

    /// Adds the network to a graph.
    pub fn add<'a>(&'a self, graph: &mut Graph<'a>, pictures: Slot) -> Slot {
        let features = self.downsampling.iter().fold(pictures, |x, block| graph.block(x, block));
        let content = self.residual.iter().fold(features, |x, block| graph.residual_block(x, block));
        match &self.attention {
            Some((attention, residual)) => {
                let attended = graph.attention(content, attention);
                graph.residual_block(attended, residual)
            }
            None => content,
        }
    }
}

impl Parameterized for ContentEncoder {
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter)) {
        let layer = |index: usize| join(prefix, &format!("model.{index}"));
        for (index, block) in self.downsampling.iter_mut().enumerate() {
            block.visit_mut(&layer(index), visit);
        }
        let next = self.downsampling.len();
        for (index, block) in self.residual.iter_mut().enumerate() {
            block.visit_mut(&join(&layer(next), &format!("model.{index}")), visit);
        }
        if let Some((attention, residual)) = &mut self.attention {
            attention.visit_mut(&layer(next + 1), visit);
            residual.visit_mut(&layer(next + 2), visit);
        }
    }
}
