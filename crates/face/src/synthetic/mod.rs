//! Synthetic people: photos and drawings with exact landmarks, without any asset.
//!
//! - `identity`: who someone is
//! - `shape`: the head as a surface, its measures and its landmarks
//! - `appearance`: skin, hair, eyes, clothes
//! - `photo`: a scene, its light, a camera
//! - `drawing`: the same people as an artist draws them
//! - `files`: whole datasets in WebCaricature's layout

mod appearance;
mod drawing;
mod files;
mod identity;
mod photo;
mod shape;
mod side;

pub use drawing::{ARTIST_COUNT, Artist, Sketch, Technique, draw_caricature};
pub use files::{
    DatasetPlan, DatasetSummary, MAX_IDENTITIES, MAX_PICTURES, MAX_PICTURES_EACH, dataset_seed, origin_seed,
    unfinished_folder, write_dataset,
};
pub use identity::{Beard, Complexion, Glasses, Hair, HairStyle, Identity};
pub use photo::{Framing, Lens, Light, Portrait, Shot, photograph};
pub use shape::{Expression, Points, Shape, TRAIT_COUNT, TRAIT_NAMES, Trait};
pub use side::SIDES;
