//! From content and style codes to a picture.

use burn::tensor::Tensor;

use crate::config::munit::GeneratorConfig;
use crate::graph::{Graph, Slot};
use crate::layers::{
    ActivationKind, ConvBlock, ConvBlockConfig, Initializer, NormalizationKind, ResidualBlock, SelfAttention,
};
use crate::ops::ConvGeometry;
use crate::parameter::{Parameter, Parameterized, join};

/// The decoder of MUNIT: residual blocks with AdaIN, whose parameters come from the style; then nearest
/// upsampling and 5x5 convolutions with layer normalisation; then a 7x7 convolution to the picture.
/// The original puts self-attention and one more residual block with AdaIN behind the first ones.
#[derive(Clone, Debug)]
pub struct Decoder {
    residual: Vec<ResidualBlock>,
    attention: Option<(SelfAttention, ResidualBlock)>,
    upsampling: Vec<ConvBlock>,
    head: ConvBlock,
}

impl Decoder {
    /// A decoder to pictures with `channels`.
    pub fn new(channels: usize, config: &GeneratorConfig, init: &mut Initializer) -> Self {
        let (mode, activation) = (config.padding.into(), config.activation);
        let wide = config.content_channels();
        let adaptive = NormalizationKind::Adaptive;
        let residual =
            (0..config.num_residual).map(|_| ResidualBlock::new(wide, adaptive, activation, mode, init)).collect();
        let attention = config.attention.then(|| {
            let attention = SelfAttention::new(wide, true, init);
            (attention, ResidualBlock::new(wide, adaptive, activation, mode, init))
        });
        let doubling = ConvBlockConfig {
            geometry: ConvGeometry { kernel: 5, stride: 1, padding: 2, mode },
            normalization: NormalizationKind::Layer,
            activation,
        };
        let upsampling = (0..config.num_downsample)
            .map(|level| ConvBlock::new(wide >> level, wide >> (level + 1), doubling, init))
            .collect();
        let head = ConvBlockConfig {
            geometry: ConvGeometry { kernel: 7, stride: 1, padding: 3, mode },
            normalization: NormalizationKind::None,
            activation: ActivationKind::Tanh,
        };
        Self { residual, attention, upsampling, head: ConvBlock::new(config.dim, channels, head, init) }
    }

    /// How many AdaIN parameters a style becomes: a scale and a shift per channel of every
    /// convolution with AdaIN.
    pub fn num_adain_parameters(&self) -> usize {
        self.graph().num_adain_parameters()
    }

    /// One power iteration of the attention's convolutions.
    pub fn refresh(&mut self) {
        if let Some((attention, _)) = &mut self.attention {
            attention.refresh();
        }
    }

    /// # Shapes
    /// - content: `[n, dim * 2^d, h / 2^d, w / 2^d]`
    /// - adain: `[n, num_adain_parameters]`, per convolution with AdaIN first all shifts, then all scales
    /// - output: `[n, channels, h, w]` in `[-1, 1]`
    pub fn forward(&self, content: Tensor<4>, adain: &Tensor<2>) -> Tensor<4> {
        self.graph().forward(content, Some(adain)).into_feature_map()
    }

    /// The network as a graph of its own.
    pub fn graph(&self) -> Graph<'_> {
        let mut graph = Graph::default();
        self.add(&mut graph, Graph::INPUT);
        graph
    }

    /// Adds the network to a graph.
    pub fn add<'a>(&'a self, graph: &mut Graph<'a>, content: Slot) -> Slot {
        let mut x = self.residual.iter().fold(content, |x, block| graph.residual_block(x, block));
        if let Some((attention, residual)) = &self.attention {
            x = graph.attention(x, attention);
            x = graph.residual_block(x, residual);
        }
        x = self.upsampling.iter().fold(x, |x, block| graph.upsampled_block(x, block));
        graph.block(x, &self.head)
    }
}

impl Parameterized for Decoder {
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter)) {
        let layer = |index: usize| join(prefix, &format!("model.{index}"));
        for (index, block) in self.residual.iter_mut().enumerate() {
            block.visit_mut(&join(&layer(0), &format!("model.{index}")), visit);
        }
        let mut next = 1;
        if let Some((attention, residual)) = &mut self.attention {
            attention.visit_mut(&layer(1), visit);
            residual.visit_mut(&layer(2), visit);
            next = 3;
        }
        for block in &mut self.upsampling {
            // The layer before each block is the upsampling, which has no parameters.
            block.visit_mut(&layer(next + 1), visit);
            next += 2;
        }
        self.head.visit_mut(&layer(next), visit);
    }
}
