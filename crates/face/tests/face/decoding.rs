//! Every format in, every kind of broken file refused with its name.

use image::{DynamicImage, ImageFormat};
use portraitist_face::{Error, Picture};

use crate::odd_files::{chunk, encode, zlib};

fn sample() -> image::RgbImage {
    crate::odd_files::sample(23, 17)
}

fn decode(bytes: &[u8]) -> Picture {
    Picture::decode("sample", bytes).unwrap()
}

#[test]
fn lossless_formats_give_the_same_pixels() {
    let rgb = sample();
    let picture = DynamicImage::from(rgb.clone());
    for format in [ImageFormat::Png, ImageFormat::Bmp, ImageFormat::Tiff, ImageFormat::WebP, ImageFormat::Pnm] {
        assert_eq!(decode(&encode(&picture, format)).pixels(), rgb.as_raw(), "{format:?}");
    }
}

#[test]
fn jpeg_gives_nearly_the_same_pixels() {
    let decoded = decode(&encode(&sample().into(), ImageFormat::Jpeg));
    let worst = decoded.pixels().iter().zip(sample().as_raw()).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
    assert!(worst < 40, "{worst}");
}

#[test]
fn gif_gives_its_first_frame() {
    let mut bytes = Vec::new();
    {
        let mut encoder = image::codecs::gif::GifEncoder::new(&mut bytes);
        for grey in [40, 200] {
            let frame = image::RgbaImage::from_pixel(6, 4, image::Rgba([grey, grey, grey, 255]));
            encoder.encode_frame(image::Frame::new(frame)).unwrap();
        }
    }
    let picture = decode(&bytes);
    assert_eq!((picture.width(), picture.height(), picture.pixel(3, 2)), (6, 4, Some([40; 3])));
}

#[test]
fn sixteen_bits_are_rounded_to_eight() {
    let deep = image::ImageBuffer::from_fn(2, 1, |x, _| image::Rgb([[0_u16, 257, 65_535][x as usize], 128, 129]));
    let picture = decode(&encode(&DynamicImage::ImageRgb16(deep), ImageFormat::Png));
    assert_eq!(picture.pixels(), [0, 0, 1, 1, 0, 1]);
}

#[test]
fn grey_maps_are_copied_to_three_channels() {
    assert_eq!(decode(b"P5 3 1 255\n\x00\x80\xff").pixels(), [0, 0, 0, 128, 128, 128, 255, 255, 255]);
    assert_eq!(decode(b"P2 2 1 255 9 250\n").pixels(), [9, 9, 9, 250, 250, 250]);
    assert_eq!(decode(b"P1 2 1 1 0\n").pixels(), [0, 0, 0, 255, 255, 255]);
}

/// A 2 x 1 palette PNG: red, blue.
#[test]
fn palettes_are_expanded() {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut bytes, b"IHDR", &[0, 0, 0, 2, 0, 0, 0, 1, 8, 3, 0, 0, 0]);
    chunk(&mut bytes, b"PLTE", &[255, 0, 0, 0, 0, 255]);
    chunk(&mut bytes, b"IDAT", &zlib(&[0, 0, 1]));
    chunk(&mut bytes, b"IEND", &[]);
    assert_eq!(decode(&bytes).pixels(), [255, 0, 0, 0, 0, 255]);
}

