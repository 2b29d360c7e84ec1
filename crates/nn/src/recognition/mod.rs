//! Telling people apart: networks that embed faces, and what is made of embeddings.

mod cache;
mod classifier;
mod description;
mod evaluation_error;
mod features;
mod framing;
mod frozen;
mod gather;
mod identification;
mod identities;
mod index;
mod recognizer;
mod repeats;
mod verification;

pub use cache::{CropKey, FeatureCache};
pub use classifier::Classifier;
pub use description::RecognizerDescription;
pub use evaluation_error::EvaluationError;
pub use features::{EmbedCrops, Features, Similarity};
pub use framing::Framing;
pub use frozen::FrozenEmbedder;
pub use gather::gather;
pub use identification::{IdentificationTask, sets};
pub use identities::TrainedIdentities;
pub use index::{IndexEntry, PictureIndex};
pub use recognizer::{EmbeddingOptions, Mirrored, Recognizer, RecognizerError, cosine};
pub use verification::{Between, Pairs, VerificationTask};

/// The two views of an evaluation protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// View 1: settings are chosen on one half and tried on the other.
    Development,
    /// View 2: what is reported.
    Test,
}

impl View {
    /// 1 or 2.
    pub fn number(self) -> u8 {
        match self {
            Self::Development => 1,
            Self::Test => 2,
        }
    }
}
