//! WebP: the chunks of its RIFF container.

use super::ifd::orientation_of_exif;
use super::model::{Frames, Metadata};
use super::profile::ProfileBytes;

/// Orientation, profile and number of frames; the first chunk of a kind counts.
pub(super) fn metadata(bytes: &[u8]) -> Metadata {
    let mut metadata = Metadata::default();
    let mut frames = 0;
    let mut exif_seen = false;
    for (kind, data) in chunks(bytes) {
        match kind {
            b"ANMF" => frames += 1,
            b"ICCP" if metadata.profile == ProfileBytes::None => metadata.profile = ProfileBytes::plain(data),
            b"EXIF" if !exif_seen => {
                metadata.orientation = orientation_of_exif(data);
                exif_seen = true;
            }
            _ => {}
        }
    }
    metadata.frames = Frames { count: frames.max(1), what: "frames" };
    metadata
}

/// Every whole chunk behind the header `RIFF size WEBP`.
fn chunks(bytes: &[u8]) -> impl Iterator<Item = (&[u8; 4], &[u8])> {
    let mut rest = bytes.get(12..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (kind, behind) = rest.split_first_chunk::<4>()?;
        let (length, behind) = behind.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let data = behind.get(..length)?;
        // Chunks start at even places.
        rest = behind.get(length + length % 2..).unwrap_or_default();
        Some((kind, data))
    })
}
