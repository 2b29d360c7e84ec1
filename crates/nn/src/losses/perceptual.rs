//! The perceptual loss: distance of VGG16 features.

use std::path::Path;

use burn::tensor::{Device, Tensor};

use crate::layers::{Epilogue, instance_norm};
use crate::networks::Vgg16;
use crate::weights::{WeightsError, assign, read_pytorch};

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

    /// Reads VGG16 weights from a PyTorch file: names as in MUNIT's (`conv1_1.weight`) or as in
    /// torchvision's (`features.0.weight`); the classifier behind the convolutions is left out.
    ///
    /// # Errors
    /// See [`WeightsError`].
    pub fn read(path: &Path, device: &Device) -> Result<Self, WeightsError> {
        let arrays = read_pytorch(path)?;
        let arrays = arrays
            .into_iter()
            .filter(|(name, _)| !name.starts_with("classifier.") && !name.starts_with("fc"))
            .map(|(name, array)| (munit_name(&name).unwrap_or(name), array))
            .collect();
        let mut network = Vgg16::new(device);
        assign(&mut network, arrays, path)?;
        Ok(Self::new(network))
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

/// torchvision counts convolutions, activations and pools in one sequence.
fn munit_name(name: &str) -> Option<String> {
    const TORCHVISION: [(usize, &str); 13] = [
        (0, "1_1"),
        (2, "1_2"),
        (5, "2_1"),
        (7, "2_2"),
        (10, "3_1"),
        (12, "3_2"),
        (14, "3_3"),
        (17, "4_1"),
        (19, "4_2"),
        (21, "4_3"),
        (24, "5_1"),
        (26, "5_2"),
        (28, "5_3"),
    ];
    let (index, rest) = name.strip_prefix("features.")?.split_once('.')?;
    let index: usize = index.parse().ok()?;
    let (_, layer) = TORCHVISION.iter().find(|(position, _)| *position == index)?;
    Some(format!("conv{layer}.{rest}"))
}
