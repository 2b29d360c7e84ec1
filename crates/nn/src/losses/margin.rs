//! Margin losses of recognisers: classification by the angle of the embedding, with a margin.

use std::f32::consts::PI;

use burn::tensor::{Device, Tensor, activation};
use serde::{Deserialize, Serialize};

use crate::layers::Initializer;
use crate::parameter::{Parameter, Parameterized, from_values, join, to_values};

/// How much closer to the right person than to the others an embedding must be. In run files: `{ kind = "arcface" }`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Margin {
    /// No margin: cross entropy of `scale cos`.
    Softmax {
        /// Factor of all cosines.
        #[serde(default = "default_scale")]
        scale: f64,
    },
    /// A multiple of the angle, annealed. Liu et al. 2017, <https://arxiv.org/abs/1704.08063>; the original's.
    SphereFace(SphereMargin),
    /// `cos - margin`. Wang et al. 2018, <https://arxiv.org/abs/1801.09414>.
    CosFace {
        /// Taken from the right person's cosine.
        #[serde(default = "default_cosface_margin")]
        margin: f64,
        /// Factor of all cosines.
        #[serde(default = "default_scale")]
        scale: f64,
    },
    /// `cos(angle + margin)`, continued by a straight line in the cosine where `angle + margin` exceeds pi. Deng et al.
    /// 2019, <https://arxiv.org/abs/1801.07698>.
    ArcFace {
        /// Added to the right person's angle, radians.
        #[serde(default = "default_arcface_margin")]
        margin: f64,
        /// Factor of all cosines.
        #[serde(default = "default_scale")]
        scale: f64,
    },
    /// A binary decision for each person instead of a choice among them. Wen et al. 2022, <https://arxiv.org/abs/2108.01513>, equation 9.
    SphereFace2 {
        /// On each side of the decision.
        #[serde(default = "default_sphereface2_margin")]
        margin: f64,
        /// Factor of all cosines.
        #[serde(default = "default_sphereface2_scale")]
        scale: f64,
        /// Weight of the positive (right person's) term against the negative ones, above 0 and below 1: lambda in the
        /// paper.
        #[serde(default = "default_sphereface2_share")]
        share: f64,
        /// Exponent t of the similarity adjustment `2 ((cos + 1) / 2)^t - 1`.
        #[serde(default = "default_sphereface2_exponent")]
        exponent: f64,
    },
}

fn default_scale() -> f64 {
    64.0
}
fn default_cosface_margin() -> f64 {
    0.35
}
fn default_arcface_margin() -> f64 {
    0.5
}
fn default_sphereface2_margin() -> f64 {
    0.4
}
fn default_sphereface2_scale() -> f64 {
    40.0
}
fn default_sphereface2_share() -> f64 {
    0.7
}
fn default_sphereface2_exponent() -> f64 {
    3.0
}

impl Margin {
    /// Whether its numbers can be used.
    ///
    /// # Errors
    /// A sentence that names the value, what was expected and what was found.
    pub fn validate(&self) -> Result<(), String> {
        let above_zero = |name: &str, value: f64| {
            let fits = value.is_finite() && value > 0.0;
            if fits { Ok(()) } else { Err(format!("{name} must be a number above 0, found {value}")) }
        };
        let angle = |margin: f64| {
            let fits = (0.0..=2.0).contains(&margin);
            if fits { Ok(()) } else { Err(format!("margin must be between 0 and 2, found {margin}")) }
        };
        match *self {
            Self::Softmax { scale } => above_zero("scale", scale),
            Self::SphereFace(margin) => margin.validate(),
            Self::CosFace { margin, scale } | Self::ArcFace { margin, scale } => {
                above_zero("scale", scale)?;
                angle(margin)
            }
            Self::SphereFace2 { margin, scale, share, exponent } => {
                above_zero("scale", scale)?;
                above_zero("exponent", exponent)?;
                angle(margin)?;
                if share > 0.0 && share < 1.0 {
                    return Ok(());
                }
                Err(format!("share must lie between 0 and 1, found {share}"))
            }
        }
    }
}

