//! Finding faces: the trait, then one detector a file.

mod detector;
mod seeta;

pub use detector::{Face, FaceBox, FaceDetector};
pub use seeta::SeetaFace;
