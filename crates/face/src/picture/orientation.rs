//! Which way up a picture is: the one reader of EXIF orientations.

use image::ImageDecoder;
use image::metadata::Orientation;

/// The orientation that an EXIF block tells; upright where it tells none.
pub(super) fn of_exif(exif: Option<&[u8]>) -> Orientation {
    exif.and_then(Orientation::from_exif_chunk).unwrap_or(Orientation::NoTransforms)
}

/// The orientation that a decoder tells; upright where it tells none.
pub(super) fn of_decoder(decoder: &mut impl ImageDecoder) -> Orientation {
    decoder.orientation().unwrap_or(Orientation::NoTransforms)
}

/// Whether width and height change places when the picture is put upright.
pub(super) fn swaps_sides(orientation: Orientation) -> bool {
    matches!(
        orientation,
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
    )
}