impl Default for Margin {
    fn default() -> Self {
        Self::SphereFace(SphereMargin::default())
    }
}

/// SphereFace's margin and its annealing. Defaults are the original's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SphereMargin {
    /// The angle is multiplied by this: 1 to 5.
    pub multiple: u32,
    /// How `cos(m angle)` is continued to a function that falls monotonically (`phi` in the paper).
    pub angle: TargetAngle,
    /// Focal exponent: samples that are already right count less. 0 for none.
    pub gamma: f64,
    /// Largest lambda, the weight of the plain cosine against `phi`: `lambda = max(least, largest / (1 + 0.1 call))`.
    pub lambda_largest: f64,
    /// The least such weight.
    pub lambda_least: f64,
}

impl Default for SphereMargin {
    fn default() -> Self {
        Self { multiple: 4, angle: TargetAngle::Exact, gamma: 0.0, lambda_largest: 1500.0, lambda_least: 5.0 }
    }
}

/// The forms of `phi`, the falling function that stands for `cos(m angle)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TargetAngle {
    /// `(-1)^k cos(m angle) - 2 k` with `k = floor(m angle / pi)`.
    #[default]
    Exact,
    /// The original's series of the cosine with its mistaken last term, clamped to `[-m, 1]`.
    Series,
}

impl SphereMargin {
    fn validate(&self) -> Result<(), String> {
        if !(1..=5).contains(&self.multiple) {
            return Err(format!("multiple must be between 1 and 5, found {}", self.multiple));
        }
        let values =
            [("gamma", self.gamma), ("lambda_largest", self.lambda_largest), ("lambda_least", self.lambda_least)];
        match values.into_iter().find(|(_, value)| !(value.is_finite() && *value >= 0.0)) {
            None => Ok(()),
            Some((name, value)) => Err(format!("{name} must be a number of at least 0, found {value}")),
        }
    }

    /// Weight of the plain cosine in the given call, counted from 1.
    pub fn lambda(&self, call: u64) -> f64 {
        (self.lambda_largest / (1.0 + 0.1 * call as f64)).max(self.lambda_least)
    }

    /// `phi` of cosines in `[-1, 1]`, of the same shape.
    pub fn phi<const D: usize>(&self, cosines: Tensor<D>) -> Tensor<D> {
        match self.angle {
            TargetAngle::Exact => self.exact(cosines),
            TargetAngle::Series => self.series(cosines),
        }
    }

    fn exact<const D: usize>(&self, cosines: Tensor<D>) -> Tensor<D> {
        let device = cosines.device();
        let sector = |cosine: &f32| (self.multiple as f32 * cosine.acos() / PI).floor();
        let sectors: Vec<f32> = to_values(cosines.clone()).iter().map(sector).collect();
        let signs = sectors.iter().map(|sector| if sector % 2.0 == 0.0 { 1.0 } else { -1.0 }).collect();
        let shaped = |values| from_values(values, &device).reshape(cosines.dims());
        chebyshev(cosines.clone(), self.multiple) * shaped(signs) - shaped(sectors) * 2.0
    }

    fn series<const D: usize>(&self, cosines: Tensor<D>) -> Tensor<D> {
        let multiple = f64::from(self.multiple);
        let angle = cosines.acos() * multiple;
        let term = |power: i32, factorial: f64| angle.clone().powi_scalar(power) / factorial;
        let cosine = -term(2, 2.0) + term(4, 24.0) - term(6, 720.0) + term(8, 40_320.0) - term(9, 362_880.0) + 1.0;
        cosine.clamp(-multiple, 1.0)
    }
}

/// `cos(m angle)` from `cos(angle)`.
fn chebyshev<const D: usize>(cosine: Tensor<D>, multiple: u32) -> Tensor<D> {
    let mut earlier = cosine.ones_like();
    let mut latest = cosine.clone();
    for _ in 1..multiple {
        let next = latest.clone() * cosine.clone() * 2.0 - earlier;
        earlier = std::mem::replace(&mut latest, next);
    }
    latest
}

