//! The networks of both domains.

use burn::tensor::{Device, Tensor};

use crate::config::Domain;
use crate::config::munit::TranslatorConfig;
use crate::device::on_workers;
use crate::layers::{Initialization, Initializer};
use crate::networks::Pair;

use super::discriminator::Discriminator;
use super::generator::Generator;

/// The generators of both domains.
pub type Translator = Pair<Generator>;

/// The discriminators of both domains.
pub type Discriminators = Pair<Discriminator>;

/// Makes the discriminators' first weights independent of the generators'. Any value would do; it must not change,
/// since first weights depend on it.
const DISCRIMINATOR_SEED: u64 = 0x6372_6974_6963;

impl Pair<Generator> {
    /// Generators with fresh weights.
    pub fn new(config: &TranslatorConfig, scheme: Initialization, seed: u64, device: &Device) -> Self {
        let mut init = Initializer::new(scheme, seed, device);
        let picture = &config.picture;
        Self {
            drawing: Generator::new(picture.drawing_channels, &config.generator, &mut init),
            photo: Generator::new(picture.photo_channels, &config.generator, &mut init),
        }
    }

    /// One power iteration of every spectrally normalised layer. Needed once before the first forward call.
    pub fn refresh(&mut self) {
        self.drawing.refresh();
        self.photo.refresh();
    }

    /// Translates pictures of the other domain to `to`, with the given styles.
    ///
    /// # Shapes
    /// - pictures: `[n, channels, h, w]` in `[-1, 1]`; style: `[n, style_dim]`
    pub fn translate(&self, pictures: Tensor<4>, style: Tensor<2>, to: Domain) -> Tensor<4> {
        on_workers(|| self.of(to).decode(self.of(to.other()).encode_content(pictures), style))
    }
}

impl Pair<Discriminator> {
    /// Discriminators with fresh weights. As in the original they always start with small normal weights.
    pub fn new(config: &TranslatorConfig, seed: u64, device: &Device) -> Self {
        let mut init = Initializer::new(Initialization::Gaussian, seed ^ DISCRIMINATOR_SEED, device);
        let picture = &config.picture;
        Self {
            drawing: Discriminator::new(picture.drawing_channels, &config.discriminator, &mut init),
            photo: Discriminator::new(picture.photo_channels, &config.discriminator, &mut init),
        }
    }
}
