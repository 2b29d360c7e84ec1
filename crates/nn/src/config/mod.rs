//! The sizes that must be known to build a network and to feed it.

mod recognizer;
mod translator;

pub use recognizer::RecognizerConfig;
pub use translator::{CriticConfig, Domain, GeneratorConfig, PaddingKind, PictureConfig, TranslatorConfig};