/// The classifier behind the embedding: a direction for each person. `fc6` of published checkpoints.
#[derive(Clone, Debug)]
pub struct MarginHead {
    margin: Margin,
    /// `[embedding, classes]`; only the direction of a column counts.
    weight: Parameter,
    /// The threshold of [`Margin::SphereFace2`].
    threshold: Option<Parameter>,
}

/// What [`MarginHead::loss`] gives.
#[derive(Clone, Debug)]
pub struct MarginLoss {
    /// Mean over the pictures: `[1]`.
    pub loss: Tensor<1>,
    /// Pictures whose person has the largest cosine.
    pub num_correct: usize,
    /// Weight of the plain cosine, of [`Margin::SphereFace`].
    pub lambda: Option<f64>,
}

/// The least squared length that is divided by.
const LEAST_SQUARED_NORM: f64 = 1e-24;

impl MarginHead {
    /// A head with random directions.
    pub fn new(margin: Margin, embedding: usize, classes: usize, seed: u64, device: &Device) -> Self {
        let mut init = Initializer::new(crate::layers::Initialization::Default, seed ^ HEAD_SEED, device);
        let threshold = match margin {
            Margin::SphereFace2 { .. } => Some(init.constant(balanced_threshold(margin, classes) as f32, 1)),
            _ => None,
        };
        Self { margin, weight: init.unit_columns(embedding, classes), threshold }
    }

    /// How many people there are.
    pub fn num_classes(&self) -> usize {
        self.weight.shape()[1]
    }

    /// Cosines between embeddings and people, and the embeddings' lengths.
    ///
    /// # Shapes
    /// - embeddings: `[n, embedding]`
    /// - output: `[n, classes]` in `[-1, 1]`, and `[n, 1]`
    pub fn cosines(&self, embeddings: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let weight: Tensor<2> = self.weight.get();
        let directions = weight.clone() / norm(weight, 0);
        let lengths = norm(embeddings.clone(), 1);
        let cosines = embeddings.matmul(directions) / lengths.clone();
        (cosines.clamp(-1.0, 1.0), lengths)
    }

    /// The loss of a batch.
    ///
    /// # Shapes
    /// - embeddings: `[n, embedding]`
    /// - labels: `n` numbers below [`num_classes`](Self::num_classes)
    ///
    /// `call` counts from 1 and anneals [`Margin::SphereFace`].
    pub fn loss(&self, embeddings: Tensor<2>, labels: &[usize], call: u64) -> MarginLoss {
        let (cosines, lengths) = self.cosines(embeddings);
        let num_correct = count_correct(&to_values(cosines.clone()), self.num_classes(), labels);
        let right = one_hot(labels, self.num_classes(), &cosines.device());
        let target = (cosines.clone() * right.clone()).sum_dim(1);
        let lambda = match self.margin {
            Margin::SphereFace(margin) => Some(margin.lambda(call)),
            _ => None,
        };
        // The plain cosines, with the right person's replaced.
        let replaced = |value: Tensor<2>| cosines.clone() + right.clone() * (value - target.clone());
        let loss = match self.margin {
            Margin::Softmax { scale } => cross_entropy(cosines * scale, right, 0.0),
            Margin::SphereFace(margin) => {
                let phi = margin.phi(target.clone());
                let eased = target.clone() + (phi - target.clone()) / (1.0 + margin.lambda(call));
                cross_entropy(replaced(eased) * lengths, right, margin.gamma)
            }
            Margin::CosFace { margin, scale } => cross_entropy(replaced(target.clone() - margin) * scale, right, 0.0),
            Margin::ArcFace { margin, scale } => {
                cross_entropy(replaced(turned(target.clone(), margin)) * scale, right, 0.0)
            }
            Margin::SphereFace2 { margin, scale, share, exponent } => {
                let spread = (((cosines + 1.0) / 2.0).powf_scalar(exponent) * 2.0 - 1.0) * scale;
                let threshold = self.threshold.as_ref().map(|value| value.flat().reshape([1, 1]));
                let logits = threshold.into_iter().fold(spread, |logits, threshold| logits + threshold);
                // log(1 + e^x) = -log sigmoid(-x), of the right person and of the others.
                let yes = -activation::log_sigmoid(logits.clone() - margin * scale) * (share / scale);
                let no = -activation::log_sigmoid(-logits - margin * scale) * ((1.0 - share) / scale);
                (yes * right.clone() + no * (-right + 1.0)).sum_dim(1).mean()
            }
        };
        MarginLoss { loss, num_correct, lambda }
    }
}

