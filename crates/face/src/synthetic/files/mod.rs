//! Datasets of synthetic people in WebCaricature's layout.

pub(super) mod dataset;
mod earlier;
pub(super) mod names;
pub(super) mod protocols;
mod unfinished;

pub use dataset::{
    DatasetPlan, DatasetSummary, MAX_IDENTITIES, MAX_PICTURES, MAX_PICTURES_EACH, dataset_seed, origin_seed,
    write_dataset,
};
pub use unfinished::unfinished_folder;
