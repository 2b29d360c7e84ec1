//! The segments of a JPEG file (ITU-T T.81, annex B): what is read here is what libjpeg reads, wherever it lies.

use std::ops::Range;

use image::metadata::Orientation;

use super::scans::Scans;
use crate::picture::metadata::{ProfileBytes, orientation_of_exif};

/// What a frame header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::picture) struct Frame {
    /// The marker's second byte, 0xC0 to 0xCF: how the picture is coded.
    pub(in crate::picture) kind: u8,
    /// Bits of a sample.
    pub(in crate::picture) precision: u8,
    /// Height in pixels.
    pub(in crate::picture) height: u16,
    /// Width in pixels.
    pub(in crate::picture) width: u16,
    /// The ids of the components.
    pub(in crate::picture) components: Vec<u8>,
    /// Width and height in pixels of a unit of blocks (MCU), if all components are coded together.
    pub(super) unit: (usize, usize),
}

impl Frame {
    fn parse(kind: u8, data: &[u8]) -> Option<Self> {
        let &[precision, height_high, height_low, width_high, width_low, count] = data.first_chunk()?;
        let list = data.get(6..6 + 3 * usize::from(count))?;
        let components = list.iter().step_by(3).copied().collect();
        let largest =
            |shift: u8| 8 * list.iter().skip(1).step_by(3).map(|factors| factors >> shift & 15).max().unwrap_or(1);
        let unit = (usize::from(largest(4)), usize::from(largest(0)));
        let (height, width) =
            (u16::from_be_bytes([height_high, height_low]), u16::from_be_bytes([width_high, width_low]));
        Some(Self { kind, precision, height, width, components, unit })
    }

    /// Why this kind of JPEG cannot be decoded; `None` if it can.
    pub(in crate::picture) fn unsupported(&self) -> Option<String> {
        let coding = match self.kind {
            0xC0..=0xC2 => None,
            0xC3 => Some("lossless coding"),
            0xC5..=0xC7 => Some("hierarchical coding"),
            0xCB | 0xCF => Some("lossless arithmetic coding"),
            _ => Some("arithmetic coding"),
        };
        match (coding, self.precision) {
            (Some(coding), _) => Some(coding.to_owned()),
            (None, 8) => None,
            (None, bits) => Some(format!("{bits} bits a sample")),
        }
    }
}

/// Everything before and around the picture data.
#[derive(Debug, Default)]
pub(in crate::picture) struct Segments {
    /// The frame header.
    pub(in crate::picture) frame: Option<Frame>,
    /// The colour transform in Adobe's marker.
    pub(super) adobe_transform: Option<u8>,
    /// JFIF's marker is there.
    pub(super) jfif: bool,
    /// What the decoder needs from before the first scan; other segments only confuse it.
    pub(super) needed: Vec<Range<usize>>,
    /// Where the first scan's marker is.
    pub(super) first_scan: usize,
    /// Where the last scan's data ends.
    pub(super) data_end: usize,
    /// What the scans bring.
    pub(super) scans: Scans,
    /// The end marker is there.
    pub(super) ended: bool,
    /// Bytes that belong to no segment were found between two of them.
    pub(super) stray_bytes: bool,
    exif: Option<Range<usize>>,
    profile: Vec<(u8, u8, Range<usize>)>,
}

