//! The networks of both domains.

use burn::tensor::{Device, Tensor};
use portraitist_kernels::ShapeError;

use crate::config::Domain;
use crate::config::munit::TranslatorConfig;
use crate::device::on_workers;
use crate::inference::{NoPlan, Plan, PlanBuilder};
use crate::layers::{Initialization, Initializer, StyleMlp};
use crate::networks::Pair;
use crate::parameter::to_values;

use super::content_encoder::ContentEncoder;
use super::decoder::Decoder;
use super::discriminator::Discriminator;
use super::generator::Generator;

/// The generators of both domains.
pub type Translator = Pair<Generator>;

/// The discriminators of both domains.
pub type Discriminators = Pair<Discriminator>;

/// Makes the discriminators' first weights independent of the generators'.
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

/// One direction of a translator with weights that stay, for pictures of one size, on the CPU.
#[derive(Debug)]
pub struct PlannedTranslation {
    /// Content encoder and decoder.
    plan: Plan,
    style_mlp: StyleMlp,
}

impl Pair<Generator> {
    /// What [`translate`](Self::translate) computes, as a plan with the present weights for pictures of
    /// `[height, width]`.
    ///
    /// # Errors
    /// [`NoPlan`] if the networks do not fit such pictures, or a layer has no prepared form.
    pub fn plan(&self, to: Domain, size: [usize; 2]) -> Result<PlannedTranslation, NoPlan> {
        let (source, target) = (self.of(to.other()), self.of(to));
        PlannedTranslation::new(source.content_encoder(), target.decoder(), target.style_mlp(), size)
    }
}

impl PlannedTranslation {
    /// A plan of the networks' present weights for pictures of `[height, width]`.
    ///
    /// # Errors
    /// [`NoPlan`] if the networks do not fit such pictures, or a layer has no prepared form.
    pub fn new(
        encoder: &ContentEncoder,
        decoder: &Decoder,
        style_mlp: &StyleMlp,
        size: [usize; 2],
    ) -> Result<Self, NoPlan> {
        let mut plan = PlanBuilder::new(encoder.picture_channels(), size, ContentEncoder::PICTURE_MARGIN);
        plan.set_margin(1);
        // Errors of the content grow on their way through attention and the decoder, those of the decoder hardly.
        plan.set_fine(true);
        let content = encoder.plan(&mut plan, PlanBuilder::PICTURES)?;
        plan.set_fine(false);
        let plan = decoder.plan(plan, content)?;
        Ok(Self { plan, style_mlp: style_mlp.clone() })
    }

    /// Translates pictures `[n, channels, h, w]` in `[-1, 1]` with styles `[n, style_dim]`.
    ///
    /// # Errors
    /// [`ShapeError`] if these are no whole pictures of the plan's size, or not as many styles.
    pub fn run(&self, pictures: &[f32], style: Tensor<2>) -> Result<Vec<f32>, ShapeError> {
        on_workers(|| self.plan.run(pictures, &to_values(self.style_mlp.forward(style))))
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
