//! The sizes that must be known to build a network and to feed it.

mod recognizer;
mod translator;

pub use portraitist_face::Domain;
pub use recognizer::RecognizerConfig;
pub use translator::{CriticConfig, GeneratorConfig, PaddingKind, PictureConfig, TranslatorConfig};

/// Whether a value lies within its bounds, both included.
fn within(name: &str, value: usize, low: usize, high: usize) -> Result<(), String> {
    if (low..=high).contains(&value) {
        Ok(())
    } else {
        Err(format!("{name} must be between {low} and {high}, found {value}"))
    }
}
