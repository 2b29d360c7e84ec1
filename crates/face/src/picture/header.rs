//! What a picture is, without decoding its pixels.

use std::io::Cursor;
use std::path::Path;

use image::metadata::Orientation;
use image::{ImageDecoder, ImageFormat, ImageReader};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::colour;
use super::decode::read_file;
use super::format::{describe_content, format_label};
use super::orientation;
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
    /// As [`super::Picture::open`], but for damage behind the header.
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
        let format = image::guess_format(bytes)
            .map_err(|_| Error::NotAPicture { name: name.to_owned(), found: describe_content(bytes) })?;
        let damaged = |detail: String| Error::Damaged { name: name.to_owned(), format: format_label(format), detail };
        let (width, height, grey, orientation) = match format {
            ImageFormat::Jpeg => jpeg(bytes).map_err(damaged)?,
            _ => other(bytes, format).map_err(|error| damaged(error.to_string()))?,
        };
        let (width, height) = if orientation::swaps_sides(orientation) { (height, width) } else { (width, height) };
        Ok(Self { width, height, grey })
    }
}

fn jpeg(bytes: &[u8]) -> std::result::Result<(usize, usize, bool, Orientation), String> {
    let options = DecoderOptions::default().set_max_width(usize::MAX).set_max_height(usize::MAX);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|error| error.to_string())?;
    let (width, height) = decoder.dimensions().ok_or("no frame header")?;
    let orientation = orientation::of_exif(decoder.exif().map(Vec::as_slice));
    let grey = decoder.input_colorspace() == Some(ColorSpace::Luma);
    Ok((width, height, grey, orientation))
}

fn other(bytes: &[u8], format: ImageFormat) -> image::ImageResult<(usize, usize, bool, Orientation)> {
    let mut decoder = ImageReader::with_format(Cursor::new(bytes), format).into_decoder()?;
    let (width, height) = decoder.dimensions();
    let grey = colour::is_grey(decoder.color_type());
    let orientation = orientation::of_decoder(&mut decoder);
    Ok((width as usize, height as usize, grey, orientation))
}
