//! The sizes that must be known to build a network and to feed it.
//!
//! Each network has its own file: [`munit`] for translators, [`RecognizerConfig`] for recognisers.

mod bounds;
pub mod munit;
mod picture;
mod recognizer;

pub use picture::PictureConfig;
pub use portraitist_face::Domain;
pub use recognizer::RecognizerConfig;
