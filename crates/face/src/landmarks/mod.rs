//! Where the parts of a face lie: the five points that crops are aligned by, WebCaricature's 17, iBUG's 68, the mesh's 468.
//!
//! Which point is which is known here and nowhere else.

pub mod five;
pub mod mesh;
mod webcaricature;

pub use five::{FivePoints, POINT_NAMES};
pub use webcaricature::{COUNT, Landmarks, MIRRORED, NAMES};
