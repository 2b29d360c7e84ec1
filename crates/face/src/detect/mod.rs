//! Finding faces: the traits. The detector in use is that of the crate `portraitist-nn`.

mod detector;

pub use detector::{Face, FaceBox, FaceDetector, LandmarkDetector, LandmarkedFace};
