//! Metadata by format.

use image::ImageFormat;

use super::model::Metadata;
use super::{gif, ifd, png, webp};

/// What the bytes of a file say; what cannot be understood counts as not said. JPEG has its own reader of segments.
pub(in crate::picture) fn read(format: ImageFormat, bytes: &[u8]) -> Metadata {
    match format {
        ImageFormat::Png => png::metadata(bytes),
        ImageFormat::WebP => webp::metadata(bytes),
        ImageFormat::Tiff => ifd::metadata(bytes),
        ImageFormat::Gif => gif::metadata(bytes),
        _ => Metadata::default(),
    }
}
