//! From [`Picture`] to bytes and files.

use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageEncoder};

use super::rgb::Picture;
use crate::error::{Error, Result};
use crate::files::write_atomically;

/// JPEGs are written at this quality (1..=100): visually lossless for drawings and faces.
const JPEG_QUALITY: u8 = 95;

/// The formats that are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureFormat {
    /// PNG, lossless.
    Png,
    /// JPEG at quality 95, 4:4:4.
    Jpeg,
    /// WebP, lossless.
    WebP,
}

impl PictureFormat {
    /// Chooses by the destination's extension, in any case.
    ///
    /// # Errors
    /// [`Error::UnknownExtension`] for anything but png, jpg, jpeg and webp.
    pub fn from_path(path: &Path) -> Result<Self> {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
        match extension.as_deref() {
            Some("png") => Ok(Self::Png),
            Some("jpg" | "jpeg") => Ok(Self::Jpeg),
            Some("webp") => Ok(Self::WebP),
            other => {
                let found = other.map_or_else(|| "no extension".to_owned(), |extension| format!(".{extension}"));
                Err(Error::UnknownExtension { path: path.to_owned(), found })
            }
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::WebP => "WebP",
        }
    }
}

impl Picture {
    /// The bytes of a file in `format`.
    ///
    /// # Errors
    /// [`Error::Encode`], for example for a WebP or JPEG whose side is beyond what the format can hold.
    pub fn encode(&self, format: PictureFormat) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let (width, height) = (self.width as u32, self.height as u32); // at most MAX_SIDE
        let colour = ExtendedColorType::Rgb8;
        match format {
            PictureFormat::Png => PngEncoder::new(&mut bytes).write_image(&self.pixels, width, height, colour),
            PictureFormat::Jpeg => {
                JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY).write_image(&self.pixels, width, height, colour)
            }
            PictureFormat::WebP => {
                WebPEncoder::new_lossless(&mut bytes).write_image(&self.pixels, width, height, colour)
            }
        }
        .map_err(|error| Error::Encode { format: format.label(), detail: error.to_string() })?;
        Ok(bytes)
    }

    /// The bytes of a JPEG file of that quality, 1 (small) to 100.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for another quality, [`Error::Encode`] for a side beyond what the format can hold.
    pub fn encode_jpeg(&self, quality: u8) -> Result<Vec<u8>> {
        if !(1..=100).contains(&quality) {
            return Err(Error::OutOfRange { what: "JPEG quality", expected: "1 to 100", found: quality.to_string() });
        }
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, quality)
            .write_image(&self.pixels, self.width as u32, self.height as u32, ExtendedColorType::Rgb8)
            .map_err(|error| Error::Encode { format: "JPEG", detail: error.to_string() })?;
        Ok(bytes)
    }

    /// The bytes of a PNG file.
    ///
    /// # Errors
    /// [`Error::Encode`] if the encoder refuses, which it does for no picture that can be made here.
    pub fn encode_png(&self) -> Result<Vec<u8>> {
        self.encode(PictureFormat::Png)
    }

    /// Writes the picture in the format of the path's extension; see [`write_atomically`].
    ///
    /// # Errors
    /// [`Error::UnknownExtension`], [`Error::Encode`] or those of [`write_atomically`].
    pub fn save(&self, path: impl AsRef<Path>, overwrite: bool) -> Result<()> {
        let path = path.as_ref();
        let bytes = self.encode(PictureFormat::from_path(path)?)?;
        write_atomically(path, &bytes, overwrite)
    }
}
