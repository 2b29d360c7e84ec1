//! The R1 penalty: Mescheder et al. 2018, <https://arxiv.org/abs/1801.04406>.
//!
//! The penalty is `weight / 2` times the mean squared length of the gradient `g` of a real picture's score `D(x)` with respect to the
//! picture. Its own gradient with respect to the weights needs derivatives of derivatives, which the tensor library does not
//! have. But that gradient is the change of `D`'s gradient along `g`: with `g` held fixed, the gradient of
//! `weight (D(x + e g) - D(x - e g)) / (2 e)` is the penalty's up to a term of `e²`. So two more forward passes give it.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::networks::munit::Discriminator;
use crate::parameter::{Parameterized, to_values};

/// The R1 penalty of a run file.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GradientPenalty {
    /// The paper's gamma.
    pub weight: f64,
    /// The penalty is taken in every so many steps, and counts as many times then (StyleGAN2, Karras et al. 2020,
    /// <https://arxiv.org/abs/1912.04958>).
    #[serde(default = "default_every")]
    pub every: u64,
}

fn default_every() -> u64 {
    16
}

/// Mean length of the step `e g` for each value of a picture in `[-1, 1]`: a compromise of rounding and curvature.
const STEP: f64 = 0.002;
/// Below this a gradient is none.
const SMALLEST: f64 = 1e-12;

impl GradientPenalty {
    /// Whether its numbers can be used.
    ///
    /// # Errors
    /// A sentence that names the value, what was expected and what was found.
    pub fn validate(&self) -> Result<(), String> {
        if !(self.weight.is_finite() && self.weight >= 0.0) {
            return Err(format!("weight must be a number of at least 0, found {}", self.weight));
        }
        if self.every == 0 {
            return Err("every must be at least 1, found 0".to_owned());
        }
        Ok(())
    }

    /// Whether it is taken in step `step`, counted from 0.
    pub fn is_due(&self, step: u64) -> bool {
        self.weight > 0.0 && step.is_multiple_of(self.every)
    }

    /// The penalty, not multiplied by `every`, as a loss whose value and whose gradient for the discriminator's weights are the
    /// penalty's: `[1]`. A picture's score is the sum over scales of the mean over patches. Nothing is refreshed.
    ///
    /// # Shapes
    /// - real: `[n, c, h, w]`, RGB in `[-1, 1]`
    pub fn forward(&self, discriminator: &Discriminator, real: Tensor<4>) -> Tensor<1> {
        let real = real.without_autodiff();
        let count = real.dims()[0] as f64;
        let leaf = real.clone().autodiff().require_grad();
        let gradients = score(&discriminator.untracked(), leaf.clone()).sum().backward();
        let Some(gradient) = leaf.grad(&gradients) else { return score(discriminator, real).sum() * 0.0 };
        let gradient = gradient.without_autodiff();
        let squares = gradient.clone().powi_scalar(2);
        let lengths = squares.clone().mean_dim(1).mean_dim(2).mean_dim(3).sqrt(); // [n, 1, 1, 1]
        let steps = (lengths + SMALLEST).recip() * STEP;
        let moved = gradient * steps.clone();
        let difference = score(discriminator, real.clone() + moved.clone()) - score(discriminator, real - moved);
        let surrogate = (difference / (steps.reshape([-1]) * 2.0)).sum() * (self.weight / count);
        let value = f64::from(to_values(squares.sum())[0]) * (self.weight / (2.0 * count));
        surrogate.clone() - surrogate.without_autodiff() + value
    }
}

