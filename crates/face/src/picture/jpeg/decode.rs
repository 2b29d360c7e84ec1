//! Strict JPEG decoding: a cut-off file is an error, never a half-grey picture.
//!
//! The `image` crate decodes JPEG leniently and fills what is missing with grey. Here the segments are read first: the end
//! marker must be there, outside any segment, so that the end of an embedded thumbnail does not count; without it, every block
//! must be. A picture with lost data but a whole end (a hole in the middle) is decoded as far as the decoder's strict mode lets
//! it, as with other programs.

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;

use super::cmyk;
use super::colours::Components;
use super::missing_end::{self, Endless};
use super::segments::{Frame, Segments};
use crate::error::{Error, Result};
use crate::picture::limits::{check_header, zero_size};
use crate::picture::metadata::{Frames, Metadata, ProfileBytes};
use crate::picture::profile::Profile;
use crate::picture::raw::{Raw, RawPixels};
use crate::picture::warning::PictureWarning;

const FORMAT: &str = "JPEG";

/// Decodes a JPEG as it is stored: grey, colours, or inks where there is a profile of them.
pub(in crate::picture) fn decode(name: &str, bytes: &[u8]) -> Result<Raw> {
    let damaged = |detail: &str| damaged(name, detail.to_owned());
    let segments = Segments::read(bytes).map_err(damaged)?;
    let frame = segments.frame.clone().ok_or_else(|| damaged("no frame header"))?;
    if let Some(detail) = frame.unsupported() {
        return Err(unsupported(name, detail));
    }
    if frame.width == 0 || frame.height == 0 {
        return Err(zero_size(name, FORMAT));
    }
    check_header(name, u64::from(frame.width), u64::from(frame.height))?;
    let profile = segments.profile(bytes);
    let components = Components::of(&segments, &frame);
    let with_profile = matches!(&profile, ProfileBytes::Found(profile) if Profile::is_for_inks(profile));
    let job = Job { name, segments: &segments, frame: &frame, components, inks: with_profile };
    let mut warnings = Vec::new();
    let samples = if segments.ended {
        job.decode(bytes)?
    } else {
        let cut = "it ends before the end marker, and not all of the picture is there";
        let endless = missing_end::decode(bytes, &segments, &frame, |bytes| job.decode(bytes).ok());
        let Endless { samples, last_unit_cut } = endless.ok_or_else(|| damaged(cut))?;
        warnings.push(PictureWarning::EndMissing { last_block_cut: last_unit_cut });
        samples
    };
    let pixels = job.pixels(samples).ok_or_else(|| damaged("fewer pixels than the header says"))?;
    let metadata = Metadata { orientation: segments.orientation(bytes), profile, frames: Frames::default() };
    Ok(Raw { pixels, metadata, warnings })
}

/// What is to be decoded, and into what.
struct Job<'a> {
    name: &'a str,
    segments: &'a Segments,
    frame: &'a Frame,
    components: Components,
    /// Inks stay inks.
    inks: bool,
}

impl Job<'_> {
    /// Decodes a file with an end marker to samples: one a pixel for grey, else three colours, or four inks.
    fn decode(&self, bytes: &[u8]) -> Result<Vec<u8>> {
        let inks = self.inks && matches!(self.components, Components::Cmyk | Components::Ycck);
        let bytes = self.prepared(bytes, self.components == Components::Ycck && !inks);
        let options = DecoderOptions::default()
            // Stray bytes between segments are harmless and common, but the decoder's strict mode refuses them.
            .set_strict_mode(!self.segments.stray_bytes)
            // JPEG sides end at 65535; the check before says more than the decoder's own.
            .set_max_width(usize::MAX)
            .set_max_height(usize::MAX);
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(&bytes), options);
        let translate = |error| translate(self.name, error);
        decoder.decode_headers().map_err(translate)?;
        let stored = decoder.input_colorspace().unwrap_or(ColorSpace::YCbCr);
        // Asked for what is stored, the decoder converts nothing.
        let wanted = match self.components {
            Components::Grey => ColorSpace::Luma,
            Components::Rgb => stored,
            Components::YCbCr => ColorSpace::RGB,
            Components::Cmyk | Components::Ycck if inks => ColorSpace::CMYK,
            Components::Cmyk | Components::Ycck => ColorSpace::RGB,
            Components::Unknown(count) => return Err(unsupported(self.name, format!("{count} components"))),
        };
        decoder.set_options(options.jpeg_set_out_colorspace(wanted));
        let mut samples = decoder.decode().map_err(translate)?;
        if self.components == Components::YCbCr && stored == ColorSpace::RGB {
            cmyk::ycbcr_to_rgb(&mut samples, 3);
        }
        if inks {
            cmyk::inks(&mut samples, self.components == Components::Ycck);
        }
        Ok(samples)
    }

    /// The file with only those segments before the first scan that the decoder needs: its own reading of the others differs
    /// from libjpeg's. A marker says what was decided about inks.
    fn prepared(&self, bytes: &[u8], ycck: bool) -> Vec<u8> {
        let mut prepared = Vec::with_capacity(bytes.len() + 18);
        prepared.extend_from_slice(&[0xFF, 0xD8]);
        if ycck {
            prepared.extend_from_slice(b"\xFF\xEE\x00\x0EAdobe\x00\x64\x00\x00\x00\x00\x02");
        }
        for place in &self.segments.needed {
            prepared.extend_from_slice(&bytes[place.clone()]);
        }
        prepared.extend_from_slice(&bytes[self.segments.first_scan..]);
        prepared
    }

    fn pixels(&self, samples: Vec<u8>) -> Option<RawPixels> {
        let (width, height) = (u32::from(self.frame.width), u32::from(self.frame.height));
        if samples.len() == 4 * width as usize * height as usize {
            return Some(RawPixels::Inks { width, height, samples });
        }
        let picture = if self.components == Components::Grey {
            image::GrayImage::from_raw(width, height, samples).map(Into::into)
        } else {
            image::RgbImage::from_raw(width, height, samples).map(Into::into)
        };
        picture.map(RawPixels::Picture)
    }
}

fn unsupported(name: &str, detail: String) -> Error {
    Error::Unsupported { name: name.to_owned(), format: FORMAT, detail }
}

fn damaged(name: &str, detail: String) -> Error {
    Error::Damaged { name: name.to_owned(), format: FORMAT, detail }
}

fn translate(name: &str, error: DecodeErrors) -> Error {
    match error {
        DecodeErrors::Unsupported(scheme) => unsupported(name, format!("{scheme:?}")),
        DecodeErrors::ZeroError => zero_size(name, FORMAT),
        other => damaged(name, other.to_string()),
    }
}
