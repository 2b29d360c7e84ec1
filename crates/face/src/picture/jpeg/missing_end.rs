//! JPEG files without an end marker.
//!
//! Nothing in such a file says whether all of its data is there. What follows the data decides: if the picture is the same
//! whatever bits are put behind it, no block needed them, so every block was there.

use super::segments::{Frame, Segments};

/// Bits put behind the data: none, which is what other programs take for missing ones, and patterns whose codes differ from that.
const PATTERNS: [u8; 5] = [0x00, 0x55, 0xAA, 0x33, 0xCC];
/// So many that no reader ahead meets the end marker.
const PATTERN_BYTES: usize = 64;
/// How far smoothing of the colour differences carries a block beyond its edge, in pixels.
const SMOOTHING: usize = 2;

/// A picture without an end.
pub(super) struct Endless {
    /// Its samples.
    pub(super) samples: Vec<u8>,
    /// The very last unit of blocks lacks some bits.
    pub(super) last_unit_cut: bool,
}

/// Decodes a file without an end marker by `decode`, which is given the file with different ends; `None` unless every unit of
/// blocks is there. The last one, in the corner at the bottom right, may lack some of its bits.
pub(super) fn decode(
    bytes: &[u8],
    segments: &Segments,
    frame: &Frame,
    decode: impl Fn(&[u8]) -> Option<Vec<u8>>,
) -> Option<Endless> {
    if !segments.scans.complete(&frame.components) {
        return None;
    }
    let mut data = &bytes[..segments.data_end];
    // Half a marker is no data.
    while let Some(shorter) = data.strip_suffix(&[0xFF]) {
        data = shorter;
    }
    let mut whole = data.to_vec();
    let mut with = |pattern: u8| {
        whole.truncate(data.len());
        whole.extend_from_slice(&[pattern; PATTERN_BYTES]);
        whole.extend_from_slice(&[0xFF, 0xD9]);
        decode(&whole)
    };
    let [first, others @ ..] = PATTERNS;
    let samples = with(first)?;
    let (mut alike, mut last_unit_cut) = (0, false);
    for pattern in others {
        // Bits that give no code were needed.
        let Some(other) = with(pattern) else {
            last_unit_cut = true;
            continue;
        };
        if other != samples {
            last_unit_cut = true;
            differs_in_last_unit_only(&samples, &other, frame).then_some(())?;
        }
        alike += 1;
    }
    (alike >= 2).then_some(Endless { samples, last_unit_cut })
}

fn differs_in_last_unit_only(first: &[u8], second: &[u8], frame: &Frame) -> bool {
    let (width, height) = (usize::from(frame.width), usize::from(frame.height));
    let channels = first.len() / (width * height);
    let start = |side: usize, unit: usize| ((side - 1) / unit.max(1) * unit.max(1)).saturating_sub(SMOOTHING);
    let (left, top) = (start(width, frame.unit.0), start(height, frame.unit.1));
    let rows = first.chunks_exact(width * channels).zip(second.chunks_exact(width * channels));
    rows.enumerate().all(|(y, (first, second))| {
        let same = if y < top { width } else { left };
        first[..same * channels] == second[..same * channels]
    })
}
