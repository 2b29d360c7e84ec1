//! How large pictures and files may be; checked before memory is taken for them.

use crate::error::{Error, Result};

/// Longest side of a picture, read or created, in pixels.
pub const MAX_SIDE: u32 = 30_000;
/// Largest area of a picture, read or created, in pixels.
pub const MAX_PIXELS: u64 = 100_000_000;
/// Largest file that is read, in bytes.
pub const MAX_FILE_BYTES: u64 = 512 * 1024 * 1024;

/// Decoders may take this much memory besides their output: eight bytes for each of [`MAX_PIXELS`] (16-bit RGBA) and some.
pub(super) const MAX_DECODER_BYTES: u64 = 900_000_000;

/// Refuses empty sizes and sizes beyond [`MAX_SIDE`] and [`MAX_PIXELS`] before memory is taken for them.
pub(crate) fn check_size(what: &'static str, width: usize, height: usize) -> Result<()> {
    let side = MAX_SIDE as usize;
    let fits = (1..=side).contains(&width) && (1..=side).contains(&height) && (width * height) as u64 <= MAX_PIXELS;
    if fits {
        return Ok(());
    }
    Err(Error::SizeOutOfRange { what, width, height, limit: side, limit_megapixels: MAX_PIXELS / 1_000_000 })
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

/// The error of a header that announces no pixels.
pub(super) fn zero_size(name: &str, format: &'static str) -> Error {
    Error::Damaged { name: name.to_owned(), format, detail: "its width or height is zero".to_owned() }
}

/// The error of a file beyond [`MAX_FILE_BYTES`].
pub(super) fn file_too_large(name: &str, found_bytes: u64) -> Error {
    Error::FileTooLarge { name: name.to_owned(), found_bytes, limit_bytes: MAX_FILE_BYTES }
}
