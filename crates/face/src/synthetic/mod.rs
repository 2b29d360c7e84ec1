//! Synthetic people: photos and drawings with exact landmarks, without any asset.

mod artist;
mod background;
mod cloth;
mod contours;
mod dataset;
mod develop;
mod expression;
mod eye;
mod features;
mod hair;
mod identity;
mod ink;
mod layers;
mod light;
mod measures;
mod mesh;
mod model;
mod names;
mod paint;
mod photo;
mod points;
mod protocols;
mod raster;
mod shot;
mod sketch;
mod skin;
mod surface;
mod traits;
mod vector;

use std::ops::RangeInclusive;

use crate::error::{Error, Result};

pub use artist::{ARTIST_COUNT, Artist, Technique};
pub use dataset::{
    DatasetPlan, DatasetSummary, MAX_IDENTITIES, MAX_PICTURES, MAX_PICTURES_EACH, dataset_seed, origin_seed,
    write_dataset,
};
pub use expression::Expression;
pub use identity::{Beard, Complexion, Glasses, Hair, HairStyle, Identity};
pub use photo::{Portrait, photograph};
pub use points::Points;
pub use shot::{Framing, Lens, Light, Shot};
pub use sketch::{Sketch, draw_caricature};
pub use traits::{Shape, TRAIT_COUNT, TRAIT_NAMES, Trait};

/// Sides of pictures that are made, in pixels.
pub const SIDES: RangeInclusive<usize> = 64..=1024;

pub(crate) fn check_side(side_px: usize) -> Result<()> {
    if SIDES.contains(&side_px) {
        return Ok(());
    }
    Err(Error::OutOfRange {
        what: "side of a synthetic picture",
        expected: "64 to 1024 pixels",
        found: side_px.to_string(),
    })
}
