//! Counts the floating-point operations of the networks from their configuration. All counts are for one
//! picture; see [`Workload::floating_point_operations`](super::Workload::floating_point_operations) for the rules.

use std::iter::Sum;
use std::ops::Add;

use crate::config::munit::{DiscriminatorConfig, GeneratorConfig, TranslatorConfig};
use crate::config::{Domain, RecognizerConfig};
use crate::losses::LossWeights;

/// Height and width.
type Size = [usize; 2];

/// The operations of a network's forward pass, parted by what their gradients need.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Passes {
    /// Layers with weights that read the network's input.
    first: f64,
    /// The other layers with weights.
    inner: f64,
    /// Products of two results, which have no weights.
    products: f64,
}

impl Add for Passes {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            first: self.first + other.first,
            inner: self.inner + other.inner,
            products: self.products + other.products,
        }
    }
}

impl Sum for Passes {
    fn sum<I: Iterator<Item = Self>>(passes: I) -> Self {
        passes.fold(Self::default(), Add::add)
    }
}

impl Passes {
    fn first(operations: f64) -> Self {
        Self { first: operations, ..Self::default() }
    }

    fn inner(operations: f64) -> Self {
        Self { inner: operations, ..Self::default() }
    }

    fn forward(self) -> f64 {
        self.first + self.inner + self.products
    }

    /// Forward, and backward to the weights; the gradient of a layer's input costs what the layer does,
    /// that of its weight too, and a product has two gradients.
    fn learned(self) -> f64 {
        self.forward() + self.first + 2.0 * (self.inner + self.products)
    }

    /// [`learned`](Self::learned), and backward to the input.
    fn learned_through(self) -> f64 {
        self.learned() + self.first
    }

    /// Forward, and backward to the input alone.
    fn passed_through(self) -> f64 {
        self.forward() + self.first + self.inner + 2.0 * self.products
    }
}

/// A convolution with `kernel`x`kernel` taps and this output size.
fn convolution(channels_in: usize, channels_out: usize, kernel: usize, [height, width]: Size) -> f64 {
    2.0 * (channels_in * channels_out * kernel * kernel) as f64 * (height * width) as f64
}

/// The size behind a 4x4 convolution with stride 2 and a border of 1.
fn halved(size: Size) -> Size {
    size.map(|side| (side - 2) / 2 + 1)
}

fn self_attention(channels: usize, size: Size) -> Passes {
    let (positions, narrow) = ((size[0] * size[1]) as f64, channels / 8);
    let layers = 2.0 * convolution(channels, narrow, 1, size) + convolution(channels, channels, 1, size);
    let products = 2.0 * positions * positions * (narrow + channels) as f64;
    Passes { products, ..Passes::inner(layers) }
}

/// The residual blocks of encoder and decoder, with self-attention and the block behind it.
fn residual_part(config: &GeneratorConfig, size: Size) -> Passes {
    let channels = config.content_channels();
    let blocks = config.num_residual + usize::from(config.attention);
    let convolutions = Passes::inner((2 * blocks) as f64 * convolution(channels, channels, 3, size));
    if config.attention { convolutions + self_attention(channels, size) } else { convolutions }
}

fn content_size(config: &GeneratorConfig, size: Size) -> Size {
    (0..config.num_downsample).fold(size, |size, _| halved(size))
}

fn content_encoder(channels: usize, config: &GeneratorConfig, size: Size) -> Passes {
    let mut passes = Passes::first(convolution(channels, config.dim, 7, size));
    let mut reached = size;
    for level in 0..config.num_downsample {
        reached = halved(reached);
        let narrow = config.dim << level;
        passes = passes + Passes::inner(convolution(narrow, 2 * narrow, 4, reached));
    }
    passes + residual_part(config, reached)
}

fn style_encoder(channels: usize, config: &GeneratorConfig, size: Size) -> Passes {
    let dim = config.dim;
    let mut passes = Passes::first(convolution(channels, dim, 7, size));
    let mut reached = size;
    for (narrow, wide) in [(dim, 2 * dim), (2 * dim, 4 * dim), (4 * dim, 4 * dim), (4 * dim, 4 * dim)] {
        reached = halved(reached);
        passes = passes + Passes::inner(convolution(narrow, wide, 4, reached));
    }
    passes + Passes::inner(convolution(4 * dim, config.style_dim, 1, [1, 1]))
}

