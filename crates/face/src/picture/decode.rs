//! From files and bytes to [`Picture`]: the format is chosen by content, sizes are checked before pixels are decoded.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use super::colour::to_rgb8;
use super::format::{describe_content, format_label};
use super::jpeg;
use super::limits::{MAX_DECODER_BYTES, MAX_FILE_BYTES, check_header, file_too_large, zero_size};
use super::orientation;
use super::rgb::Picture;
use crate::error::{Error, Result};

impl Picture {
    /// Reads a picture file; see [`Picture::decode`].
    ///
    /// # Errors
    /// One that names the file: missing or unreadable, a folder, empty, too large, not a picture, damaged or cut off.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let name = path.display().to_string();
        Self::decode(&name, &read_file(path)?)
    }

    /// Decodes the bytes of a PNG, JPEG, WebP, BMP, TIFF, GIF (first frame) or PGM/PPM/PBM, chosen by content. `name` appears in
    /// errors.
    ///
    /// The EXIF orientation is applied. Grey is copied to three channels, palettes are expanded, transparency is dropped (the
    /// colours under it stay, as with Pillow's `convert("RGB")`), CMYK JPEGs are converted without a colour profile. 16-bit
    /// samples become 8-bit by rounding `v / 257`, floating-point ones by clamping to 0..=1 and rounding.
    ///
    /// # Errors
    /// See [`Picture::open`].
    pub fn decode(name: &str, bytes: &[u8]) -> Result<Self> {
        if bytes.is_empty() {
            return Err(Error::EmptyFile { name: name.to_owned() });
        }
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(file_too_large(name, bytes.len() as u64));
        }
        let format = image::guess_format(bytes)
            .map_err(|_| Error::NotAPicture { name: name.to_owned(), found: describe_content(bytes) })?;
        let picture = match format {
            ImageFormat::Jpeg => jpeg::decode(name, bytes)?,
            _ => decode_other(name, bytes, format)?,
        };
        let rgb = to_rgb8(picture);
        let (width, height) = (rgb.width() as usize, rgb.height() as usize);
        Self::from_rgb(width, height, rgb.into_raw())
    }
}

/// The bytes of a picture file.
///
/// # Errors
/// [`Error::Read`], [`Error::NotAFile`] for a folder, [`Error::FileTooLarge`] beyond [`MAX_FILE_BYTES`].
pub fn read_file(path: &Path) -> Result<Vec<u8>> {
    let name = &path.display().to_string();
    let read_error = |source| Error::Read { name: name.to_owned(), source };
    let mut file = File::open(path).map_err(read_error)?;
    let metadata = file.metadata().map_err(read_error)?;
    if metadata.is_dir() {
        return Err(Error::NotAFile { name: name.to_owned(), found: "a folder" });
    }
    if metadata.is_file() && metadata.len() > MAX_FILE_BYTES {
        return Err(file_too_large(name, metadata.len()));
    }
    // A pipe or device tells no length: the limit holds while reading, too.
    let mut bytes = Vec::with_capacity(metadata.len().min(MAX_FILE_BYTES) as usize + 1);
    file.by_ref().take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(read_error)?;
    Ok(bytes)
}

/// Everything but JPEG, through the `image` crate's decoders.
fn decode_other(name: &str, bytes: &[u8], format: ImageFormat) -> Result<DynamicImage> {
    let label = format_label(format);
    let fail = |error| translate(name, label, error);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    // The decoder itself must not refuse sizes first: the error here says more.
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_DECODER_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(fail)?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(zero_size(name, label));
    }
    check_header(name, u64::from(width), u64::from(height))?;
    let orientation = orientation::of_decoder(&mut decoder);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(fail)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

fn translate(name: &str, format: &'static str, error: ImageError) -> Error {
    let name = name.to_owned();
    match error {
        ImageError::Unsupported(error) => Error::Unsupported { name, format, detail: error.to_string() },
        ImageError::Limits(error) => {
            Error::Unsupported { name, format, detail: format!("it needs more memory than is allowed: {error}") }
        }
        other => Error::Damaged { name, format, detail: other.to_string() },
    }
}
