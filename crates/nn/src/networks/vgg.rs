//! Features of pictures, for the perceptual loss.

use std::path::Path;

use burn::tensor::{Device, Tensor};

use crate::graph::{Graph, Slot};
use crate::layers::{ActivationKind, ConvBlock, ConvBlockConfig, Initialization, Initializer, NormalizationKind};
use crate::ops::{ConvGeometry, Padding};
use crate::parameter::{Parameter, Parameterized, join};
use crate::pixels::to_vgg_range;
use crate::weights::{WeightsError, assign, read_pytorch};

/// The convolutions of VGG16 up to `relu5_3`. Simonyan and Zisserman 2014,
/// <https://arxiv.org/abs/1409.1556>.
///
/// As in MUNIT there are pools behind the first three stages only, so that the features have an
/// eighth of the picture's size.
#[derive(Clone, Debug)]
pub struct Vgg16 {
    stages: Vec<Vec<ConvBlock>>,
}

/// Channels and number of convolutions per stage.
const STAGES: [(usize, usize); 5] = [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)];
const NUM_POOLED_STAGES: usize = 3;

impl Vgg16 {
    /// The network with random weights, to be filled from a file.
    pub fn new(device: &Device) -> Self {
        let mut init = Initializer::new(Initialization::Default, 0, device);
        let geometry = ConvGeometry { kernel: 3, stride: 1, padding: 1, mode: Padding::Zero };
        let (normalization, activation) = (NormalizationKind::None, ActivationKind::Relu);
        let config = ConvBlockConfig { geometry, normalization, activation };
        let mut channels_in = 3;
        let stages = STAGES.map(|(channels, count)| {
            (0..count)
                .map(|_| ConvBlock::new(std::mem::replace(&mut channels_in, channels), channels, config, &mut init))
                .collect()
        });
        Self { stages: stages.into() }
    }

    /// Reads the weights from a PyTorch file: names as in MUNIT's (`conv1_1.weight`) or as in
    /// torchvision's (`features.0.weight`); the classifier behind the convolutions is left out.
    ///
    /// # Errors
    /// See [`WeightsError`].
    pub fn read(path: &Path, device: &Device) -> Result<Self, WeightsError> {
        let arrays = read_pytorch(path)?;
        let arrays = arrays
            .into_iter()
            .filter(|(name, _)| !name.starts_with("classifier.") && !name.starts_with("fc"))
            .map(|(name, array)| (munit_name(&name).unwrap_or(name), array))
            .collect();
        let mut network = Self::new(device);
        assign(&mut network, arrays, path)?;
        Ok(network)
    }

    /// # Shapes
    /// - pictures: `[n, 3, h, w]`, RGB in `[-1, 1]`
    /// - output: `[n, 512, h / 8, w / 8]`
    pub fn forward(&self, pictures: Tensor<4>) -> Tensor<4> {
        self.graph().forward(to_vgg_range(pictures), None).into_feature_map()
    }

    /// The network as a graph. Its input is what [`to_vgg_range`] makes of pictures.
    pub fn graph(&self) -> Graph<'_> {
        self.graph_with_stages().0
    }

    /// The network as a graph, and the last convolution of each stage: `relu1_2`, `relu2_2`, `relu3_3`, `relu4_3`, `relu5_3`.
    pub fn graph_with_stages(&self) -> (Graph<'_>, Vec<Slot>) {
        let (mut graph, mut x) = (Graph::default(), Graph::INPUT);
        let mut stages = Vec::with_capacity(self.stages.len());
        for (index, stage) in self.stages.iter().enumerate() {
            x = stage.iter().fold(x, |x, block| graph.block(x, block));
            stages.push(x);
            if index < NUM_POOLED_STAGES {
                x = graph.max_pool(x);
            }
        }
        (graph, stages)
    }
}

impl Parameterized for Vgg16 {
    /// Names as in MUNIT's network: `conv1_1.weight` to `conv5_3.bias`.
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter)) {
        for (stage_index, stage) in self.stages.iter_mut().enumerate() {
            for (index, block) in stage.iter_mut().enumerate() {
                let name = format!("conv{}_{}", stage_index + 1, index + 1);
                block.convolution.visit_mut(&join(prefix, &name), visit);
            }
        }
    }
}

/// torchvision counts convolutions, activations and pools in one sequence.
fn munit_name(name: &str) -> Option<String> {
    const TORCHVISION: [(usize, &str); 13] = [
        (0, "1_1"),
        (2, "1_2"),
        (5, "2_1"),
        (7, "2_2"),
        (10, "3_1"),
        (12, "3_2"),
        (14, "3_3"),
        (17, "4_1"),
        (19, "4_2"),
        (21, "4_3"),
        (24, "5_1"),
        (26, "5_2"),
        (28, "5_3"),
    ];
    let (index, rest) = name.strip_prefix("features.")?.split_once('.')?;
    let index: usize = index.parse().ok()?;
    let (_, layer) = TORCHVISION.iter().find(|(position, _)| *position == index)?;
    Some(format!("conv{layer}.{rest}"))
}
