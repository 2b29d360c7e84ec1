//! A picture as its file stores it: between decoding and [`super::Picture`].

use image::DynamicImage;

use super::metadata::Metadata;
use super::warning::PictureWarning;

/// Stored pixels.
#[derive(Debug)]
pub(super) enum RawPixels {
    /// Grey or colours, with or without transparency.
    Picture(DynamicImage),
    /// Cyan, magenta, yellow and black, 0 none to 255 full, `[height, width, 4]`.
    Inks {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// The samples.
        samples: Vec<u8>,
    },
}

/// A decoded file.
#[derive(Debug)]
pub(super) struct Raw {
    /// Not yet upright, in the file's colours.
    pub(super) pixels: RawPixels,
    /// What the file says beside them.
    pub(super) metadata: Metadata,
    /// What came up while decoding.
    pub(super) warnings: Vec<PictureWarning>,
}
