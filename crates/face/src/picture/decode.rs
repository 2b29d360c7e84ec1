//! From files and bytes to [`Picture`]: the format is chosen by content, sizes are checked before pixels are decoded.

use std::borrow::Cow;
use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, ImageResult, Limits};

use super::colour::{ColourRule, to_rgb8};
use super::format::{format_label, recognise};
use super::jpeg;
use super::limits::{MAX_DECODER_BYTES, MAX_FILE_BYTES, check_header, file_too_large, zero_size};
use super::metadata::{self, Frames};
use super::raw::{Raw, RawPixels};
use super::rgb::Picture;
use super::warning::PictureWarning;
use crate::error::{Error, Result};
use crate::special_file::special_file;

/// A picture that was read, and what is to be said of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// The picture.
    pub picture: Picture,
    /// What its owner would want to know, in the order it came up.
    pub warnings: Vec<PictureWarning>,
}

impl Decoded {
    /// Reads a picture file; see [`Decoded::decode`].
    ///
    /// # Errors
    /// One that names the file: missing or unreadable, a folder or a pipe, empty, too large, not a picture, damaged or cut off.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let name = path.display().to_string();
        Self::decode(&name, &read_file(path)?)
    }

    /// Decodes the bytes of a PNG, JPEG, WebP, BMP, TIFF, GIF or PGM/PPM/PBM, chosen by content. `name` appears in errors.
    ///
    /// The EXIF orientation is applied. Colours become sRGB: by the file's ICC profile if it has one, otherwise they are taken
    /// for sRGB. Transparency is blended with white, on the coded values. Grey is copied to three channels, palettes are
    /// expanded, CMYK JPEGs without a profile are converted by the light each ink leaves. 16-bit samples become 8-bit by rounding
    /// `v / 257`; floating-point ones are 0 to 1, or 0 to 255 where they reach beyond 2, clamped and rounded.
    ///
    /// Of several frames or pages the first is used, and a warning counts them. A JPEG without its end marker is read, with a
    /// warning, if all its blocks are there.
    ///
    /// # Errors
    /// See [`Decoded::open`].
    pub fn decode(name: &str, bytes: &[u8]) -> Result<Self> {
        Self::decode_by(name, bytes, ColourRule::Srgb)
    }

    /// What there is to say, each with the name of the file.
    pub fn told<'a>(&'a self, name: &'a str) -> impl Iterator<Item = String> + 'a {
        self.warnings.iter().map(move |warning| format!("{name}: {warning}"))
    }

    pub(crate) fn decode_by(name: &str, bytes: &[u8], rule: ColourRule) -> Result<Self> {
        if bytes.is_empty() {
            return Err(Error::EmptyFile { name: name.to_owned() });
        }
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(file_too_large(name, bytes.len() as u64));
        }
        let format = recognise(bytes).map_err(|found| Error::NotAPicture { name: name.to_owned(), found })?;
        let raw = match format {
            ImageFormat::Jpeg => jpeg::decode(name, bytes)?,
            _ => decode_other(name, bytes, format)?,
        };
        let Raw { pixels, metadata, mut warnings } = raw;
        let Frames { count, what } = metadata.frames;
        if count > 1 {
            warnings.push(PictureWarning::SeveralFrames { count, what });
        }
        let unsupported = |detail| Error::Unsupported { name: name.to_owned(), format: format_label(format), detail };
        let rgb = to_rgb8(pixels, &metadata.profile, rule, &mut warnings).map_err(unsupported)?;
        let mut upright = DynamicImage::from(rgb);
        upright.apply_orientation(metadata.orientation);
        let (width, height) = (upright.width() as usize, upright.height() as usize);
        let picture = Picture::from_rgb(width, height, upright.into_rgb8().into_raw())?;
        Ok(Self { picture, warnings })
    }
}

impl Picture {
    /// Reads a picture file; see [`Decoded::decode`] for what happens to its pixels. Warnings are left out: where a person waits
    /// for the result, use [`Decoded::open`].
    ///
    /// # Errors
    /// As [`Decoded::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Ok(Decoded::open(path)?.picture)
    }

    /// Decodes the bytes of a picture file, without its warnings; see [`Decoded::decode`].
    ///
    /// # Errors
    /// As [`Decoded::decode`].
    pub fn decode(name: &str, bytes: &[u8]) -> Result<Self> {
        Ok(Decoded::decode(name, bytes)?.picture)
    }
}

/// The bytes of a picture file.
///
/// # Errors
/// [`Error::Read`], [`Error::NotAFile`] for a folder, a named pipe or a socket, [`Error::FileTooLarge`] beyond [`MAX_FILE_BYTES`].
pub fn read_file(path: &Path) -> Result<Vec<u8>> {
    let name = &path.display().to_string();
    let read_error = |source| Error::Read { name: name.to_owned(), source };
    let metadata = std::fs::metadata(path).map_err(read_error)?;
    // Opening a pipe that nobody writes to would wait for ever.
    if let Some(found) = special_file(path, &metadata) {
        return Err(Error::NotAFile { name: name.to_owned(), found });
    }
    if metadata.is_file() && metadata.len() > MAX_FILE_BYTES {
        return Err(file_too_large(name, metadata.len()));
    }
    let mut file = File::open(path).map_err(read_error)?;
    // The size of the shell's own pipes is not known in advance: the limit holds while reading, too.
    let mut bytes = Vec::with_capacity(metadata.len().min(MAX_FILE_BYTES) as usize + 1);
    file.by_ref().take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(read_error)?;
    Ok(bytes)
}

/// A decoder of the `image` crate for everything but JPEG, which takes no more memory than it needs for pixels.
pub(super) fn decoder(bytes: &[u8], format: ImageFormat) -> ImageResult<impl ImageDecoder + '_> {
    let bytes = if format == ImageFormat::Png { metadata::without_bulk(bytes) } else { Cow::Borrowed(bytes) };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    // The decoder itself must not refuse sizes first: the errors here say more.
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_DECODER_BYTES);
    reader.limits(limits);
    reader.into_decoder()
}

/// Everything but JPEG.
fn decode_other(name: &str, bytes: &[u8], format: ImageFormat) -> Result<Raw> {
    let label = format_label(format);
    let fail = |error| translate(name, label, error);
    let decoder = decoder(bytes, format).map_err(fail)?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(zero_size(name, label));
    }
    check_header(name, u64::from(width), u64::from(height))?;
    let picture = DynamicImage::from_decoder(decoder).map_err(fail)?;
    let metadata = metadata::read(format, bytes);
    Ok(Raw { pixels: RawPixels::Picture(picture), metadata, warnings: Vec::new() })
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
