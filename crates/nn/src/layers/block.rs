//! Convolution blocks and residual blocks.

use burn::tensor::Tensor;

use crate::ops::{ConvGeometry, Padding};
use crate::parameter::{Parameter, Parameterized, join};

use super::{
    Activation, ActivationKind, AdainParameters, Convolution, Epilogue, Initializer, Normalization, NormalizationKind,
};

/// The parts of a [`ConvBlock`].
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
    /// The convolution with its padding.
    pub convolution: Convolution,
    /// Applied to its output.
    pub normalization: Normalization,
    /// Applied to the normalised values.
    pub activation: Activation,
}

impl ConvBlock {
    /// A block from `channels_in` to `channels_out`.
    pub fn new(channels_in: usize, channels_out: usize, config: ConvBlockConfig, init: &mut Initializer) -> Self {
        let spectral = config.normalization == NormalizationKind::Spectral;
        Self {
            convolution: Convolution::new(channels_in, channels_out, config.geometry, spectral, init),
            normalization: Normalization::new(config.normalization, channels_out, init),
            activation: Activation::new(config.activation, channels_out, init),
        }
    }

    /// A convolution alone.
    pub fn plain(channels_in: usize, channels_out: usize, geometry: ConvGeometry, init: &mut Initializer) -> Self {
        let (normalization, activation) = (NormalizationKind::None, ActivationKind::None);
        Self::new(channels_in, channels_out, ConvBlockConfig { geometry, normalization, activation }, init)
    }

    /// One power iteration where the block is spectrally normalised.
    pub fn refresh(&mut self) {
        self.convolution.refresh();
    }

    /// What follows the convolution: normalises, activates and adds, in one pass where the activation is none or ReLU.
    ///
    /// # Shapes
    /// - features, residual, output: `[n, out, h, w]`
    ///
    /// # Panics
    /// If the normalisation is adaptive and there are no AdaIN parameters.
    pub fn epilogue(
        &self,
        features: Tensor<4>,
        adain: Option<&AdainParameters>,
        residual: Option<Tensor<4>>,
    ) -> Tensor<4> {
        let relu = match self.activation.kind() {
            ActivationKind::None => false,
            ActivationKind::Relu => true,
            _ => {
                let activated =
                    self.activation.forward(self.normalization.forward(features, adain, Epilogue::default()));
                return residual.into_iter().fold(activated, |x, residual| x + residual);
            }
        };
        self.normalization.forward(features, adain, Epilogue { relu, residual })
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
    /// Reads the input.
    pub first: ConvBlock,
    /// Reads the first, without an activation.
    pub second: ConvBlock,
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
}

impl Parameterized for ResidualBlock {
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter)) {
        self.first.visit_mut(&join(prefix, "model.0"), visit);
        self.second.visit_mut(&join(prefix, "model.1"), visit);
    }
}
