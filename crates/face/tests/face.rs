//! One binary for all integration tests of `portraitist-face`.
#![expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]

#[path = "face/decoding.rs"]
mod decoding;
#[path = "face/drawing.rs"]
mod drawing;
#[path = "face/golden.rs"]
mod golden;
#[path = "face/golden_data.rs"]
mod golden_data;
#[path = "face/inks.rs"]
mod inks;
#[path = "face/odd_files.rs"]
mod odd_files;
#[path = "face/odd_pictures.rs"]
mod odd_pictures;
#[path = "face/preparing.rs"]
mod preparing;
#[path = "face/properties.rs"]
mod properties;
#[path = "face/rendered.rs"]
mod rendered;
#[path = "face/synthetic.rs"]
mod synthetic;
#[path = "face/synthetic_dataset.rs"]
mod synthetic_dataset;
#[path = "face/writing.rs"]
mod writing;
