//! Operations on whole pictures: resize, crop, mirror, warp, contact sheets, and the planes that networks read.

mod crop;
mod grid;
mod planes;
mod resize;
mod warp;

pub use crop::{CropPlace, CropTransform, center_crop, crop, flip, to_grey};
pub use grid::grid;
pub use planes::{from_planes, to_planes, to_recognition_planes};
pub use resize::{resize, resize_shorter_side};
pub use warp::{Border, warp, warp_as_opencv};

pub(crate) use planes::merge_channels;
pub(crate) use resize::resample;
pub(crate) use warp::bilinear;
