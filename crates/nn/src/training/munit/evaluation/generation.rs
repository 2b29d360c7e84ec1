//! Pictures of a translator whose weights stay as they are.

use burn::tensor::{Device, Tensor};

use crate::config::Domain;
use crate::device::on_workers;
use crate::inference::InferencePrecision;
use crate::networks::munit::Translator;
use crate::parameter::{from_values, to_values};
use crate::translate::TranslationPlan;

/// Pictures that are made at once.
pub(super) const BATCH: usize = 16;

/// Where styles come from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Styles<'a> {
    /// Given ones, `[n, style_dim]`.
    Given(&'a [f32]),
    /// Each picture's own.
    Own,
}

/// The way from pictures of one domain to one, the other's or its own.
pub(super) struct Way<'a> {
    translator: &'a Translator,
    from: Domain,
    to: Domain,
    size: [usize; 2],
    style_dim: usize,
    device: &'a Device,
    /// On the CPU, where every layer has a prepared form.
    plan: Option<TranslationPlan>,
}

impl<'a> Way<'a> {
    /// A way for pictures of `[height, width]`. The networks must be refreshed and must not change.
    pub(super) fn new(
        translator: &'a Translator,
        [from, to]: [Domain; 2],
        size: [usize; 2],
        style_dim: usize,
        device: &'a Device,
    ) -> Self {
        let (source, target) = (translator.of(from), translator.of(to));
        let plan = || {
            let (encoder, decoder, mlp) = (source.content_encoder(), target.decoder(), target.style_mlp());
            TranslationPlan::of_networks(encoder, decoder, mlp, size, InferencePrecision::F32).ok()
        };
        let plan = if *device == Device::flex() { plan() } else { None };
        Self { translator, from, to, size, style_dim, device, plan }
    }

    /// Generated pictures `[n, channels, h, w]` of pictures of the source's domain.
    pub(super) fn generate(&self, pictures: &[f32], styles: Styles<'_>) -> Vec<f32> {
        let [height, width] = self.size;
        let source = self.translator.of(self.from);
        let channels = source.content_encoder().picture_channels();
        let count = pictures.len() / (channels * height * width);
        let tensor =
            || -> Tensor<4> { from_values(pictures.to_vec(), self.device).reshape([count, channels, height, width]) };
        let styles: Tensor<2> = match styles {
            Styles::Given(styles) => from_values(styles.to_vec(), self.device).reshape([count, self.style_dim]),
            Styles::Own => on_workers(|| source.encode_style(tensor())),
        };
        if let Some(plan) = &self.plan {
            return plan.run(pictures, styles).expect("the plan is made for pictures of this size");
        }
        on_workers(|| to_values(self.translator.of(self.to).decode(source.encode_content(tensor()), styles)))
    }
}
