//! Strict JPEG decoding: a cut-off file is an error, never a half-grey picture.
//!
//! The `image` crate decodes JPEG leniently and fills what is missing with grey. Here the markers are walked first (ITU-T T.81,
//! annex B): the end marker must be there, outside any segment, so that the end of an embedded thumbnail does not count. A picture with lost data but a whole end
//! (a hole in the middle) is decoded as far as the decoder's strict mode lets it, as with other programs.

use image::DynamicImage;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;

use super::limits::{check_header, zero_size};
use super::orientation;
use crate::error::{Error, Result};

const FORMAT: &str = "JPEG";

/// Decodes a JPEG to RGB (grey stays grey, CMYK and YCCK are converted), upright.
pub(super) fn decode(name: &str, bytes: &[u8]) -> Result<DynamicImage> {
    let markers = walk_markers(bytes).map_err(|detail| damaged(name, detail.to_owned()))?;
    let options = DecoderOptions::default()
        // Stray bytes between segments are harmless and common, but the decoder's strict mode refuses them.
        .set_strict_mode(!markers.stray_bytes)
        // JPEG sides end at 65535; the check below says more than the decoder's own.
        .set_max_width(usize::MAX)
        .set_max_height(usize::MAX);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|error| translate(name, error))?;
    let (width, height) = decoder.dimensions().ok_or_else(|| damaged(name, "no frame header".to_owned()))?;
    check_header(name, width as u64, height as u64)?;
    let grey = decoder.input_colorspace() == Some(ColorSpace::Luma);
    let target = if grey { ColorSpace::Luma } else { ColorSpace::RGB };
    decoder.set_options(options.jpeg_set_out_colorspace(target));
    let orientation = orientation::of_exif(decoder.exif().map(Vec::as_slice));
    let samples = decoder.decode().map_err(|error| translate(name, error))?;
    let mut picture = assemble(width as u32, height as u32, grey, samples)
        .ok_or_else(|| damaged(name, "fewer pixels than the header says".to_owned()))?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

fn assemble(width: u32, height: u32, grey: bool, samples: Vec<u8>) -> Option<DynamicImage> {
    if grey {
        image::GrayImage::from_raw(width, height, samples).map(DynamicImage::ImageLuma8)
    } else {
        image::RgbImage::from_raw(width, height, samples).map(DynamicImage::ImageRgb8)
    }
}

fn damaged(name: &str, detail: String) -> Error {
    Error::Damaged { name: name.to_owned(), format: FORMAT, detail }
}

fn translate(name: &str, error: DecodeErrors) -> Error {
    match error {
        DecodeErrors::Unsupported(scheme) => {
            Error::Unsupported { name: name.to_owned(), format: FORMAT, detail: format!("{scheme:?}") }
        }
        DecodeErrors::ZeroError => zero_size(name, FORMAT),
        other => damaged(name, other.to_string()),
    }
}

struct Markers {
    /// Bytes that belong to no segment were found between two segments.
    stray_bytes: bool,
}

/// Follows the segments from the start marker to the end marker.
fn walk_markers(bytes: &[u8]) -> std::result::Result<Markers, &'static str> {
    let mut markers = Markers { stray_bytes: false };
    let mut at = 2; // after the start marker, which the format guess has seen
    loop {
        let start = at;
        while *bytes.get(at).ok_or("it ends before the end marker")? != 0xFF {
            at += 1;
        }
        markers.stray_bytes |= at != start;
        while *bytes.get(at).ok_or("it ends before the end marker")? == 0xFF {
            at += 1;
        }
        let marker = bytes[at];
        at += 1;
        match marker {
            0xD9 => return Ok(markers),
            0x00 => markers.stray_bytes = true,
            0x01 | 0xD0..=0xD8 => {}
            _ => {
                let length = read_u16(bytes, at).ok_or("it ends inside a segment")?;
                if length < 2 {
                    return Err("a segment is shorter than its own length field");
                }
                at += length;
                if marker == 0xDA {
                    at = end_of_scan(bytes, at).ok_or("the picture data is cut off")?;
                }
            }
        }
    }
}

/// Skips entropy-coded data: up to the next 0xFF that is neither a stuffed byte nor a restart marker.
fn end_of_scan(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += bytes.get(at..)?.iter().position(|&byte| byte == 0xFF)?;
        match bytes.get(at + 1)? {
            0x00 | 0xD0..=0xD7 => at += 2,
            0xFF => at += 1,
            _ => return Some(at),
        }
    }
}

fn read_u16(bytes: &[u8], at: usize) -> Option<usize> {
    let pair = bytes.get(at..at + 2)?;
    Some(usize::from(pair[0]) << 8 | usize::from(pair[1]))
}