/// Makes the head's first directions independent of the network's first weights.
const HEAD_SEED: u64 = 0x6865_6164;

/// The threshold at which the gradients of the right person and of all others balance if all cosines are 0: the zero of a
/// quadratic in `e^b`.
fn balanced_threshold(margin: Margin, classes: usize) -> f64 {
    let Margin::SphereFace2 { margin, scale, share, exponent } = margin else { return 0.0 };
    let spread = 2.0 * 0.5f64.powf(exponent) - 1.0;
    let (right, others) = (scale * (spread - margin), scale * (spread + margin));
    let ratio = share / ((1.0 - share) * (classes.max(2) - 1) as f64);
    // Both sides divided by e^others, so that nothing overflows.
    let root = ((1.0 - ratio).powi(2) + 4.0 * ratio * (right - others).exp()).sqrt();
    (2.0 * ratio).ln() - others - (1.0 - ratio + root).ln()
}

/// `cos(angle + margin)`. Beyond half a turn, where it would rise again, it is replaced by a straight line in the cosine.
fn turned(cosines: Tensor<2>, margin: f64) -> Tensor<2> {
    const LEAST_SQUARED_SINE: f64 = 1e-12;
    let sines = (-cosines.clone().powi_scalar(2) + 1.0).clamp(LEAST_SQUARED_SINE, 1.0).sqrt();
    let turned = cosines.clone() * margin.cos() - sines * margin.sin();
    let half_turn = (f64::from(PI) - margin).cos() as f32;
    let within = |cosine: &f32| if *cosine > half_turn { 1.0 } else { 0.0 };
    let within: Vec<f32> = to_values(cosines.clone()).iter().map(within).collect();
    let within = from_values(within, &cosines.device()).reshape(cosines.dims());
    let line = cosines - margin * margin.sin();
    turned * within.clone() + line * (-within + 1.0)
}

/// Mean of `-(1 - p)^gamma log p` over the rows, `p` of the marked column, `(1 - p)^gamma` without a gradient.
pub(super) fn cross_entropy(logits: Tensor<2>, marked: Tensor<2>, gamma: f64) -> Tensor<1> {
    let log = (activation::log_softmax(logits, 1) * marked).sum_dim(1);
    if gamma == 0.0 {
        return -log.mean();
    }
    let missing = -log.clone().detach().exp() + 1.0;
    -(missing.clamp_min(0.0).powf_scalar(gamma) * log).mean()
}

fn norm(x: Tensor<2>, dim: usize) -> Tensor<2> {
    x.powi_scalar(2).sum_dim(dim).clamp_min(LEAST_SQUARED_NORM).sqrt()
}

pub(super) fn one_hot(labels: &[usize], classes: usize, device: &Device) -> Tensor<2> {
    let mut values = vec![0.0; labels.len() * classes];
    for (row, label) in values.chunks_exact_mut(classes).zip(labels) {
        row[*label] = 1.0;
    }
    from_values(values, device).reshape([labels.len(), classes])
}

/// Rows whose largest value is in the labelled column; the first of equal ones counts.
pub(super) fn count_correct(values: &[f32], classes: usize, labels: &[usize]) -> usize {
    let is_correct = |(row, label): (&[f32], &usize)| {
        let before = row[..*label].iter().all(|value| *value < row[*label]);
        before && row[label + 1..].iter().all(|value| *value <= row[*label])
    };
    values.chunks_exact(classes).zip(labels).filter(|pair| is_correct(*pair)).count()
}

impl Parameterized for MarginHead {
    /// `weight`, and `threshold` where there is one.
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter)) {
        visit(&join(prefix, "weight"), &mut self.weight);
        if let Some(threshold) = &mut self.threshold {
            visit(&join(prefix, "threshold"), threshold);
        }
    }
}
