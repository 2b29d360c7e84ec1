//! How good a recogniser is: pure mathematics over scores and ranks; no tensors, no pictures.
//!
//! - [`verification`]: do two pictures show the same person?
//! - [`identification`]: at which place of a gallery is a person found?
//! - [`bootstrap`]: what the confidence intervals of both have in common

pub mod bootstrap;
mod error;
pub mod identification;
mod summary;
pub mod verification;

pub use error::MetricsError;
pub use summary::Summary;
