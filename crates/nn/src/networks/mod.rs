//! The published networks: a folder for each architecture of several files, a file for each other network.

pub mod munit;
mod pair;
mod sphereface;
mod vgg;

pub use pair::Pair;
pub use sphereface::SphereFace;
pub use vgg::Vgg16;
