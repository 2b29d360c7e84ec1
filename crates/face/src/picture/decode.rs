//! From files and bytes to [`Picture`]: the format is chosen by content, sizes are checked before pixels are decoded.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use super::{Picture, jpeg};
use crate::error::{Error, Result};

/// Longest side that is decoded or made, in pixels.
pub const MAX_SIDE: u32 = 30_000;
/// Largest picture that is decoded or made, in pixels.
pub const MAX_PIXELS: u64 = 100_000_000;
/// Largest file that is read, in bytes.
pub const MAX_FILE_BYTES: u64 = 512 * 1024 * 1024;

/// Decoders may take this much memory besides their output: eight bytes for each of [`MAX_PIXELS`] (16-bit RGBA) and some.
const MAX_DECODER_BYTES: u64 = 900_000_000;

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
        let rgb = picture.into_rgb8();
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

fn file_too_large(name: &str, found_bytes: u64) -> Error {
    Error::FileTooLarge { name: name.to_owned(), found_bytes, limit_bytes: MAX_FILE_BYTES }
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
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(fail)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

/// Refuses a header that announces more than the limits.
pub(super) fn check_header(name: &str, width: u64, height: u64) -> Result<()> {
    let side = u64::from(MAX_SIDE);
    if width > side || height > side || width.saturating_mul(height) > MAX_PIXELS {
        return Err(too_large(name, width, height));
    }
    Ok(())
}

fn too_large(name: &str, width: u64, height: u64) -> Error {
    Error::PictureTooLarge {
        name: name.to_owned(),
        width,
        height,
        limit_side: MAX_SIDE,
        limit_megapixels: MAX_PIXELS / 1_000_000,
    }
}

pub(super) fn zero_size(name: &str, format: &'static str) -> Error {
    Error::Damaged { name: name.to_owned(), format, detail: "its width or height is zero".to_owned() }
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

pub(super) fn format_label(format: ImageFormat) -> &'static str {
    match format {
        ImageFormat::Png => "PNG",
        ImageFormat::WebP => "WebP",
        ImageFormat::Bmp => "BMP",
        ImageFormat::Tiff => "TIFF",
        ImageFormat::Gif => "GIF",
        ImageFormat::Pnm => "PGM/PPM/PBM",
        ImageFormat::Avif => "AVIF",
        ImageFormat::Jpeg => "JPEG",
        _ => "picture",
    }
}

/// Says in a few words what a file is that is no picture.
pub(super) fn describe_content(bytes: &[u8]) -> String {
    let head = &bytes[..bytes.len().min(256)];
    let text = std::str::from_utf8(head).map_or_else(|error| &head[..error.valid_up_to()], str::as_bytes);
    let printable = text.iter().all(|&byte| byte >= 0x20 || matches!(byte, b'\t' | b'\n' | b'\r'));
    if text.len() + 4 > head.len() && printable {
        let shown: String = String::from_utf8_lossy(text).split_whitespace().take(6).collect::<Vec<_>>().join(" ");
        return format!("text (\"{}\")", shown.chars().take(40).collect::<String>());
    }
    let hex: Vec<String> = head.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("data starting with the bytes {}", hex.join(" "))
}
