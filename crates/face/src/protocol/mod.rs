//! WebCaricature's evaluation protocols: which people and pictures are compared, trained on, and searched for.
//!
//! - [`verification`]: pairs of pictures, the same person or not (restricted), or people from which pairs are drawn (unrestricted)
//! - [`identification`]: a gallery and probes, drawings looked up among photos (C2P) or the other way round (P2C)
//! - [`classes`]: the class lists that the original's networks were trained with
//! - [`coverage`]: how much of the protocols a smaller dataset still covers; `soundness`: what is wrong with them

pub mod classes;
pub mod coverage;
pub mod identification;
mod lines;
pub(crate) mod soundness;
pub mod verification;

pub use lines::{PersonCount, PictureName};
