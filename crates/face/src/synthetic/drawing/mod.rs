//! Drawings: the same people as an artist draws them.

pub(super) mod artist;
pub(super) mod contours;
pub(super) mod ink;
pub(super) mod layers;
pub(super) mod paint;
pub(super) mod sketch;

pub use artist::{ARTIST_COUNT, Artist, Technique};
pub use sketch::{Sketch, draw_caricature};
