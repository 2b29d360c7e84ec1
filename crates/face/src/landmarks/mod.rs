//! Where the parts of a face lie: WebCaricature's 17 points, and the five that crops are aligned by.
//!
//! Which point is which is known here and nowhere else.

pub mod five;
mod webcaricature;

pub use five::{FivePoints, POINT_NAMES};
pub use webcaricature::{COUNT, Landmarks, MIRRORED, NAMES};
