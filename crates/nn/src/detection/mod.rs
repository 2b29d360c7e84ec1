//! Faces in pictures, and where their parts lie: MediaPipe's face networks from picture to points.
//!
//! `pyramid.rs` holds the picture in sizes and cuts turned squares out of it; `search.rs` looks for faces, from the whole picture
//! to small parts of it; `anchors.rs` reads what the detector says, `suppression.rs` joins what belongs to one face; `windows.rs`
//! lets the mesh look at a face several times, `expected_error.rs` says how sure that is; `eyes.rs` finds eyelids and irises; `drawings.rs` looks at drawn faces; `detector.rs` joins all of it.

mod anchors;
mod detector;
mod drawings;
mod error;
mod expected_error;
mod eyes;
mod memory;
mod pyramid;
mod region;
mod search;
mod suppression;
mod windows;

pub use detector::FaceMeshDetector;
pub use error::DetectionError;
pub use pyramid::{Pyramid, Sampling};
pub use region::Region;
