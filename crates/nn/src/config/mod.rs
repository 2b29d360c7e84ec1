//! The sizes that must be known to build a network and to feed it.
//!
//! Each network has its own file: [`munit`] for translators, [`RecognizerConfig`] for recognisers, [`FaceNetworkConfig`] for
//! networks that others trained.

mod augmentation;
mod bounds;
mod face_network;
pub mod munit;
mod picture;
mod recognizer;
mod styles;

pub use augmentation::{AdaptiveConfig, AugmentationConfig};
pub use face_network::{FaceNetwork, FaceNetworkConfig, NetworkSource};
pub use picture::PictureConfig;
pub use portraitist_face::Domain;
pub use recognizer::{Architecture, RecognizerConfig};
pub use styles::NamedStyles;