#[test]
fn exif_orientations_are_applied() {
    let upright = sample();
    for orientation in 1..=8_u8 {
        // The stored picture is the upright one with the inverse transform applied.
        let upright_dynamic = DynamicImage::from(upright.clone());
        let stored = match orientation {
            1 => upright_dynamic,
            2 => upright_dynamic.fliph(),
            3 => upright_dynamic.rotate180(),
            4 => upright_dynamic.flipv(),
            5 => upright_dynamic.rotate90().fliph(),
            6 => upright_dynamic.rotate270(),
            7 => upright_dynamic.rotate270().fliph(),
            _ => upright_dynamic.rotate90(),
        };
        let plain = encode(&stored, ImageFormat::Jpeg);
        let mut tagged = plain[..2].to_vec();
        tagged.extend_from_slice(b"\xff\xe1\x00\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0");
        tagged.extend_from_slice(&[orientation, 0, 0, 0, 0, 0, 0]);
        tagged.extend_from_slice(&plain[2..]);
        let picture = decode(&tagged);
        assert_eq!((picture.width(), picture.height()), (23, 17), "orientation {orientation}");
        let far = picture.pixels().iter().zip(upright.as_raw()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum::<u64>();
        assert!(far / (23 * 17 * 3) < 12, "orientation {orientation}: mean difference {}", far / (23 * 17 * 3));
    }
}

#[test]
fn cut_off_files_are_errors_in_every_format() {
    let picture = DynamicImage::from(image::RgbImage::from_fn(64, 64, |x, y| {
        image::Rgb([(x * 37 % 251) as u8, (y * 91 % 253) as u8, (x * y % 255) as u8])
    }));
    for format in [
        ImageFormat::Jpeg,
        ImageFormat::Png,
        ImageFormat::Bmp,
        ImageFormat::Tiff,
        ImageFormat::WebP,
        ImageFormat::Pnm,
        ImageFormat::Gif,
    ] {
        let bytes = encode(&picture, format);
        for kept in [bytes.len() / 8, bytes.len() / 2, bytes.len() * 9 / 10] {
            match Picture::decode("cut", &bytes[..kept]) {
                Err(Error::Damaged { name, .. } | Error::Unsupported { name, .. }) => assert_eq!(name, "cut"),
                other => panic!("{format:?} cut to {kept} of {} bytes: {other:?}", bytes.len()),
            }
        }
    }
}

#[test]
fn what_follows_a_jpegs_end_is_ignored() {
    let bytes = encode(&sample().into(), ImageFormat::Jpeg);
    let mut longer = bytes.clone();
    longer.extend_from_slice(b"trailing");
    assert_eq!(decode(&longer), decode(&bytes));
}

#[test]
fn arbitrary_damage_never_panics() {
    let picture = DynamicImage::from(sample());
    let mut state = 1_u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize
    };
    for format in [
        ImageFormat::Jpeg,
        ImageFormat::Png,
        ImageFormat::Bmp,
        ImageFormat::Tiff,
        ImageFormat::WebP,
        ImageFormat::Pnm,
        ImageFormat::Gif,
    ] {
        let bytes = encode(&picture, format);
        for _ in 0..300 {
            let mut broken = bytes.clone();
            for _ in 0..=random() % 4 {
                let at = random() % broken.len();
                broken[at] = random() as u8;
            }
            broken.truncate(broken.len() - random() % 3 * (random() % 20));
            let _ = Picture::decode("broken", &broken);
        }
    }
}

#[test]
fn huge_headers_are_refused_before_decoding() {
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut png, b"IHDR", &[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30, 8, 2, 0, 0, 0]);
    chunk(&mut png, b"IDAT", &zlib(&[0]));
    chunk(&mut png, b"IEND", &[]);
    let Err(error) = Picture::decode("huge.png", &png) else { panic!("a 30000x30000 PNG was accepted") };
    assert!(matches!(error, Error::PictureTooLarge { width: 30_000, height: 30_000, .. }), "{error:?}");
    assert!(error.to_string().contains("huge.png") && error.to_string().contains("30000x30000"));

    assert!(matches!(Picture::decode("wide.pgm", b"P5 40000 1 255\n"), Err(Error::PictureTooLarge { .. })));
    let mut jpeg = encode(&sample().into(), ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xFF, 0xFF, 0xFF, 0xFF]);
    let Err(error) = Picture::decode("huge.jpg", &jpeg) else { panic!("a 65535x65535 JPEG was accepted") };
    assert!(matches!(error, Error::PictureTooLarge { width: 65_535, .. }), "{error:?}");
}

#[test]
fn zero_sizes_are_refused() {
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut png, b"IHDR", &[0, 0, 0, 0, 0, 0, 0, 5, 8, 2, 0, 0, 0]);
    chunk(&mut png, b"IEND", &[]);
    assert!(matches!(Picture::decode("zero", &png), Err(Error::Damaged { .. })));
    assert!(matches!(Picture::decode("zero", b"P5 0 4 255\n"), Err(Error::Damaged { .. })));
    let mut jpeg = encode(&sample().into(), ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    jpeg[frame + 5..frame + 9].fill(0);
    assert!(matches!(Picture::decode("zero", &jpeg), Err(Error::Damaged { .. })));
}

#[test]
fn what_is_no_picture_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("letter.jpg");
    std::fs::write(&text, "Dear reader, this is no picture at all.").unwrap();
    let message = Picture::open(&text).unwrap_err().to_string();
    assert!(message.contains("letter.jpg") && message.contains("found text (\"Dear reader"), "{message}");

    let empty = folder.path().join("empty.png");
    std::fs::write(&empty, "").unwrap();
    assert!(matches!(Picture::open(&empty), Err(Error::EmptyFile { .. })));
    assert!(matches!(Picture::open(folder.path()), Err(Error::NotAFile { found: "a folder", .. })));
    assert!(matches!(Picture::open(folder.path().join("missing.png")), Err(Error::Read { .. })));
    assert!(matches!(Picture::decode("noise", &[1, 2, 3, 0xFE]), Err(Error::NotAPicture { .. })));

    // The content decides, not the name.
    let misnamed = folder.path().join("really_png.jpg");
    std::fs::write(&misnamed, encode(&sample().into(), ImageFormat::Png)).unwrap();
    assert_eq!(Picture::open(&misnamed).unwrap().pixels(), sample().as_raw());
}
