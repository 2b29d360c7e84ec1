//! Pictures, geometry, face detection, alignment and drawing for Portraitist; no tensors, no async, no printing.
//!
//! - [`picture`]: decoding and writing pictures
//! - [`transform`], [`grid`]: from pictures to the network's planes and back, contact sheets
//! - [`geometry`], [`warp`], [`template`]: points, similarity transforms and the frames that faces are aligned to
//! - [`detect`], [`align`]: from a photo to an aligned crop, and a translated crop back into its photo
//! - [`landmarks`], [`pose`], [`filter`]: the 17 points of a face, where it looks, whether it is fit for training
//! - [`dataset`], [`protocol`], [`check`], [`prepare`]: datasets of faces, their evaluation protocols, what is wrong with them, and
//!   the way to training data
//! - [`drawing`]: drawings without learning, for training data and as a baseline
//! - [`synthetic`]: people who do not exist, in photos and drawings with exact landmarks, and datasets of them
//! - [`seed_2018`]: the original's way of writing pictures, for comparison only

pub mod align;
mod bundled;
pub mod check;
pub mod dataset;
pub mod detect;
mod domain;
pub mod drawing;
pub mod error;
pub mod filter;
pub mod fingerprint;
pub mod geometry;
pub mod grid;
pub mod landmarks;
mod linear;
pub mod mersenne;
pub mod picture;
pub mod pose;
pub mod prepare;
pub mod protocol;
mod resample;
pub mod seed_2018;
pub mod synthetic;
pub mod template;
pub mod text;
pub mod transform;
pub mod warp;

pub use bundled::bundled_portrait;
pub use domain::Domain;
pub use error::{Error, Result};
pub use picture::Picture;
