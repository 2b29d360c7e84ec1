//! PNG: its chunks.

use std::borrow::Cow;
use std::ops::Range;

use super::ifd::orientation_of_exif;
use super::model::{Frames, Metadata};
use super::profile::{ProfileBytes, inflate};

/// Largest EXIF block in a text chunk, as hexadecimal digits in bytes.
const MAX_TEXT_BYTES: usize = 1024 * 1024;

struct Chunk<'a> {
    kind: &'a [u8; 4],
    data: &'a [u8],
    /// The whole chunk, from its length to its checksum.
    place: Range<usize>,
}

/// Every whole chunk behind the signature.
fn chunks(bytes: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    let mut at = 8;
    std::iter::from_fn(move || {
        let rest = bytes.get(at..)?;
        let (length, behind) = rest.split_first_chunk::<4>()?;
        let (kind, behind) = behind.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let data = behind.get(..length)?;
        let place = at..at + length + 12;
        at = place.end;
        Some(Chunk { kind, data, place })
    })
}

/// Orientation, profile and number of frames.
pub(super) fn metadata(bytes: &[u8]) -> Metadata {
    let mut metadata = Metadata::default();
    let mut exif: Option<Cow<'_, [u8]>> = None;
    let mut text_exif = None;
    let (mut animated, mut frames, mut still) = (false, 0, false);
    for Chunk { kind, data, .. } in chunks(bytes) {
        match kind {
            b"iCCP" if metadata.profile == ProfileBytes::None => metadata.profile = profile(data),
            b"eXIf" if exif.is_none() => exif = Some(Cow::Borrowed(data)),
            b"zTXt" | b"tEXt" if text_exif.is_none() => text_exif = exif_of_text(data, kind == b"zTXt"),
            b"acTL" => animated = true,
            b"fcTL" => frames += 1,
            // The picture that other programs show; without a control of its own it is no frame of the animation.
            b"IDAT" => still |= frames == 0,
            _ => {}
        }
    }
    if let Some(exif) = exif.or(text_exif.map(Cow::Owned)) {
        metadata.orientation = orientation_of_exif(&exif);
    }
    if animated {
        metadata.frames = Frames { count: (frames + usize::from(still)).max(1), what: "frames" };
    }
    metadata
}

/// A name, a zero, the method 0, then the compressed profile.
fn profile(data: &[u8]) -> ProfileBytes {
    match data.iter().position(|&byte| byte == 0).and_then(|end| data.get(end + 1..)) {
        Some([0, compressed @ ..]) => ProfileBytes::compressed(compressed),
        _ => ProfileBytes::Unusable("its chunk is damaged".to_owned()),
    }
}

/// EXIF as ImageMagick and others wrote it before PNG had a chunk for it: `Raw profile type exif`, then a name, a length and
/// hexadecimal digits on lines of their own.
fn exif_of_text(data: &[u8], compressed: bool) -> Option<Vec<u8>> {
    let keyword = data.iter().position(|&byte| byte == 0)?;
    if !matches!(&data[..keyword], b"Raw profile type exif" | b"Raw profile type APP1") {
        return None;
    }
    let behind = data.get(keyword + 1..)?;
    let text =
        if compressed { Cow::Owned(inflate(behind.get(1..)?, MAX_TEXT_BYTES).ok()?) } else { Cow::Borrowed(behind) };
    let lines: Vec<&[u8]> = text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).collect();
    let digits: Vec<u8> = lines.get(2..)?.concat().iter().filter_map(|&byte| hex_digit(byte)).collect();
    Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

/// The file without the chunks that the decoder would unpack whole whatever their size (profile and texts), none of which it needs.
pub(in crate::picture) fn without_bulk(bytes: &[u8]) -> Cow<'_, [u8]> {
    let bulk = |chunk: &Chunk<'_>| matches!(chunk.kind, b"iCCP" | b"zTXt" | b"iTXt" | b"tEXt");
    let places: Vec<Range<usize>> = chunks(bytes).filter(bulk).map(|chunk| chunk.place).collect();
    if places.is_empty() {
        return Cow::Borrowed(bytes);
    }
    let mut kept = Vec::with_capacity(bytes.len());
    let mut from = 0;
    for place in places {
        kept.extend_from_slice(&bytes[from..place.start]);
        from = place.end.min(bytes.len());
    }
    kept.extend_from_slice(&bytes[from..]);
    Cow::Owned(kept)
}