/// Each picture's score: `[n]`.
fn score(discriminator: &Discriminator, pictures: Tensor<4>) -> Tensor<1> {
    let of_scale = |scores: Tensor<4>| {
        let n = scores.dims()[0];
        scores.mean_dim(1).mean_dim(2).mean_dim(3).reshape([n])
    };
    let scales = discriminator.forward(pictures).into_iter().map(of_scale);
    scales.reduce(|sum, score| sum + score).expect("a discriminator has at least one scale")
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::config::munit::DiscriminatorConfig;
    use crate::layers::{ActivationKind, Initialization, Initializer, NormalizationKind};
    use crate::parameter::{Parameter, from_values};
    use crate::random::{normals, stream};

    const PENALTY: GradientPenalty = GradientPenalty { weight: 3.0, every: 4 };

    /// A discriminator without edges in its functions, whose scores are of the order of 1.
    fn smooth() -> Discriminator {
        let config = DiscriminatorConfig {
            dim: 4,
            normalization: NormalizationKind::None,
            activation: ActivationKind::Tanh,
            num_layers: 2,
            num_scales: 2,
            attention: false,
            ..DiscriminatorConfig::default()
        };
        let mut discriminator =
            Discriminator::new(3, &config, &mut Initializer::new(Initialization::Default, 1, &Device::flex()));
        discriminator.visit_mut("", &mut |name, parameter| {
            let count = parameter.shape().iter().product();
            let values = normals(&mut stream(3, name, 0), count);
            parameter.set(from_values(values, &Device::flex()) * 0.3);
        });
        discriminator
    }

    fn pictures(n: usize) -> Tensor<4> {
        from_values(normals(&mut stream(5, "pictures", 0), n * 3 * 16 * 16), &Device::flex()).reshape([n, 3, 16, 16])
            * 0.5
    }

    #[test]
    fn the_value_is_half_the_squared_length_of_the_gradient() {
        let discriminator = smooth();
        let found = f64::from(to_values(PENALTY.forward(&discriminator, pictures(1)))[0]);
        // The same length from differences of the score along each value's axis.
        let base = to_values(pictures(1));
        let mut squares = 0.0;
        for index in 0..base.len() {
            let shifted = |by: f32| {
                let mut values = base.clone();
                values[index] += by;
                let picture = from_values(values, &Device::flex()).reshape([1, 3, 16, 16]);
                f64::from(to_values(score(&discriminator, picture))[0])
            };
            squares += ((shifted(0.05) - shifted(-0.05)) / 0.1).powi(2);
        }
        let expected = 0.5 * PENALTY.weight * squares;
        assert!(expected > 1e-4 && (found - expected).abs() < 0.02 * expected, "{found}, expected {expected}");
    }

    #[test]
    fn the_gradient_is_that_of_differences_of_the_value() {
        let discriminator = smooth();
        let tracked = discriminator.tracked();
        let mut gradients = PENALTY.forward(&tracked, pictures(2)).backward();
        let of_parameter = |(name, parameter): (String, Parameter)| {
            let gradient = parameter.take_gradient(&mut gradients).map(to_values).unwrap_or_default();
            let (index, value) = gradient.into_iter().enumerate().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))?;
            Some((name, index, value))
        };
        let largest: Vec<(String, usize, f32)> = tracked.parameters().into_iter().filter_map(of_parameter).collect();
        let scale = largest.iter().fold(0.0_f32, |scale, (.., value)| scale.max(value.abs()));
        let mut compared = 0;
        for (name, index, gradient) in &largest {
            let shifted = |by: f32| {
                let mut moved = discriminator.clone();
                moved.visit_mut("", &mut |other, parameter| {
                    if other == name {
                        let mut values = parameter.to_vec();
                        values[*index] += by;
                        parameter.set(from_values(values, &Device::flex()));
                    }
                });
                to_values(PENALTY.forward(&moved, pictures(2)))[0]
            };
            let difference = (shifted(0.01) - shifted(-0.01)) / 0.02;
            let error = (difference - gradient).abs();
            assert!(error < 0.02 * gradient.abs() + 0.002 * scale, "{name}: {gradient}, differences give {difference}");
            compared += usize::from(gradient.abs() > 0.05 * scale);
        }
        assert!(compared >= 4, "only {compared} parameters");
    }

    #[test]
    fn it_is_due_in_every_so_many_steps_and_says_what_is_wrong() {
        let due: Vec<u64> = (0..9).filter(|step| PENALTY.is_due(*step)).collect();
        assert_eq!(due, [0, 4, 8]);
        assert!(!GradientPenalty { weight: 0.0, ..PENALTY }.is_due(0));
        let wrong = |penalty: GradientPenalty| penalty.validate().expect_err("out of range");
        assert!(
            wrong(GradientPenalty { weight: -1.0, ..PENALTY })
                .contains("weight must be a number of at least 0, found -1")
        );
        assert!(wrong(GradientPenalty { weight: f64::NAN, ..PENALTY }).contains("found NaN"));
        assert!(wrong(GradientPenalty { every: 0, ..PENALTY }).contains("every must be at least 1"));
    }
}
