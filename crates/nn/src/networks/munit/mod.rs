//! MUNIT: Huang et al. 2018, <https://arxiv.org/abs/1804.04732>, with the original's self-attention.

mod content_encoder;
mod decoder;
mod discriminator;
mod generator;
mod style_encoder;
mod style_mlp;
mod translator;

pub use content_encoder::ContentEncoder;
pub use decoder::Decoder;
pub use discriminator::Discriminator;
pub use generator::{Code, Generator};
pub use style_encoder::StyleEncoder;
pub use style_mlp::StyleMlp;
pub use translator::{Discriminators, Translator};
