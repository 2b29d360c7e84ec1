//! The adversarial losses of discriminator and generator.

use burn::tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

/// The forms of the adversarial loss. Scores come per scale; the scales are added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdversarialLoss {
    /// `max(0, 1 + fake) + max(0, 1 - real)`; the generator `-fake`. Lim and Ye 2017,
    /// <https://arxiv.org/abs/1705.02894>.
    #[default]
    Hinge,
    /// `fake^2 + (real - 1)^2`; the generator `(fake - 1)^2`. Mao et al. 2016,
    /// <https://arxiv.org/abs/1611.04076>.
    LeastSquares,
    /// Binary cross entropy of the score's sigmoid, its logarithm held above -100 as PyTorch does.
    /// Goodfellow et al. 2014, <https://arxiv.org/abs/1406.2661>.
    NonSaturating,
}

/// PyTorch's lower bound of the logarithm in its binary cross entropy.
const LOWEST_LOG: f64 = -100.0;

impl AdversarialLoss {
    /// The discriminator's loss, from its scores of generated and of real images: `[1]`.
    pub fn discriminator(self, fake: Vec<Tensor<4>>, real: Vec<Tensor<4>>) -> Tensor<1> {
        let scales = fake.into_iter().zip(real);
        sum(scales.map(|(fake, real)| match self {
            Self::Hinge => activation::relu(fake + 1.0).mean() + activation::relu(-real + 1.0).mean(),
            Self::LeastSquares => fake.powi_scalar(2).mean() + (real - 1.0).powi_scalar(2).mean(),
            Self::NonSaturating => cross_entropy(fake, false) + cross_entropy(real, true),
        }))
    }

    /// The generator's loss, from the discriminator's scores of its images: `[1]`.
    pub fn generator(self, fake: Vec<Tensor<4>>) -> Tensor<1> {
        sum(fake.into_iter().map(|fake| match self {
            Self::Hinge => -fake.mean(),
            Self::LeastSquares => (fake - 1.0).powi_scalar(2).mean(),
            Self::NonSaturating => cross_entropy(fake, true),
        }))
    }
}

fn cross_entropy(scores: Tensor<4>, real: bool) -> Tensor<1> {
    // log sigmoid(x), and log(1 - sigmoid(x)) = log sigmoid(-x).
    let signed = if real { scores } else { -scores };
    -activation::log_sigmoid(signed).clamp_min(LOWEST_LOG).mean()
}

fn sum(terms: impl Iterator<Item = Tensor<1>>) -> Tensor<1> {
    terms.reduce(|total, term| total + term).expect("a discriminator has at least one scale")
}
