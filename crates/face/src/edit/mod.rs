//! Operations on whole pictures: resize, crop, mirror, warp, contact sheets.

mod crop;
mod grid;
mod resize;
mod warp;

pub use crop::{CropPlace, CropTransform, center_crop, crop, flip, to_grey};
pub use grid::grid;
pub use resize::{resize, resize_shorter_side, shorter_side_size};
pub use warp::{Border, warp, warp_as_opencv};

pub(crate) use resize::resample;
pub(crate) use warp::bilinear;
