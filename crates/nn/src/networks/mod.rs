//! The published networks. An architecture of several networks has a folder, any other network a file.

mod inception;
pub mod mediapipe;
pub mod munit;
mod pair;
mod sphereface;
mod vgg;

pub use inception::{Inception, InceptionKind};
pub use pair::Pair;
pub use sphereface::SphereFace;
pub use vgg::Vgg16;
