//! The layers of MUNIT: Huang et al. 2018, <https://arxiv.org/abs/1804.04732>, with the original's additions.

use portraitist_face::Domain;
use serde::{Deserialize, Serialize};

use crate::layers::{ActivationKind, NormalizationKind, PaddingKind};

use super::augmentation::AugmentationConfig;
use super::bounds::within;
use super::picture::PictureConfig;
use super::styles::NamedStyles;

/// The generators: encoders and decoder of one domain. Field defaults are the original's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GeneratorConfig {
    /// Channels of the first layer.
    pub dim: usize,
    /// Width of the network that turns a style into AdaIN parameters.
    pub mlp_dim: usize,
    /// Length of a style code.
    pub style_dim: usize,
    /// Activation inside the network.
    pub activation: ActivationKind,
    /// How often the content encoder halves the picture.
    pub num_downsample: usize,
    /// Residual blocks before the attention (or in all, without it).
    pub num_residual: usize,
    /// Border of convolutions.
    pub padding: PaddingKind,
    /// Self-attention and one more residual block behind the residual blocks, in the content encoder
    /// and in the decoder. Without it the network is plain MUNIT.
    pub attention: bool,
}

impl Default for GeneratorConfig {
    fn default() -> Self {
        Self {
            dim: 64,
            mlp_dim: 256,
            style_dim: 8,
            activation: ActivationKind::Relu,
            num_downsample: 2,
            num_residual: 4,
            padding: PaddingKind::Reflect,
            attention: true,
        }
    }
}

impl GeneratorConfig {
    /// Channels of the content code.
    pub fn content_channels(&self) -> usize {
        self.dim << self.num_downsample
    }

    /// About how many parameters both generators have. Counted are the residual blocks, which are nearly all of it,
    /// and the layer that gives the AdaIN parameters.
    fn approximate_size(&self) -> f64 {
        let channels = self.dim as f64 * f64::from(1 << self.num_downsample);
        let blocks = 2.0 * (self.num_residual + 1) as f64;
        let spread = self.mlp_dim as f64 * (self.num_residual + 1) as f64 * 4.0 * channels;
        2.0 * (blocks * 2.0 * 9.0 * channels * channels + spread)
    }

    /// Pictures must have sides that are multiples of this, in pixels.
    pub fn side_multiple(&self) -> usize {
        1 << self.num_downsample
    }
}

/// The discriminators. Field defaults are the original's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DiscriminatorConfig {
    /// Channels of the first layer.
    pub dim: usize,
    /// Normalisation of all but the first and last convolution.
    pub normalization: NormalizationKind,
    /// Activation inside the network.
    pub activation: ActivationKind,
    /// Convolutions that halve the picture.
    pub num_layers: usize,
    /// Sizes at which the picture is scored, each half of the one before.
    pub num_scales: usize,
    /// Border of convolutions.
    pub padding: PaddingKind,
    /// Self-attention before the last convolution.
    pub attention: bool,
    /// Random changes of the pictures that it sees in training. None without it. No model file says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub augmentation: Option<AugmentationConfig>,
}

impl Default for DiscriminatorConfig {
    fn default() -> Self {
        Self {
            dim: 64,
            normalization: NormalizationKind::Spectral,
            activation: ActivationKind::LeakyRelu,
            num_layers: 4,
            num_scales: 3,
            padding: PaddingKind::Reflect,
            attention: true,
            augmentation: None,
        }
    }
}

/// Everything needed to build a translator's networks. Its weights do not say it themselves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TranslatorConfig {
    /// The pictures.
    pub picture: PictureConfig,
    /// The generators.
    pub generator: GeneratorConfig,
    /// The discriminators. Files of older versions say `critic`.
    #[serde(alias = "critic")]
    pub discriminator: DiscriminatorConfig,
    /// Styles with names. Training writes none; `weights styles` adds them to a model file.
    #[serde(skip_serializing_if = "NamedStyles::is_empty")]
    pub styles: NamedStyles,
}

/// The largest number of channels, layers or pixels that a configuration may ask for. More is a mistake, or an attack
/// on memory.
const LARGEST_CHANNELS: usize = 4096;
const LARGEST_COUNT: usize = 64;
const LARGEST_SIDE: usize = 4096;
/// The largest number of parameters of both generators: 4 GB.
const LARGEST_SIZE: f64 = 1e9;

impl TranslatorConfig {
    /// Whether the networks can be built.
    ///
    /// # Errors
    /// A sentence that names the value, what was expected and what was found.
    pub fn validate(&self) -> Result<(), String> {
        let (picture, generator, discriminator) = (&self.picture, &self.generator, &self.discriminator);
        within("generator.dim", generator.dim, 1, LARGEST_CHANNELS)?;
        within("generator.mlp_dim", generator.mlp_dim, 1, LARGEST_CHANNELS)?;
        within("generator.style_dim", generator.style_dim, 1, LARGEST_CHANNELS)?;
        within("generator.num_downsample", generator.num_downsample, 0, 6)?;
        within("generator.num_residual", generator.num_residual, 0, LARGEST_COUNT)?;
        let parameters = generator.approximate_size();
        if parameters > LARGEST_SIZE {
            return Err(format!(
                "the generators would have about {parameters:.0} parameters, more than {LARGEST_SIZE:.0}: generator.dim or num_residual is too large"
            ));
        }
        within("discriminator.num_layers", discriminator.num_layers, 1, 8)?;
        within(
            "discriminator.dim << discriminator.num_layers",
            discriminator.dim << discriminator.num_layers,
            1,
            2 * LARGEST_CHANNELS,
        )?;
        within("discriminator.dim", discriminator.dim, 1, LARGEST_CHANNELS)?;
        within("discriminator.num_scales", discriminator.num_scales, 1, 6)?;
        within("picture.height", picture.height, generator.side_multiple(), LARGEST_SIDE)?;
        within("picture.width", picture.width, generator.side_multiple(), LARGEST_SIDE)?;
        within("picture.resize", picture.resize, 1, LARGEST_SIDE)?;
        within("picture.translation_scale", picture.translation_scale, 1, 8)?;
        for domain in Domain::BOTH {
            let channels = picture.channels(domain);
            if channels != 1 && channels != 3 {
                return Err(format!("picture.{domain}_channels must be 1 or 3, found {channels}"));
            }
        }
        self.styles.validate(generator.style_dim)?;
        let multiple = generator.side_multiple();
        if !picture.height.is_multiple_of(multiple) || !picture.width.is_multiple_of(multiple) {
            let (height, width) = (picture.height, picture.width);
            return Err(format!(
                "picture.height and picture.width must be multiples of {multiple}, found {height} and {width}"
            ));
        }
        if generator.attention && generator.content_channels() < 8 {
            return Err("self-attention needs at least 8 channels: generator.dim is too small".to_owned());
        }
        if discriminator.attention && discriminator.dim << (discriminator.num_layers - 1) < 8 {
            return Err("self-attention needs at least 8 channels: discriminator.dim is too small".to_owned());
        }
        match discriminator.normalization {
            NormalizationKind::Adaptive => {
                Err("discriminator.normalization cannot be adain: a discriminator sees no style".to_owned())
            }
            NormalizationKind::Spectral | NormalizationKind::None => Ok(()),
            _ if discriminator.attention => {
                Err("discriminator.attention needs discriminator.normalization = \"sn\" or \"none\"".to_owned())
            }
            _ => Ok(()),
        }
    }
}
