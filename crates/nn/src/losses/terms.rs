//! The losses of one step, by name.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::networks::Pair;
use crate::parameter::to_values;

use super::IdentityTerm;

/// How much each term counts. Defaults are the original's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LossWeights {
    /// Fooling the discriminator (`gan_w`).
    pub adversarial: f64,
    /// A picture from its own codes (`recon_x_w`).
    pub reconstruction: f64,
    /// The style found in a translated picture (`recon_s_w`).
    pub style: f64,
    /// The content found in a translated picture (`recon_c_w`).
    pub content: f64,
    /// A picture translated there and back (`recon_x_cyc_w`).
    pub cycle: f64,
    /// VGG16 features of a translated picture against its source's (`vgg_w`).
    pub perceptual: f64,
    /// A translated picture against a picture of the same person (`sup_w`).
    pub supervised: f64,
    /// A recogniser's distance between a translated picture and its source (`sph_w`).
    pub identity: f64,
}

impl Default for LossWeights {
    fn default() -> Self {
        Self {
            adversarial: 1.0,
            reconstruction: 10.0,
            style: 1.0,
            content: 1.0,
            cycle: 10.0,
            perceptual: 0.0,
            supervised: 0.0,
            identity: 0.0,
        }
    }
}

impl LossWeights {
    /// Whether every weight can be used.
    ///
    /// # Errors
    /// A sentence that names the weight, what was expected and what was found.
    pub fn validate(&self) -> Result<(), String> {
        let Self { adversarial, reconstruction, style, content, cycle, perceptual, supervised, identity } = *self;
        let weights = [
            ("adversarial", adversarial),
            ("reconstruction", reconstruction),
            ("style", style),
            ("content", content),
            ("cycle", cycle),
            ("perceptual", perceptual),
            ("supervised", supervised),
            ("identity", identity),
        ];
        match weights.into_iter().find(|(_, weight)| !(weight.is_finite() && *weight >= 0.0)) {
            Some((name, weight)) => Err(format!("{name} must be a number of at least 0, found {weight}")),
            None => Ok(()),
        }
    }
}

/// Values by name, as the log records them, the total last.
pub type NamedValues = Vec<(String, f32)>;

/// The discriminators' losses.
#[derive(Clone, Debug)]
pub struct DiscriminatorTerms {
    /// Each discriminator's loss, not weighted.
    pub adversarial: Pair<Tensor<1>>,
    /// The R1 penalty, with its weight, in the steps that take it.
    pub r1: Option<Pair<Tensor<1>>>,
    /// The mean sign of each discriminator's scores of real pictures, -1 to 1, where an adaptive augmentation follows it.
    pub real_signs: Option<Pair<f32>>,
    /// What is minimised.
    pub total: Tensor<1>,
}

impl DiscriminatorTerms {
    /// `discriminator.drawing`, `discriminator.photo`, where there are such `discriminator.r1_…` and `discriminator.real_sign_…`,
    /// `discriminator.total`.
    pub fn values(&self) -> NamedValues {
        let mut values = read([
            ("discriminator.drawing", &self.adversarial.drawing),
            ("discriminator.photo", &self.adversarial.photo),
        ]);
        if let Some(Pair { drawing, photo }) = &self.r1 {
            values.extend(read([("discriminator.r1_drawing", drawing), ("discriminator.r1_photo", photo)]));
        }
        if let Some(Pair { drawing, photo }) = self.real_signs {
            let named = [("discriminator.real_sign_drawing", drawing), ("discriminator.real_sign_photo", photo)];
            values.extend(named.map(|(name, value)| (name.to_owned(), value)));
        }
        values.extend(read([("discriminator.total", &self.total)]));
        values
    }
}

/// The generators' losses, not weighted, and their weighted sum. Terms that are off are `None`.
#[derive(Clone, Debug)]
pub struct GeneratorTerms {
    /// See [`LossWeights::adversarial`].
    pub adversarial: Pair<Tensor<1>>,
    /// See [`LossWeights::reconstruction`].
    pub reconstruction: Pair<Tensor<1>>,
    /// See [`LossWeights::style`].
    pub style: Pair<Tensor<1>>,
    /// See [`LossWeights::content`].
    pub content: Pair<Tensor<1>>,
    /// See [`LossWeights::cycle`].
    pub cycle: Option<Pair<Tensor<1>>>,
    /// See [`LossWeights::perceptual`].
    pub perceptual: Option<Pair<Tensor<1>>>,
    /// See [`LossWeights::supervised`].
    pub supervised: Option<Pair<Tensor<1>>>,
    /// See [`LossWeights::identity`].
    pub identity: Option<Pair<IdentityTerm>>,
}

impl GeneratorTerms {
    /// Every term with its name and weight.
    fn weighted(&self, weights: &LossWeights) -> Vec<(&'static str, Pair<&Tensor<1>>, f64)> {
        let refer = Pair::as_ref;
        let identity = self.identity.as_ref();
        let identity = identity.map(|pair| Pair { drawing: &pair.drawing.loss, photo: &pair.photo.loss });
        let terms = [
            ("adversarial", Some(refer(&self.adversarial)), weights.adversarial),
            ("reconstruction", Some(refer(&self.reconstruction)), weights.reconstruction),
            ("style", Some(refer(&self.style)), weights.style),
            ("content", Some(refer(&self.content)), weights.content),
            ("cycle", self.cycle.as_ref().map(refer), weights.cycle),
            ("perceptual", self.perceptual.as_ref().map(refer), weights.perceptual),
            ("supervised", self.supervised.as_ref().map(refer), weights.supervised),
            ("identity", identity, weights.identity),
        ];
        terms.into_iter().filter_map(|(name, pair, weight)| pair.map(|pair| (name, pair, weight))).collect()
    }

    /// What is minimised: `[1]`.
    pub fn total(&self, weights: &LossWeights) -> Tensor<1> {
        self.weighted(weights)
            .into_iter()
            .map(|(_, pair, weight)| (pair.drawing.clone() + pair.photo.clone()) * weight)
            .reduce(|total, term| total + term)
            .expect("the adversarial term is always there")
    }

    /// `generator.adversarial_drawing` … `generator.total`. With `generator.identity_accuracy_…` where the identity loss
    /// has a classifier.
    pub fn values(&self, total: &Tensor<1>, weights: &LossWeights) -> NamedValues {
        let terms = self.weighted(weights);
        let named = terms.iter().flat_map(|(name, pair, _)| {
            [(format!("generator.{name}_drawing"), pair.drawing), (format!("generator.{name}_photo"), pair.photo)]
        });
        let mut values = read(named);
        let accuracy = |pair: &Pair<IdentityTerm>| Some([pair.drawing.accuracy?, pair.photo.accuracy?]);
        let [drawing, photo] = ["drawing", "photo"].map(|domain| format!("generator.identity_accuracy_{domain}"));
        values
            .extend([drawing, photo].into_iter().zip(self.identity.as_ref().and_then(accuracy).into_iter().flatten()));
        values.extend(read([("generator.total", total)]));
        values
    }
}

fn read<'a, N: Into<String>>(terms: impl IntoIterator<Item = (N, &'a Tensor<1>)>) -> NamedValues {
    terms.into_iter().map(|(name, term)| (name.into(), to_values(term.clone())[0])).collect()
}
