//! dlib's face recognition network.

use burn::tensor::{Device, Tensor};
use portraitist_kernels::{Pool, PoolKind};

use crate::config::RecognizerConfig;
use crate::graph::{Graph, Slot};
use crate::layers::{
    ActivationKind, ConvBlock, ConvBlockConfig, Initialization, Initializer, Linear, NormalizationKind,
};
use crate::ops::{ConvGeometry, Padding};
use crate::parameter::{Parameter, Parameterized, join};

/// The residual network of 29 convolutions behind dlib's face recognition: King 2017, `dlib_face_recognition_resnet_model_v1`,
/// described in <https://github.com/davisking/dlib-models>; [`RecognizerConfig::dlib_resnet`] has its sizes. It follows He et al.
/// 2015, <https://arxiv.org/abs/1512.03385>, with half the channels.
///
/// Its batch normalisations are part of the convolutions here (their constants are multiplied into the weights), and the last layer
/// has a bias, which is zero in the published weights. Convolutions and pools that halve have no padding; where the sizes of a sum
/// differ, the smaller summand is filled up with zeros, channels too.
#[derive(Clone, Debug)]
pub struct DlibResnet {
    stem: ConvBlock,
    /// Five stages; each but the first begins with a block that halves.
    stages: Vec<Vec<Block>>,
    fc5: Linear,
}

/// Two 3x3 convolutions and a shortcut, ReLU behind their sum.
#[derive(Clone, Debug)]
struct Block {
    first: ConvBlock,
    second: ConvBlock,
    halves: bool,
}

/// Side of the first convolution's kernel.
const STEM_KERNEL: usize = 7;
/// The pool behind it.
const POOL: Pool = Pool { kind: PoolKind::Max, window: 3, stride: 2, padding: 0 };

impl Block {
    fn new(channels_in: usize, channels: usize, halves: bool, init: &mut Initializer) -> Self {
        let (stride, padding) = if halves { (2, 0) } else { (1, 1) };
        let first = ConvGeometry { kernel: 3, stride, padding, mode: Padding::Zero };
        let second = ConvGeometry { kernel: 3, stride: 1, padding: 1, mode: Padding::Zero };
        Self {
            first: activated(channels_in, channels, first, init),
            second: ConvBlock::plain(channels, channels, second, init),
            halves,
        }
    }

    fn add<'a>(&'a self, graph: &mut Graph<'a>, x: Slot) -> Slot {
        let changed = graph.block(x, &self.first);
        let changed = graph.block(changed, &self.second);
        graph.shortcut(changed, x, self.halves)
    }
}

fn activated(channels_in: usize, channels: usize, geometry: ConvGeometry, init: &mut Initializer) -> ConvBlock {
    let (normalization, activation) = (NormalizationKind::None, ActivationKind::Relu);
    ConvBlock::new(channels_in, channels, ConvBlockConfig { geometry, normalization, activation }, init)
}

impl DlibResnet {
    /// A network with fresh weights.
    pub fn new(config: &RecognizerConfig, scheme: Initialization, seed: u64, device: &Device) -> Self {
        let init = &mut Initializer::new(scheme, seed, device);
        let geometry = ConvGeometry { kernel: STEM_KERNEL, stride: 2, padding: 0, mode: Padding::Zero };
        let stem = activated(3, config.channels[0], geometry, init);
        let last = [(config.channels[3], 0)];
        let mut channels_in = config.channels[0];
        let sizes = config.channels.into_iter().zip(config.blocks).chain(last).enumerate();
        let stages = sizes.map(|(index, (channels, blocks))| {
            let halving = (index > 0).then_some(true).into_iter();
            let halving = halving.chain(std::iter::repeat_n(false, blocks));
            halving
                .map(|halves| Block::new(std::mem::replace(&mut channels_in, channels), channels, halves, init))
                .collect()
        });
        let stages = stages.collect();
        Self { stem, stages, fc5: Linear::new(config.flattened(), config.embedding, init) }
    }

    /// The output of the last block.
    ///
    /// # Shapes
    /// - crops: `[n, 3, 150, 150]`, RGB, `(grey level - mean) / 256` with the means of [`crate::pixels`]
    /// - output: `[n, channels, 2, 2]`
    pub fn feature_map(&self, crops: Tensor<4>) -> Tensor<4> {
        let mut graph = Graph::default();
        self.add_blocks(&mut graph, Graph::INPUT);
        graph.forward(crops, None).into_feature_map()
    }

    /// The network as a graph of its own.
    pub fn graph(&self) -> Graph<'_> {
        let mut graph = Graph::default();
        let features = self.add_blocks(&mut graph, Graph::INPUT);
        let means = graph.global_mean(features);
        graph.linear(means, &self.fc5);
        graph
    }

    fn add_blocks<'a>(&'a self, graph: &mut Graph<'a>, crops: Slot) -> Slot {
        let x = graph.block(crops, &self.stem);
        let x = graph.pool(x, POOL);
        self.stages.iter().flatten().fold(x, |x, block| block.add(graph, x))
    }
}

impl Parameterized for DlibResnet {
    /// `conv1.weight`, `stage1.0.conv1.bias`, … `stage5.0.conv2.weight`, `fc5.weight`.
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter)) {
        self.stem.convolution.visit_mut(&join(prefix, "conv1"), visit);
        for (stage, blocks) in self.stages.iter_mut().enumerate() {
            for (index, block) in blocks.iter_mut().enumerate() {
                for (layer, number) in [(&mut block.first, 1), (&mut block.second, 2)] {
                    let name = format!("stage{}.{index}.conv{number}", stage + 1);
                    layer.convolution.visit_mut(&join(prefix, &name), visit);
                }
            }
        }
        self.fc5.visit_mut(&join(prefix, "fc5"), visit);
    }
}
