//! Telling people apart: networks that embed faces, and what is made of embeddings.

mod classifier;
mod description;
mod embedder;
mod identities;
mod recognizer;

pub use classifier::Classifier;
pub use description::RecognizerDescription;
pub use embedder::Embedder;
pub use identities::TrainedIdentities;
pub use recognizer::{CHECKPOINT_FILE, EmbeddingOptions, Mirrored, Recognizer, RecognizerError, cosine};