impl Segments {
    /// Reads the segments before the first scan.
    ///
    /// # Errors
    /// What is wrong, in words: it ends before the picture data, or a segment has no length.
    pub(in crate::picture) fn before_scan(bytes: &[u8]) -> Result<Self, &'static str> {
        let mut segments = Self::default();
        let mut at = 2; // after the start marker, which the format guess has seen
        loop {
            let (marker, behind) = segments.next_marker(bytes, at).ok_or("it ends before the picture data")?;
            at = behind;
            match marker {
                0xD9 => return Err("it ends before the picture data"),
                0x01 | 0xD0..=0xD8 => continue,
                _ => {}
            }
            let data = segment(bytes, at)?;
            if marker == 0xDA {
                segments.first_scan = at - 2;
                return Ok(segments);
            }
            at = data.end;
            segments.take(marker, bytes, data);
        }
    }

    /// Reads all segments to the end marker, or as far as the file goes.
    ///
    /// # Errors
    /// As [`Segments::before_scan`].
    pub(in crate::picture) fn read(bytes: &[u8]) -> Result<Self, &'static str> {
        let mut segments = Self::before_scan(bytes)?;
        segments.follow_scans(bytes);
        Ok(segments)
    }

    fn follow_scans(&mut self, bytes: &[u8]) {
        let mut at = self.first_scan;
        // Those before the first scan are not shown to the decoder.
        self.stray_bytes = false;
        self.data_end = bytes.len();
        while let Some((marker, behind)) = self.next_marker(bytes, at) {
            at = behind;
            match marker {
                0xD9 => {
                    self.ended = true;
                    return;
                }
                0x01 | 0xD0..=0xD8 => continue,
                _ => {}
            }
            let Ok(data) = segment(bytes, at) else { return };
            at = data.end;
            if marker == 0xDA {
                self.scans.add(&bytes[data]);
                at = end_of_scan(bytes, at);
                self.data_end = at;
            }
        }
    }

    /// The next marker and where what follows it starts.
    fn next_marker(&mut self, bytes: &[u8], start: usize) -> Option<(u8, usize)> {
        let mut at = start;
        loop {
            at += bytes.get(at..)?.iter().position(|&byte| byte == 0xFF)?;
            self.stray_bytes |= at != start;
            at += bytes[at..].iter().position(|&byte| byte != 0xFF)?;
            match bytes[at] {
                0x00 => self.stray_bytes = true,
                marker => return Some((marker, at + 1)),
            }
        }
    }

    /// A segment of the header.
    fn take(&mut self, marker: u8, bytes: &[u8], place: Range<usize>) {
        let data = &bytes[place.clone()];
        match marker {
            0xC4 | 0xCC | 0xDB | 0xDD => self.needed.push(place.start - 4..place.end),
            0xC0..=0xCF => {
                self.frame = self.frame.take().or_else(|| Frame::parse(marker, data));
                self.needed.push(place.start - 4..place.end);
            }
            0xE0 => {
                self.jfif |= data.starts_with(b"JFIF\0");
                // Motion JPEG leaves its Huffman tables out; the decoder knows it by this segment.
                if data.starts_with(b"AVI1\0") {
                    self.needed.push(place.start - 4..place.end);
                }
            }
            // Several programs write several; EXIF may come behind XMP, or without its prefix.
            0xE1 if self.exif.is_none() && is_exif(data) => self.exif = Some(place),
            0xE2 => {
                if let Some([number, count, _, ..]) = data.strip_prefix(b"ICC_PROFILE\0") {
                    self.profile.push((*number, *count, place.start + 14..place.end));
                }
            }
            // As libjpeg: twelve bytes at least, the last is the transform.
            0xEE if data.starts_with(b"Adobe") && data.len() >= 12 => self.adobe_transform = Some(data[11]),
            _ => {}
        }
    }

    /// The orientation in the EXIF segment; upright where there is none.
    pub(in crate::picture) fn orientation(&self, bytes: &[u8]) -> Orientation {
        self.exif.clone().map_or(Orientation::NoTransforms, |place| orientation_of_exif(&bytes[place]))
    }

    /// The ICC profile, put together from its numbered parts in any order.
    pub(super) fn profile(&self, bytes: &[u8]) -> ProfileBytes {
        let Some(&(_, count, _)) = self.profile.first() else { return ProfileBytes::None };
        let mut parts = self.profile.clone();
        parts.sort_by_key(|(number, ..)| *number);
        parts.dedup_by_key(|(number, ..)| *number);
        let whole = parts.len() == usize::from(count)
            && parts.iter().zip(1..).all(|((number, of, _), place)| *number == place && *of == count);
        if !whole {
            return ProfileBytes::Unusable(format!("it has {} of {count} parts", parts.len()));
        }
        let profile: Vec<u8> = parts.into_iter().flat_map(|(.., place)| bytes[place].iter().copied()).collect();
        ProfileBytes::plain(&profile)
    }
}

fn is_exif(data: &[u8]) -> bool {
    data.starts_with(b"Exif\0\0") || data.starts_with(b"II*\0") || data.starts_with(b"MM\0*")
}

/// Where the data of a segment lies whose length field is at `at`.
fn segment(bytes: &[u8], at: usize) -> Result<Range<usize>, &'static str> {
    let pair = bytes.get(at..).and_then(|rest| rest.first_chunk()).ok_or("it ends inside a segment")?;
    let length = usize::from(u16::from_be_bytes(*pair));
    match length {
        0 | 1 => Err("a segment is shorter than its own length field"),
        _ if at + length > bytes.len() => Err("it ends inside a segment"),
        _ => Ok(at + 2..at + length),
    }
}

/// Where entropy-coded data ends: the next 0xFF that is neither a stuffed byte nor a restart marker, or the end of the file.
fn end_of_scan(bytes: &[u8], mut at: usize) -> usize {
    while let Some(found) = bytes[at..].iter().position(|&byte| byte == 0xFF) {
        at += found;
        match bytes.get(at + 1) {
            None => return at,
            Some(0x00 | 0xD0..=0xD7) => at += 2,
            Some(0xFF) => at += 1,
            Some(_) => return at,
        }
    }
    bytes.len()
}
