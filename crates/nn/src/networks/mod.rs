//! The published networks. An architecture of several networks has a folder, any other network a file.

mod dlib_resnet;
mod embedding;
mod inception;
pub mod mediapipe;
pub mod munit;
mod pair;
mod sphereface;
mod vgg;

pub use dlib_resnet::DlibResnet;
pub use embedding::EmbeddingNetwork;
pub use inception::{Inception, InceptionKind};
pub use pair::Pair;
pub use sphereface::SphereFace;
pub use vgg::Vgg16;
