//! Pictures, geometry, face detection, alignment and drawing for Portraitist; no tensors, no async, no printing.
//!
//! - [`picture`]: decoding and writing pictures; [`files`]: writing files whole or not at all, under names of their own
//! - [`edit`]: resizing, cropping, warping, contact sheets
//! - [`landmarks`], [`transform`], [`template`]: the points of a face, similarity transforms, and the frames that faces are aligned to
//! - [`detect`], [`align`], [`pipeline`]: from a photo to the crop of its face, and a translated crop back into its photo
//! - [`pose`], [`filter`]: where a face looks, whether it is fit for training
//! - [`dataset`], [`protocol`], [`check`], [`prepare`]: datasets of faces, their evaluation protocols, what is wrong with them, and
//!   the way to training data
//! - [`drawing`]: drawings without learning, for training data and as a baseline
//! - [`shape`]: how faces differ from the mean face, and pictures in which that has grown
//! - [`synthetic`]: people who do not exist, in photos and drawings with exact landmarks, and datasets of them
//! - [`original_2018`]: what the original did otherwise, mistakes included, for comparison only

pub mod align;
mod bundled;
pub mod check;
pub mod dataset;
pub mod detect;
mod domain;
pub mod drawing;
pub mod edit;
pub mod error;
pub mod files;
pub mod filter;
pub mod landmarks;
pub mod lock;
pub mod mersenne;
pub mod original_2018;
pub mod picture;
pub mod pipeline;
pub mod pose;
pub mod prepare;
pub mod protocol;
pub mod shape;
mod special_file;
pub mod synthetic;
pub mod template;
pub mod text;
pub mod transform;

pub use bundled::bundled_portrait;
pub use domain::Domain;
pub use error::{Error, Result};
pub use picture::{Decoded, Picture};