/// A decoder; its input is the style, since the content always needs its gradient.
fn decoder(channels: usize, config: &GeneratorConfig, size: Size) -> Passes {
    let linear = |features_in: usize, features_out: usize| convolution(features_in, features_out, 1, [1, 1]);
    let blocks = config.num_residual + usize::from(config.attention);
    let adaptive = blocks * 2 * 2 * config.content_channels();
    let hidden = config.mlp_dim;
    let mut passes = Passes::first(linear(config.style_dim, hidden));
    passes = passes + Passes::inner(linear(hidden, hidden) + linear(hidden, adaptive));
    let mut reached = content_size(config, size);
    passes = passes + residual_part(config, reached);
    for level in 0..config.num_downsample {
        reached = reached.map(|side| 2 * side);
        let wide = config.content_channels() >> level;
        passes = passes + Passes::inner(convolution(wide, wide / 2, 5, reached));
    }
    passes + Passes::inner(convolution(config.dim, channels, 7, reached))
}

fn discriminator(channels: usize, config: &DiscriminatorConfig, size: Size) -> Passes {
    let at_scale = |scale: usize| {
        // The average pool between scales rounds up.
        let mut reached = halved((0..scale).fold(size, |size, _| size.map(|side| side.div_ceil(2))));
        let mut passes = Passes::first(convolution(channels, config.dim, 4, reached));
        for level in 1..config.num_layers {
            reached = halved(reached);
            let narrow = config.dim << (level - 1);
            passes = passes + Passes::inner(convolution(narrow, 2 * narrow, 4, reached));
        }
        let wide = config.dim << (config.num_layers - 1);
        let attention = if config.attention { self_attention(wide, reached) } else { Passes::default() };
        passes + attention + Passes::inner(convolution(wide, 1, 1, reached))
    };
    (0..config.num_scales).map(at_scale).sum()
}

/// A drawing to a photo.
pub(super) fn translation(networks: &TranslatorConfig, size: Size) -> f64 {
    let (picture, generator) = (&networks.picture, &networks.generator);
    let encoder = content_encoder(picture.channels(Domain::Drawing), generator, size);
    encoder.forward() + decoder(picture.channels(Domain::Photo), generator, size).forward()
}

/// Both steps of the original's iteration, each with forward passes of its own.
pub(super) fn iteration(networks: &TranslatorConfig, weights: &LossWeights, size: Size) -> f64 {
    let of_domain = |domain: Domain| {
        let channels = networks.picture.channels(domain);
        let content = content_encoder(channels, &networks.generator, size);
        let style = style_encoder(channels, &networks.generator, size);
        let decoder = decoder(channels, &networks.generator, size);
        let discriminator = discriminator(channels, &networks.discriminator, size);
        // A generated image and a real one are scored; only the discriminator learns.
        let discriminators_step = content.forward() + decoder.forward() + 2.0 * discriminator.learned();
        // Real pictures' codes, those pictures again, generated ones of given style, and their codes and scores.
        let generators_step = content.learned()
            + style.learned()
            + decoder.learned_through()
            + decoder.learned()
            + content.learned_through()
            + style.learned_through()
            + discriminator.passed_through();
        let cycle = if weights.cycle > 0.0 { decoder.learned_through() } else { 0.0 };
        discriminators_step + generators_step + cycle
    };
    Domain::BOTH.into_iter().map(of_domain).sum()
}

/// VGG16's channels and number of convolutions per stage; the first three stages end in a pool.
const VGG16_STAGES: [(usize, usize, bool); 5] =
    [(64, 2, true), (128, 2, true), (256, 3, true), (512, 3, false), (512, 3, false)];

/// VGG16 up to `relu5_3`.
pub(super) fn vgg16(size: Size) -> f64 {
    let (mut channels_in, mut size, mut operations) = (3, size, 0.0);
    for (channels, count, pooled) in VGG16_STAGES {
        for _ in 0..count {
            operations += convolution(channels_in, channels, 3, size);
            channels_in = channels;
        }
        if pooled {
            size = size.map(|side| side / 2);
        }
    }
    operations
}

/// SphereFace, from a crop to its embedding.
pub(super) fn sphereface(config: &RecognizerConfig) -> f64 {
    let (mut channels_in, mut size) = (3, [RecognizerConfig::HEIGHT, RecognizerConfig::WIDTH]);
    let mut operations = 2.0 * (config.flattened() * config.embedding) as f64;
    for (channels, blocks) in config.channels.into_iter().zip(config.blocks) {
        size = size.map(|side| side.div_ceil(2));
        operations += convolution(channels_in, channels, 3, size);
        operations += 2.0 * blocks as f64 * convolution(channels, channels, 3, size);
        channels_in = channels;
    }
    operations
}
