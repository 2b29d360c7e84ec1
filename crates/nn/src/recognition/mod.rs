//! Telling people apart: networks that embed faces, and what is made of embeddings.

mod classifier;

pub use classifier::Classifier;
