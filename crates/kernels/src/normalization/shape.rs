//! What the normalisations have in common.

use super::planes::Affine;
use crate::error::{ShapeError, check_length, check_not_zero, elements};

/// What follows a normalisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Activation {
    /// Nothing.
    None,
    /// Negative values become 0.
    Relu,
}

/// The shape of what is normalised, `[batch, channels, plane]`, and how.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normalization {
    /// Number of images; zero is allowed and does nothing.
    pub batch: usize,
    /// Channels of an image.
    pub channels: usize,
    /// Pixels of a channel: height times width.
    pub plane: usize,
    /// Added to the variance ([`instance_norm`](crate::instance_norm)) or to the standard deviation ([`layer_norm`](crate::layer_norm)).
    pub epsilon: f32,
    /// What follows.
    pub activation: Activation,
}

/// What the gradients need to know of the forward pass.
///
/// # Shapes
/// `[batch, channels]` from [`instance_norm`](crate::instance_norm), `[batch]` from [`layer_norm`](crate::layer_norm).
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    /// Mean.
    pub mean: Vec<f32>,
    /// What the centred input is multiplied with: 1 / sqrt(variance + epsilon), or 1 / (deviation + epsilon).
    pub inverse_deviation: Vec<f32>,
}

/// Gradients of the loss with respect to the scale and the shift.
///
/// # Shapes
/// As the scale and the shift: `[batch, channels]` for [`instance_norm`](crate::instance_norm), `[channels]` for [`layer_norm`](crate::layer_norm).
#[derive(Clone, Debug, PartialEq)]
pub struct AffineGradient {
    /// With respect to the scale.
    pub scale: Vec<f32>,
    /// With respect to the shift.
    pub shift: Vec<f32>,
}

impl Normalization {
    /// Checks slices of the shape of the input, scale and shift; returns the number of elements of the input.
    pub(super) fn check(
        &self,
        affine_len: usize,
        affine: Option<(&[f32], &[f32])>,
        images: &[(&'static str, usize)],
    ) -> Result<(), ShapeError> {
        check_not_zero(&[("channels", self.channels), ("plane", self.plane)])?;
        let expected = elements([self.batch, self.channels, self.plane, 1])?;
        images.iter().try_for_each(|(argument, found)| check_length(argument, expected, *found))?;
        if let Some((scale, shift)) = affine {
            check_length("scale", affine_len, scale.len())?;
            check_length("shift", affine_len, shift.len())?;
        }
        Ok(())
    }

    pub(super) fn check_statistics(statistics: &Statistics, expected: usize) -> Result<(), ShapeError> {
        check_length("statistics.mean", expected, statistics.mean.len())?;
        check_length("statistics.inverse_deviation", expected, statistics.inverse_deviation.len())
    }

    pub(super) fn affine(
        &self,
        mean: f32,
        inverse_deviation: f32,
        index: usize,
        affine: Option<(&[f32], &[f32])>,
    ) -> Affine {
        let (scale, shift) = affine.map_or((1.0, 0.0), |(scale, shift)| (scale[index], shift[index]));
        Affine { mean, inverse_deviation, scale, shift, relu: self.activation == Activation::Relu }
    }

    /// Planes that a task takes at least, so that tasks are worth their while.
    pub(super) fn min_planes(&self) -> usize {
        (1 << 14) / self.plane + 1
    }
}
