//! SphereFace, the network behind face recognition.

use burn::tensor::{Device, Tensor};
use portraitist_kernels::{OutputActivation, ShapeError};

use crate::config::RecognizerConfig;
use crate::inference::{Plan, PlanBuilder, Slot};
use crate::layers::{Conv2d, Initialization, Initializer, Linear, PRelu};
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
    halving: ActivatedConv,
    blocks: Vec<[ActivatedConv; 2]>,
}

/// A 3x3 convolution and its activation.
#[derive(Clone, Debug)]
struct ActivatedConv {
    convolution: Conv2d,
    activation: PRelu,
}

impl ActivatedConv {
    fn new(channels_in: usize, channels_out: usize, stride: usize, init: &mut Initializer) -> Self {
        let geometry = ConvGeometry { kernel: 3, stride, padding: 1, mode: Padding::Zero };
        Self {
            convolution: Conv2d::new(channels_in, channels_out, geometry, init),
            activation: PRelu::new(channels_out, init),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.activation.forward(self.convolution.forward(x))
    }

    fn plan(&self, plan: &mut PlanBuilder, input: Slot, residual: Option<Slot>) -> Result<Slot, ShapeError> {
        let slopes = self.activation.weight();
        self.convolution.plan(plan, input, OutputActivation::Prelu(&slopes), residual)
    }
}

impl SphereFace {
    /// A network with fresh weights.
    pub fn new(config: &RecognizerConfig, scheme: Initialization, seed: u64, device: &Device) -> Self {
        let init = &mut Initializer::new(scheme, seed, device);
        let mut channels_in = 3;
        let stages = config.channels.iter().zip(config.blocks).map(|(&channels, blocks)| {
            let halving = ActivatedConv::new(std::mem::replace(&mut channels_in, channels), channels, 2, init);
            let mut convolution = || ActivatedConv::new(channels, channels, 1, init);
            let blocks = (0..blocks).map(|_| [convolution(), convolution()]).collect();
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
        self.stages.iter().fold(crops, |x, stage| {
            stage
                .blocks
                .iter()
                .fold(stage.halving.forward(x), |x, [first, second]| x.clone() + second.forward(first.forward(x)))
        })
    }

    /// # Shapes
    /// - crops: as for [`feature_map`](Self::feature_map)
    /// - output: `[n, embedding]`; only its direction counts
    pub fn forward(&self, crops: Tensor<4>) -> Tensor<2> {
        self.fc5.forward(self.feature_map(crops).flatten(1, 3))
    }

    /// What [`forward`](Self::forward) computes, as a plan with the present weights.
    ///
    /// # Errors
    /// [`ShapeError`] if the network does not fit crops of this size.
    pub fn plan(&self) -> Result<Plan, ShapeError> {
        let mut plan = PlanBuilder::new(3, [RecognizerConfig::HEIGHT, RecognizerConfig::WIDTH], 1);
        let mut x = PlanBuilder::PICTURES;
        for stage in &self.stages {
            x = stage.halving.plan(&mut plan, x, None)?;
            for [first, second] in &stage.blocks {
                let inner = first.plan(&mut plan, x, None)?;
                x = second.plan(&mut plan, inner, Some(x))?;
            }
        }
        self.fc5.plan(&mut plan, x)?;
        Ok(plan.finish())
    }
}

impl Parameterized for SphereFace {
    /// Names as in published checkpoints: `conv1_1.weight`, `conv1_1.bias`, `relu1_1.weight`, … `fc5.bias`.
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter)) {
        for (index, stage) in self.stages.iter_mut().enumerate() {
            let layers = std::iter::once(&mut stage.halving).chain(stage.blocks.iter_mut().flatten());
            for (number, layer) in layers.enumerate() {
                let place = format!("{}_{}", index + 1, number + 1);
                layer.convolution.visit_mut(&join(prefix, &format!("conv{place}")), visit);
                layer.activation.visit_mut(&join(prefix, &format!("relu{place}")), visit);
            }
        }
        self.fc5.visit_mut(&join(prefix, "fc5"), visit);
    }
}
