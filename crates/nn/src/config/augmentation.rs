//! How the pictures that a discriminator sees are changed by chance.

use serde::{Deserialize, Serialize};

/// Random changes of the pictures that a discriminator sees, real and generated alike, so that it does not learn a small data set by
/// heart: DiffAugment, Zhao et al. 2020, <https://arxiv.org/abs/2006.10738>. Field defaults are the paper's. One draw serves both
/// kinds of pictures of a sample in one step, where the paper draws for each pass.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AugmentationConfig {
    /// Changes of brightness (up to 0.5 of the range's half), saturation (0 to 2 times) and contrast (0.5 to 1.5 times), all of them
    /// times this, 0 to 1. 0 for none.
    pub colour: f64,
    /// Largest shift, as a share of the sides, 0 to 0.5; zeros move in. 0 for none.
    pub translation: f64,
    /// Sides of a rectangle of zeros, as a share of the picture's sides, 0 to 1. 0 for none.
    pub cutout: f64,
    /// Chance of each of the three, 0 to 1: what an adaptive one begins with.
    pub probability: f64,
    /// Whether the chance follows how well the discriminators know the real pictures. It stays as it is without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adaptive: Option<AdaptiveConfig>,
}

impl Default for AugmentationConfig {
    fn default() -> Self {
        Self { colour: 1.0, translation: 0.125, cutout: 0.5, probability: 1.0, adaptive: None }
    }
}

/// A chance of augmentation that follows overfitting: adaptive discriminator augmentation, Karras et al. 2020,
/// <https://arxiv.org/abs/2006.06676>, after each step instead of each four. Each domain's discriminator has a chance of its own.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdaptiveConfig {
    /// The mean sign of the scores of real pictures that is aimed at, -1 to 1. The chance grows above it and falls below.
    pub target: f64,
    /// Real pictures after which the chance can have gone from 0 to 1.
    pub pictures: u64,
}

impl Default for AdaptiveConfig {
    fn default() -> Self {
        Self { target: 0.6, pictures: 500_000 }
    }
}

impl AugmentationConfig {
    /// Whether its numbers can be used.
    ///
    /// # Errors
    /// A sentence that names the value, what was expected and what was found.
    pub fn validate(&self) -> Result<(), String> {
        let adaptive = self.adaptive.unwrap_or_default();
        let numbers = [
            ("colour", self.colour, 0.0, 1.0),
            ("translation", self.translation, 0.0, 0.5),
            ("cutout", self.cutout, 0.0, 1.0),
            ("probability", self.probability, 0.0, 1.0),
            ("adaptive.target", adaptive.target, -1.0, 1.0),
        ];
        if let Some((key, value, low, high)) =
            numbers.into_iter().find(|(_, value, low, high)| !(*low..=*high).contains(value))
        {
            return Err(format!("{key} must be between {low} and {high}, found {value}"));
        }
        if !(1..=1_000_000_000).contains(&adaptive.pictures) {
            return Err(format!("adaptive.pictures must be between 1 and 1000000000, found {}", adaptive.pictures));
        }
        Ok(())
    }
}
