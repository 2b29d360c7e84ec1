//! Convolution blocks and residual blocks.

use burn::tensor::Tensor;

use crate::ops::{ConvGeometry, Padding};
use crate::parameter::{Parameter, Parameterized, join};

use super::{
    Activation, ActivationKind, AdaptiveParameters, Convolution, Initializer, Normalization, NormalizationKind, Then,
};

/// What a [`ConvBlock`] is made of.
#[derive(Clone, Copy, Debug)]
pub struct ConvBlockConfig {
    /// How the kernel moves.
    pub geometry: ConvGeometry,
    /// What follows the convolution.
    pub normalization: NormalizationKind,
    /// What follows the normalisation.
    pub activation: ActivationKind,
}

/// Padding, convolution, normalisation, activation.
#[derive(Clone, Debug)]
pub struct ConvBlock {
    convolution: Convolution,
    normalization: Normalization,
    activation: Activation,
}

impl ConvBlock {
    /// A block from `channels_in` to `channels_out`.
    pub fn new(channels_in: usize, channels_out: usize, config: ConvBlockConfig, init: &mut Initializer) -> Self {
        let spectral = config.normalization == NormalizationKind::Spectral;
        Self {
            convolution: Convolution::new(channels_in, channels_out, config.geometry, spectral, init),
            normalization: Normalization::new(config.normalization, channels_out, init),
            activation: Activation::new(config.activation, init.device()),
        }
    }

    /// One power iteration where the block is spectrally normalised.
    pub fn refresh(&mut self) {
        self.convolution.refresh();
    }

    /// # Shapes
    /// - images: `[n, in, h, w]`
    /// - output: `[n, out, h', w']`
    pub fn forward(&self, images: Tensor<4>, style: Option<&AdaptiveParameters>) -> Tensor<4> {
        self.finish(self.convolution.forward(images), style, None)
    }

    /// [`forward`](Self::forward) of the images enlarged by two, every pixel becoming four.
    ///
    /// # Shapes
    /// - images: `[n, in, h, w]`
    /// - output: `[n, out, 2 h, 2 w]` where the block keeps the size
    pub fn upsampled_forward(&self, images: Tensor<4>) -> Tensor<4> {
        self.finish(self.convolution.upsampled_forward(images), None, None)
    }

    /// [`forward`](Self::forward), plus `residual`, which has the output's shape.
    pub fn forward_onto(
        &self,
        images: Tensor<4>,
        style: Option<&AdaptiveParameters>,
        residual: Tensor<4>,
    ) -> Tensor<4> {
        self.finish(self.convolution.forward(images), style, Some(residual))
    }

    /// Normalises, activates and adds, in one pass where the activation is none or ReLU.
    fn finish(
        &self,
        features: Tensor<4>,
        style: Option<&AdaptiveParameters>,
        residual: Option<Tensor<4>>,
    ) -> Tensor<4> {
        let relu = match self.activation.kind() {
            ActivationKind::None => false,
            ActivationKind::Relu => true,
            _ => {
                let activated = self.activation.forward(self.normalization.forward(features, style, Then::default()));
                return residual.into_iter().fold(activated, |x, residual| x + residual);
            }
        };
        self.normalization.forward(features, style, Then { relu, residual })
    }
}

impl Parameterized for ConvBlock {
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter)) {
        self.normalization.visit_mut(&join(prefix, "norm"), visit);
        self.activation.visit_mut(&join(prefix, "activation"), visit);
        self.convolution.visit_mut(&join(prefix, "conv"), visit);
    }
}

/// Two 3x3 blocks whose output is added to their input; no activation follows the sum.
#[derive(Clone, Debug)]
pub struct ResidualBlock {
    first: ConvBlock,
    second: ConvBlock,
}

impl ResidualBlock {
    /// A block that keeps `channels`.
    pub fn new(
        channels: usize,
        normalization: NormalizationKind,
        activation: ActivationKind,
        mode: Padding,
        init: &mut Initializer,
    ) -> Self {
        let geometry = ConvGeometry { kernel: 3, stride: 1, padding: 1, mode };
        let first = ConvBlockConfig { geometry, normalization, activation };
        let second = ConvBlockConfig { activation: ActivationKind::None, ..first };
        Self {
            first: ConvBlock::new(channels, channels, first, init),
            second: ConvBlock::new(channels, channels, second, init),
        }
    }

    /// # Shapes
    /// - x and output: `[n, c, h, w]`
    /// - styles: one per convolution where the normalisation is adaptive, else `None`
    pub fn forward(&self, x: Tensor<4>, styles: Option<&[AdaptiveParameters; 2]>) -> Tensor<4> {
        let [first, second] = match styles {
            Some([first, second]) => [Some(first), Some(second)],
            None => [None, None],
        };
        let changed = self.first.forward(x.clone(), first);
        self.second.forward_onto(changed, second, x)
    }
}

impl Parameterized for ResidualBlock {
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter)) {
        self.first.visit_mut(&join(prefix, "model.0"), visit);
        self.second.visit_mut(&join(prefix, "model.1"), visit);
    }
}
