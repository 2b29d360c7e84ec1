//! The perceptual loss: distance of VGG16 features.

use std::path::Path;

use burn::tensor::{Device, Tensor};

use crate::layers::{Epilogue, instance_norm};
use crate::networks::Vgg16;
use crate::weights::WeightsError;

/// Distance of VGG16 features after instance normalisation, as in MUNIT: it sees structure and
/// forgets colour and contrast.
#[derive(Clone, Debug)]
pub struct PerceptualLoss {
    network: Vgg16,
}

impl PerceptualLoss {
    /// A loss with the given network, whose weights it does not train.
    pub fn new(network: Vgg16) -> Self {
        Self { network }
    }

    /// The network.
    pub fn network(&self) -> &Vgg16 {
        &self.network
    }

    /// A loss with the network of a file, as [`Vgg16::read`] reads it.
    ///
    /// # Errors
    /// See [`WeightsError`].
    pub fn read(path: &Path, device: &Device) -> Result<Self, WeightsError> {
        Ok(Self::new(Vgg16::read(path, device)?))
    }

    /// Mean squared difference of the normalised features: `[1]`.
    ///
    /// # Shapes
    /// - pictures and targets: `[n, 3, h, w]`, RGB in `[-1, 1]`
    pub fn forward(&self, pictures: Tensor<4>, targets: Tensor<4>) -> Tensor<1> {
        let features = |pictures| instance_norm(self.network.forward(pictures), Epilogue::default());
        (features(pictures) - features(targets)).powi_scalar(2).mean()
    }
}
