//! A recogniser as it is trained: the network and the people that it tells apart.

use burn::tensor::Device;

use crate::config::RecognizerConfig;
use crate::layers::Initialization;
use crate::losses::{Margin, MarginHead};
use crate::networks::EmbeddingNetwork;
use crate::parameter::{Parameter, Parameterized, join};

/// A network and the classifier behind it.
#[derive(Clone, Debug)]
pub struct Classifier {
    /// From crops to embeddings.
    pub network: EmbeddingNetwork,
    /// From embeddings to people.
    pub head: MarginHead,
}

impl Classifier {
    /// A classifier with fresh weights.
    pub fn new(config: &RecognizerConfig, margin: Margin, scheme: Initialization, seed: u64, device: &Device) -> Self {
        Self {
            network: EmbeddingNetwork::new(config, scheme, seed, device),
            head: MarginHead::new(margin, config.embedding, config.classes, seed, device),
        }
    }
}

impl Parameterized for Classifier {
    /// Names as in published checkpoints: those of the network, then `fc6.weight`.
    fn visit_mut(&mut self, prefix: &str, visit: &mut dyn FnMut(&str, &mut Parameter)) {
        self.network.visit_mut(prefix, visit);
        self.head.visit_mut(&join(prefix, "fc6"), visit);
    }
}
