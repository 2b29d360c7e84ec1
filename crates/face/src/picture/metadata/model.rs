//! What is known of a picture besides its pixels.

use image::metadata::Orientation;

use super::profile::ProfileBytes;

/// How many pictures a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::picture) struct Frames {
    /// At least 1.
    pub(in crate::picture) count: usize,
    /// What they are called, in the plural.
    pub(in crate::picture) what: &'static str,
}

impl Default for Frames {
    fn default() -> Self {
        Self { count: 1, what: "frames" }
    }
}

/// What a file says of its picture.
#[derive(Debug)]
pub(in crate::picture) struct Metadata {
    /// How the stored pixels are brought upright.
    pub(in crate::picture) orientation: Orientation,
    /// The ICC profile.
    pub(in crate::picture) profile: ProfileBytes,
    /// How many pictures there are.
    pub(in crate::picture) frames: Frames,
}

impl Default for Metadata {
    fn default() -> Self {
        Self { orientation: Orientation::NoTransforms, profile: ProfileBytes::None, frames: Frames::default() }
    }
}
