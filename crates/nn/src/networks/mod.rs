//! The published networks, one per file.

mod content_encoder;
mod critic;
mod decoder;
mod generator;
mod sphereface;
mod style_encoder;
mod translator;
mod vgg;

pub use content_encoder::ContentEncoder;
pub use critic::Critic;
pub use decoder::Decoder;
pub use generator::{Code, Generator};
pub use sphereface::SphereFace;
pub use style_encoder::StyleEncoder;
pub use translator::{Critics, Pair, PlannedTranslation, Translator};
pub use vgg::Vgg16;
