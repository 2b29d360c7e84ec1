//! What a picture is, without decoding its pixels.

use std::path::Path;

use image::metadata::Orientation;
use image::{ImageDecoder, ImageFormat};

use super::decode::{decoder, read_file};
use super::format::{format_label, recognise};
use super::jpeg::Segments;
use super::metadata;
use crate::error::{Error, Result};

/// Size and kind of a picture file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Width in pixels of the upright picture.
    pub width: usize,
    /// Height in pixels of the upright picture.
    pub height: usize,
    /// One channel only, besides transparency.
    pub grey: bool,
}

impl Header {
    /// Reads a picture's header.
    ///
    /// # Errors
    /// As [`super::Decoded::open`], but for damage behind the header.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let name = path.display().to_string();
        Self::parse(&name, &read_file(path)?)
    }

    /// Reads the header of a picture's bytes; `name` appears in errors.
    ///
    /// # Errors
    /// As [`Header::read`].
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self> {
        if bytes.is_empty() {
            return Err(Error::EmptyFile { name: name.to_owned() });
        }
        let format = recognise(bytes).map_err(|found| Error::NotAPicture { name: name.to_owned(), found })?;
        let damaged = |detail: String| Error::Damaged { name: name.to_owned(), format: format_label(format), detail };
        let (stored, orientation) = match format {
            ImageFormat::Jpeg => jpeg(bytes).map_err(|detail| damaged(detail.to_owned()))?,
            _ => other(bytes, format).map_err(|error| damaged(error.to_string()))?,
        };
        let Self { width, height, grey } = stored;
        Ok(if swaps_sides(orientation) { Self { width: height, height: width, grey } } else { stored })
    }
}

/// Whether width and height change places when the picture is put upright.
fn swaps_sides(orientation: Orientation) -> bool {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(orientation, Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH)
}

fn jpeg(bytes: &[u8]) -> std::result::Result<(Header, Orientation), &'static str> {
    let segments = Segments::before_scan(bytes)?;
    let frame = segments.frame.as_ref().ok_or("no frame header")?;
    let (width, height) = (frame.width.into(), frame.height.into());
    Ok((Header { width, height, grey: frame.components.len() == 1 }, segments.orientation(bytes)))
}

fn other(bytes: &[u8], format: ImageFormat) -> image::ImageResult<(Header, Orientation)> {
    let decoder = decoder(bytes, format)?;
    let (width, height) = decoder.dimensions();
    let header = Header { width: width as usize, height: height as usize, grey: !decoder.color_type().has_color() };
    Ok((header, metadata::read(format, bytes).orientation))
}
