//! How good a recogniser is, and how near generated pictures are to real ones: pure mathematics over scores, ranks and features;
//! no tensors, no pictures.
//!
//! - [`verification`]: do two pictures show the same person?
//! - [`identification`]: at which place of a gallery is a person found?
//! - [`generation`]: how near are generated pictures to real ones?
//! - [`translation`]: what do translated pictures keep, how varied are they, what shows in them?
//! - [`bootstrap`]: what the confidence intervals have in common

pub mod bootstrap;
mod error;
pub mod generation;
pub mod identification;
mod summary;
pub mod translation;
pub mod verification;

pub use error::MetricsError;
pub use summary::Summary;
