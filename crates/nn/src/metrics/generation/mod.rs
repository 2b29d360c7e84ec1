//! How near generated pictures are to real ones: mathematics over rows of features, in `f64`; no tensors, no pictures.
//!
//! [`Moments`] are mean and covariance as they grow; [`frechet_distance`] compares two of them. [`kernel_distance()`],
//! [`neighbour_measures`] and [`extrapolate`] need the rows. [`compare()`] makes one [`Comparison`] of everything. Statistics and
//! rows lie in `.npz` and `.npy` files ([`read_features`], [`Statistics::write`]).

mod compare;
mod error;
mod extrapolation;
mod factor;
mod files;
mod frechet;
mod intervals;
mod kernel_distance;
mod moments;
mod neighbours;
mod products;
mod rows;

pub use compare::{Comparison, ComparisonSettings, Estimate, compare, compare_statistics};
pub use error::FeatureError;
pub use extrapolation::{Extrapolation, extrapolate};
pub use files::{FeatureFile, read_features, read_statistics, write_rows};
pub use frechet::{FrechetDistance, distance_of_sets, frechet_distance, frechet_distance_of_rows};
pub use kernel_distance::{KernelDistance, SubsetSettings, kernel_distance};
pub use moments::{Moments, Statistics};
pub use neighbours::{NeighbourMeasures, OneNearestNeighbour, neighbour_measures};
pub use rows::FeatureRows;
