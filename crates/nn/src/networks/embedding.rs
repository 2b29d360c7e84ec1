//! Any of the networks that embed faces.

use burn::tensor::{Device, Tensor};

use super::{DlibResnet, SphereFace};
use crate::config::{Architecture, RecognizerConfig};
use crate::graph::Graph;
use crate::layers::Initialization;
use crate::parameter::{Parameter, Parameterized};

/// A network that turns crops of faces into embeddings; an embedding's direction says who is shown.
#[derive(Clone, Debug)]
pub enum EmbeddingNetwork {
    /// See [`SphereFace`].
    SphereFace(Box<SphereFace>),
    /// See [`DlibResnet`].
    DlibResnet(Box<DlibResnet>),
}

impl EmbeddingNetwork {
    /// A network with fresh weights.
    pub fn new(config: &RecognizerConfig, scheme: Initialization, seed: u64, device: &Device) -> Self {
        match config.architecture {
            Architecture::SphereFace => SphereFace::new(config, scheme, seed, device).into(),
            Architecture::DlibResnet => DlibResnet::new(config, scheme, seed, device).into(),
        }
    }

    /// Which network it is.
    pub fn architecture(&self) -> Architecture {
        match self {
            Self::SphereFace(_) => Architecture::SphereFace,
            Self::DlibResnet(_) => Architecture::DlibResnet,
        }
    }

    /// The output of the last convolution.
    ///
    /// # Shapes
    /// - crops: `[n, 3, h, w]` of [`Architecture::crop_size`], as [`crate::pixels::to_recognition_planes`] makes them
    /// - output: `[n, channels, h', w']`
    pub fn feature_map(&self, crops: Tensor<4>) -> Tensor<4> {
        match self {
            Self::SphereFace(network) => network.feature_map(crops),
            Self::DlibResnet(network) => network.feature_map(crops),
        }
    }

    /// # Shapes
    /// - crops: as for [`feature_map`](Self::feature_map)
    /// - output: `[n, embedding]`; only its direction counts
    pub fn forward(&self, crops: Tensor<4>) -> Tensor<2> {
        self.graph().forward(crops, None).into_rows()
    }

    /// The network as a graph.
    pub fn graph(&self) -> Graph<'_> {
        match self {
            Self::SphereFace(network) => network.graph(),
            Self::DlibResnet(network) => network.graph(),
        }
    }
}

impl From<SphereFace> for EmbeddingNetwork {
    fn from(network: SphereFace) -> Self {
        Self::SphereFace(Box::new(network))
    }
}

impl From<DlibResnet> for EmbeddingNetwork {
    fn from(network: DlibResnet) -> Self {
        Self::DlibResnet(Box::new(network))
    }
}

impl Parameterized for EmbeddingNetwork {
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter)) {
        match self {
            Self::SphereFace(network) => network.visit_mut(prefix, visit),
            Self::DlibResnet(network) => network.visit_mut(prefix, visit),
        }
    }
}
