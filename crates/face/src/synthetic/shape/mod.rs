//! The head as a surface: its traits and measures, its features, meshes and landmarks.

pub(super) mod expression;
pub(super) mod features;
pub(super) mod measures;
pub(super) mod mesh;
pub(super) mod model;
pub(super) mod points;
pub(super) mod surface;
pub(super) mod traits;
pub(super) mod vector;

pub use expression::Expression;
pub use points::Points;
pub use traits::{Shape, TRAIT_COUNT, TRAIT_NAMES, Trait};
