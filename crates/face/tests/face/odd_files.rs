//! Small makers of odd files.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, RgbImage};
use portraitist_face::Picture;

/// Smooth colours: no symmetry, so that orientations can be told apart.
pub(crate) fn sample(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| image::Rgb([(x * 11) as u8, (y * 15) as u8, (x * y / 2) as u8]))
}

pub(crate) fn encode(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// The largest difference of any value.
pub(crate) fn worst(first: &Picture, second: &Picture) -> u8 {
    assert_eq!((first.width(), first.height()), (second.width(), second.height()));
    first.pixels().iter().zip(second.pixels()).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}

/// Puts a segment right behind a JPEG's JFIF segment, or first where there is none.
pub(crate) fn app(jpeg: &[u8], marker: u8, data: &[u8]) -> Vec<u8> {
    let at = if jpeg[2..4] == [0xFF, 0xE0] { 4 + usize::from(jpeg[5]) } else { 2 };
    with_segment(jpeg, at, marker, data)
}

/// Puts a segment right before a JPEG's frame header.
pub(crate) fn segment_before_frame(jpeg: &[u8], marker: u8, data: &[u8]) -> Vec<u8> {
    with_segment(jpeg, frame_header(jpeg) - 4, marker, data)
}

fn with_segment(jpeg: &[u8], at: usize, marker: u8, data: &[u8]) -> Vec<u8> {
    let length = (data.len() + 2) as u16;
    [&jpeg[..at], &[0xFF, marker], &length.to_be_bytes(), data, &jpeg[at..]].concat()
}

/// Puts Adobe's marker in.
pub(crate) fn adobe(jpeg: &[u8], transform: u8) -> Vec<u8> {
    app(jpeg, 0xEE, &[b'A', b'd', b'o', b'b', b'e', 0, 100, 0, 0, 0, 0, transform])
}

/// Where the data of a baseline JPEG's frame header starts.
pub(crate) fn frame_header(jpeg: &[u8]) -> usize {
    jpeg.windows(4).position(|window| window == [0xFF, 0xC0, 0, 17] || window == [0xFF, 0xC0, 0, 11]).unwrap() + 4
}

/// Where the data of the only scan starts.
pub(crate) fn scan_end(jpeg: &[u8]) -> usize {
    jpeg.windows(2).position(|pair| pair == [0xFF, 0xDA]).unwrap()
}

/// An EXIF block that holds an orientation only.
pub(crate) fn exif_block(orientation: u8, big_endian: bool) -> Vec<u8> {
    if big_endian {
        [&b"MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0"[..], &[orientation, 0, 0, 0, 0, 0, 0]].concat()
    } else {
        [&b"II\x2A\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"[..], &[orientation, 0, 0, 0, 0, 0, 0, 0]].concat()
    }
}

/// Appends a PNG chunk.
pub(crate) fn chunk(png: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    png.extend_from_slice(&(data.len() as u32).to_be_bytes());
    let start = png.len();
    png.extend_from_slice(kind);
    png.extend_from_slice(data);
    let crc = png[start..].iter().fold(!0_u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    });
    png.extend_from_slice(&(!crc).to_be_bytes());
}

/// Puts a chunk right behind a PNG's header.
pub(crate) fn png_with(png: &[u8], kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut bytes = png[..33].to_vec();
    chunk(&mut bytes, kind, data);
    bytes.extend_from_slice(&png[33..]);
    bytes
}

