//! One direction of a translator as a plan.

use burn::tensor::Tensor;
use portraitist_kernels::ShapeError;

use crate::config::Domain;
use crate::device::on_workers;
use crate::graph::Graph;
use crate::inference::{NoPlan, Plan, PlanOptions};
use crate::networks::munit::{ContentEncoder, Decoder, StyleMlp, Translator};
use crate::parameter::to_values;

/// One direction of a translator with constant weights, for pictures of one size, on the CPU.
#[derive(Debug)]
pub struct TranslationPlan {
    /// Content encoder and decoder.
    plan: Plan,
    style_mlp: StyleMlp,
}

impl TranslationPlan {
    /// What [`Translator::translate`](crate::networks::Pair::translate) computes, as a plan with the present weights for
    /// pictures of `[height, width]`.
    ///
    /// # Errors
    /// [`NoPlan`] if the networks do not fit such pictures, or a layer has no prepared form.
    pub fn new(
        translator: &Translator,
        to: Domain,
        size: [usize; 2],
        options: impl Into<PlanOptions>,
    ) -> Result<Self, NoPlan> {
        let (source, target) = (translator.of(to.other()), translator.of(to));
        Self::of_networks(source.content_encoder(), target.decoder(), target.style_mlp(), size, options)
    }

    /// As [`new`](Self::new), of the networks that take part.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn of_networks(
        encoder: &ContentEncoder,
        decoder: &Decoder,
        style_mlp: &StyleMlp,
        [height, width]: [usize; 2],
        options: impl Into<PlanOptions>,
    ) -> Result<Self, NoPlan> {
        let mut graph = Graph::default();
        let content = encoder.add(&mut graph, Graph::INPUT);
        decoder.add(&mut graph, content);
        let plan = Plan::new(&graph, [encoder.picture_channels(), height, width], options)?;
        Ok(Self { plan, style_mlp: style_mlp.clone() })
    }

    /// Bytes that the feature maps of one picture take.
    pub fn bytes_per_picture(&self) -> usize {
        self.plan.bytes_per_picture()
    }

    /// Frees the feature maps that are kept for the next call.
    pub fn let_memory_go(&self) {
        self.plan.let_memory_go();
    }

    /// Translates pictures `[n, channels, h, w]` in `[-1, 1]` with styles `[n, style_dim]`.
    ///
    /// # Errors
    /// [`ShapeError`] if these are no whole pictures of the plan's size, or not as many styles.
    pub fn run(&self, pictures: &[f32], style: Tensor<2>) -> Result<Vec<f32>, ShapeError> {
        on_workers(|| self.plan.run(pictures, &to_values(self.style_mlp.forward(style))))
    }
}
