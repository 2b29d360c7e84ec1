//! The picture formats that are read: their names and their file name endings, for every list of them.

use std::path::Path;

use image::ImageFormat;

/// The formats that are read, for messages and help.
pub const FORMATS: &str = "PNG, JPEG, WebP, BMP, TIFF, GIF or PGM/PPM/PBM";

/// File name endings that are taken for pictures in a folder.
pub const ENDINGS: [&str; 22] = [
    "png", "apng", // PNG
    "jpg", "jpeg", "jpe", "jfif", "jfi", "jif", "pjpeg", "pjp", "mpo", // JPEG
    "webp", "bmp", "dib", "tif", "tiff", "gif", //
    "pgm", "ppm", "pbm", "pnm", "pam", // Netpbm
];

/// Endings of pictures that are not read; the reader of a folder reports such files.
const UNREAD_ENDINGS: [&str; 40] = [
    "heic", "heif", "heics", "heifs", "hif", "avif", "avifs", "jxl", "jp2", "j2k", "jpf", "jpx", "jxr", "wdp", "psd",
    "psb", "xcf", "svg", "svgz", "eps", "ai", "ico", "tga", "exr", "hdr", "qoi", "dds", "pcx", "cr2", "cr3", "nef",
    "arw", "dng", "orf", "rw2", "raf", "pef", "srw", "3fr", "raw",
];

fn ending(path: &Path) -> Option<String> {
    path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase)
}

/// Whether a file's name ends as a picture's does, in any case.
pub fn has_picture_ending(path: &Path) -> bool {
    ending(path).is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

/// Whether a file's name ends as that of a picture which is not read: HEIC, AVIF, camera files and others.
pub fn has_unread_ending(path: &Path) -> bool {
    ending(path).is_some_and(|ending| UNREAD_ENDINGS.contains(&ending.as_str()))
}

/// The format of some bytes by what they start with.
///
/// # Errors
/// What the bytes are instead, in a few words.
pub(super) fn recognise(bytes: &[u8]) -> Result<ImageFormat, String> {
    if bytes.starts_with(b"II\x2B\0") || bytes.starts_with(b"MM\0\x2B") {
        return Ok(ImageFormat::Tiff); // BigTIFF
    }
    let read = [
        ImageFormat::Png,
        ImageFormat::Jpeg,
        ImageFormat::WebP,
        ImageFormat::Bmp,
        ImageFormat::Tiff,
        ImageFormat::Gif,
        ImageFormat::Pnm,
    ];
    let format = image::guess_format(bytes).ok().filter(|format| read.contains(format));
    format.ok_or_else(|| describe_content(bytes))
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
        ImageFormat::Jpeg => "JPEG",
        _ => "picture",
    }
}

/// What files of other kinds start with.
const OTHER_KINDS: [(&[u8], &str); 19] = [
    (b"\0\0\0\x0CJXL ", "a JPEG XL picture"),
    (b"\xFF\x0A", "a JPEG XL picture"),
    (b"\0\0\0\x0CjP  ", "a JPEG 2000 picture"),
    (b"\xFF\x4F\xFF\x51", "a JPEG 2000 picture"),
    (b"8BPS", "a Photoshop file"),
    (b"gimp xcf", "a GIMP file"),
    (b"%PDF", "a PDF file"),
    (b"%!PS", "a PostScript file"),
    (b"<svg", "an SVG drawing"),
    (b"\0\0\x01\0", "an icon"),
    (b"\x76\x2F\x31\x01", "an OpenEXR picture"),
    (b"#?RADIANCE", "a Radiance HDR picture"),
    (b"qoif", "a QOI picture"),
    (b"DDS ", "a DDS texture"),
    (b"farbfeld", "a farbfeld picture"),
    (b"II\xBC\x01", "a JPEG XR picture"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"IIRO", "an Olympus camera's file"),
    (b"FUJIFILMCCD-RAW", "a Fujifilm camera's file"),
];

/// What a file of the ISO base media format is, by the brands in its first box.
fn describe_brands(bytes: &[u8]) -> Option<&'static str> {
    let length = usize::try_from(u32::from_be_bytes(*bytes.first_chunk()?)).ok()?;
    let brands = bytes.get(4..length.clamp(12, 256).min(bytes.len()))?.strip_prefix(b"ftyp")?;
    let has = |wanted: &[&[u8; 4]]| brands.chunks(4).any(|brand| wanted.iter().any(|wanted| brand == *wanted));
    Some(if has(&[b"avif", b"avis"]) {
        "an AVIF picture"
    } else if has(&[b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"]) {
        "a HEIC picture, as iPhones take them"
    } else if has(&[b"mif1", b"msf1"]) {
        "a HEIF picture"
    } else if has(&[b"crx "]) {
        "a Canon camera's file"
    } else {
        "a video, or something else of the MP4 kind"
    })
}

/// Says in a few words what a file is that is no picture.
pub(super) fn describe_content(bytes: &[u8]) -> String {
    let known = OTHER_KINDS.iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, kind)| *kind);
    if let Some(kind) = known.or_else(|| describe_brands(bytes)) {
        return kind.to_owned();
    }
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
