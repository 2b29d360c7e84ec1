//! What is measured of translated pictures, one by one and in pairs: mathematics over pixels, features, points and scores; no
//! tensors, no networks.
//!
//! - [`perceptual_distance`]: how different two pictures look to a network (the form of LPIPS); between styles it is diversity
//! - [`ms_ssim`]: how alike two pictures are in structure
//! - [`Checkerboard`]: what upsampling leaves behind
//! - [`colourfulness()`]: how colourful a picture is to people
//! - [`nearest_rows`]: which picture of the training is nearest, and how near
//! - [`Displacement`]: how far a face is from the mean face
//! - [`identity_kept`]: whether the person is still recognised
//! - [`mean_estimate`]: means with their intervals

mod checkerboard;
mod colourfulness;
mod diversity;
mod estimate;
mod exaggeration;
mod identity;
mod nearest;
mod plane;
mod structural_similarity;

pub use checkerboard::Checkerboard;
pub use colourfulness::colourfulness;
pub use diversity::{LayerFeatures, perceptual_distance};
pub use estimate::{MeanEstimate, mean_estimate, mean_estimate_of_people};
pub use exaggeration::{Displacement, growth};
pub use identity::{IdentityKept, IdentityScores, identity_kept};
pub use nearest::{Neighbour, nearest_rows};
pub use plane::Plane;
pub use structural_similarity::{StructuralSimilarity, ms_ssim};
