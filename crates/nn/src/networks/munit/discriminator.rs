//! Tells real pictures from generated ones.

use burn::tensor::Tensor;

use crate::config::munit::DiscriminatorConfig;
use crate::graph::{Graph, Slot, Value};
use crate::layers::{ConvBlock, ConvBlockConfig, Initializer, NormalizationKind, SelfAttention};
use crate::ops::{ConvGeometry, Padding};
use crate::parameter::{Parameter, Parameterized, join};

/// A patch discriminator at one size.
#[derive(Clone, Debug)]
struct PatchDiscriminator {
    blocks: Vec<ConvBlock>,
    attention: Option<SelfAttention>,
    head: ConvBlock,
}

impl PatchDiscriminator {
    fn new(channels: usize, config: &DiscriminatorConfig, init: &mut Initializer) -> Self {
        let geometry = ConvGeometry { kernel: 4, stride: 2, padding: 1, mode: config.padding.into() };
        let inner = ConvBlockConfig { geometry, normalization: config.normalization, activation: config.activation };
        let first = ConvBlockConfig { normalization: NormalizationKind::None, ..inner };
        let mut blocks = vec![ConvBlock::new(channels, config.dim, first, init)];
        for level in 1..config.num_layers {
            let narrow = config.dim << (level - 1);
            blocks.push(ConvBlock::new(narrow, 2 * narrow, inner, init));
        }
        let wide = config.dim << (config.num_layers - 1);
        let spectral = config.normalization == NormalizationKind::Spectral;
        let attention = config.attention.then(|| SelfAttention::new(wide, spectral, init));
        let pointwise = ConvGeometry { kernel: 1, stride: 1, padding: 0, mode: Padding::Zero };
        Self { blocks, attention, head: ConvBlock::plain(wide, 1, pointwise, init) }
    }

    fn refresh(&mut self) {
        self.blocks.iter_mut().for_each(ConvBlock::refresh);
        if let Some(attention) = &mut self.attention {
            attention.refresh();
        }
    }

    fn add<'a>(&'a self, graph: &mut Graph<'a>, pictures: Slot) -> Slot {
        let mut x = self.blocks.iter().fold(pictures, |x, block| graph.block(x, block));
        if let Some(attention) = &self.attention {
            x = graph.attention(x, attention);
        }
        graph.block(x, &self.head)
    }
}

impl Parameterized for PatchDiscriminator {
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter)) {
        let layer = |index: usize| join(prefix, &index.to_string());
        for (index, block) in self.blocks.iter_mut().enumerate() {
            block.visit_mut(&layer(index), visit);
        }
        let mut next = self.blocks.len();
        if let Some(attention) = &mut self.attention {
            attention.visit_mut(&layer(next), visit);
            next += 1;
        }
        self.head.convolution.visit_mut(&layer(next), visit);
    }
}

/// Scores overlapping patches at several sizes; high means real. Isola et al. 2017,
/// <https://arxiv.org/abs/1611.07004>; several sizes: Wang et al. 2018, <https://arxiv.org/abs/1711.11585>.
#[derive(Clone, Debug)]
pub struct Discriminator {
    scales: Vec<PatchDiscriminator>,
}

impl Discriminator {
    /// A discriminator of pictures with `channels`.
    pub fn new(channels: usize, config: &DiscriminatorConfig, init: &mut Initializer) -> Self {
        Self { scales: (0..config.num_scales).map(|_| PatchDiscriminator::new(channels, config, init)).collect() }
    }

    /// One power iteration of every spectrally normalised layer.
    pub fn refresh(&mut self) {
        self.scales.iter_mut().for_each(PatchDiscriminator::refresh);
    }

    /// # Shapes
    /// - pictures: `[n, channels, h, w]`, RGB in `[-1, 1]`
    /// - output: one `[n, 1, h', w']` per scale, unbounded; every scale sees half the size of the one before
    pub fn forward(&self, pictures: Tensor<4>) -> Vec<Tensor<4>> {
        let (graph, scores) = self.graph();
        graph.forward_to(pictures, None, &scores).into_iter().map(Value::into_feature_map).collect()
    }

    /// The network as a graph, and the slots of the scores at each scale.
    pub fn graph(&self) -> (Graph<'_>, Vec<Slot>) {
        let (mut graph, mut pictures) = (Graph::default(), Graph::INPUT);
        let mut scores = Vec::with_capacity(self.scales.len());
        for (index, scale) in self.scales.iter().enumerate() {
            if index > 0 {
                pictures = graph.average_pool(pictures);
            }
            scores.push(scale.add(&mut graph, pictures));
        }
        (graph, scores)
    }

    /// [`forward`](Self::forward) after a power iteration. The original does one before every call.
    pub fn refreshed_forward(&mut self, pictures: Tensor<4>) -> Vec<Tensor<4>> {
        self.refresh();
        self.forward(pictures)
    }
}

impl Parameterized for Discriminator {
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter)) {
        for (index, scale) in self.scales.iter_mut().enumerate() {
            scale.visit_mut(&join(prefix, &format!("cnns.{index}")), visit);
        }
    }
}