/// Uncompressed deflate data in a zlib envelope, at most 65535 bytes.
pub(crate) fn zlib(data: &[u8]) -> Vec<u8> {
    let length = data.len() as u16;
    let mut bytes = vec![0x78, 0x01, 1];
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&(!length).to_le_bytes());
    bytes.extend_from_slice(data);
    let (a, b) = data.iter().fold((1_u32, 0_u32), |(a, b), &byte| {
        let a = (a + u32::from(byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    bytes.extend_from_slice(&(b << 16 | a).to_be_bytes());
    bytes
}

/// Compressed data of any length.
pub(crate) fn compressed(data: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec_zlib(data, 6)
}

/// A WebP with one more chunk, in the container that allows it.
pub(crate) fn with_riff_chunk(webp: &[u8], kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let picture = image::load_from_memory(webp).unwrap();
    let flags: u8 = if kind == b"EXIF" { 0x08 } else { 0x20 };
    let side = |side: u32| (side - 1).to_le_bytes()[..3].to_vec();
    let header = [vec![flags, 0, 0, 0], side(picture.width()), side(picture.height())].concat();
    let riff = |kind: &[u8; 4], data: &[u8]| {
        [kind, &(data.len() as u32).to_le_bytes()[..], data, &[0][..data.len() % 2]].concat()
    };
    let mut body = [b"WEBP".to_vec(), riff(b"VP8X", &header)].concat();
    if kind == b"ICCP" {
        body.extend(riff(kind, data));
    }
    body.extend_from_slice(&webp[12..]);
    if kind != b"ICCP" {
        body.extend(riff(kind, data));
    }
    riff(b"RIFF", &body)
}

/// A tag of a TIFF directory.
#[derive(Clone)]
pub(crate) struct Tag {
    pub(crate) tag: u16,
    /// 1 byte, 3 short, 4 long, 7 bytes, 16 long of 8 bytes.
    pub(crate) kind: u16,
    pub(crate) values: Vec<u64>,
}

/// A TIFF or BigTIFF of 8-bit RGB, little-endian and uncompressed, with `pages` directories that show the same pixels.
pub(crate) fn tiff(picture: &RgbImage, extra: &[Tag], big: bool, pages: usize) -> Vec<u8> {
    let number = |value: u64, length: usize| value.to_le_bytes()[..length].to_vec();
    let place = if big { 8 } else { 4 };
    let mut bytes = if big { b"II\x2B\0\x08\0\0\0".to_vec() } else { b"II\x2A\0".to_vec() };
    let pixels = bytes.len() + place;
    let mut next = bytes.len();
    bytes.extend(number(0, place));
    bytes.extend_from_slice(picture.as_raw());
    let tag = |tag, kind, values: &[u64]| Tag { tag, kind, values: values.to_vec() };
    let mut tags = vec![
        tag(256, 4, &[picture.width().into()]),
        tag(257, 4, &[picture.height().into()]),
        tag(258, 3, &[8, 8, 8]),
        tag(259, 3, &[1]),
        tag(262, 3, &[2]),
        tag(273, 4, &[pixels as u64]),
        tag(277, 3, &[3]),
        tag(278, 4, &[picture.height().into()]),
        tag(279, 4, &[picture.as_raw().len() as u64]),
    ];
    tags.extend_from_slice(extra);
    tags.sort_by_key(|tag| tag.tag);
    for _ in 0..pages {
        let values: Vec<Vec<u8>> = tags
            .iter()
            .map(|tag| {
                let size = match tag.kind {
                    3 => 2,
                    4 => 4,
                    16 => 8,
                    _ => 1,
                };
                tag.values.iter().flat_map(|value| number(*value, size)).collect()
            })
            .collect();
        let places: Vec<usize> = values
            .iter()
            .map(|value| {
                let at = bytes.len();
                if value.len() > place {
                    bytes.extend_from_slice(value);
                }
                at
            })
            .collect();
        let directory = bytes.len() as u64;
        bytes[next..next + place].copy_from_slice(&number(directory, place));
        bytes.extend(number(tags.len() as u64, if big { 8 } else { 2 }));
        for ((tag, value), at) in tags.iter().zip(&values).zip(places) {
            bytes.extend(number(tag.tag.into(), 2));
            bytes.extend(number(tag.kind.into(), 2));
            bytes.extend(number(tag.values.len() as u64, place));
            let mut field = if value.len() > place { number(at as u64, place) } else { value.clone() };
            field.resize(place, 0);
            bytes.extend(field);
        }
        next = bytes.len();
        bytes.extend(number(0, place));
    }
    bytes
}
