//! The picture formats that are read: their names and their file name endings, for every list of them.

use std::path::Path;

use image::ImageFormat;

/// The formats that are read, for messages and help.
pub const FORMATS: &str = "PNG, JPEG, WebP, BMP, TIFF, GIF or PGM/PPM/PBM";

/// File name endings that are taken for pictures in a folder.
pub const ENDINGS: [&str; 12] = ["png", "jpg", "jpeg", "webp", "bmp", "tif", "tiff", "pgm", "ppm", "pbm", "pnm", "gif"];

/// Whether a file's name ends as a picture's does, in any case.
pub fn has_picture_ending(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

/// A format's name in messages.
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
