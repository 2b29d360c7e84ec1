//! Pictures as the world has them: what other programs read is read, and what is odd is said.

use image::metadata::Orientation;
use image::{DynamicImage, ImageFormat};
use moxcms::ColorProfile;
use portraitist_face::picture::{Header, PictureWarning};
use portraitist_face::{Decoded, Error, Picture};

use crate::odd_files::{
    Tag, adobe, app, chunk, compressed, encode, exif_block, frame_header, png_with, sample, scan_end,
    segment_before_frame, tiff, with_riff_chunk, worst, zlib,
};

fn decoded(bytes: &[u8]) -> Decoded {
    Decoded::decode("sample", bytes).unwrap()
}

fn warnings(bytes: &[u8]) -> Vec<String> {
    decoded(bytes).warnings.iter().map(ToString::to_string).collect()
}

fn message(bytes: &[u8]) -> String {
    Decoded::decode("odd.jpg", bytes).unwrap_err().to_string()
}

// The end of a JPEG.

#[test]
fn a_jpeg_without_its_end_marker_is_read_and_said_to_be() {
    let whole = encode(&sample(64, 48).into(), ImageFormat::Jpeg);
    let expected = decoded(&whole);
    assert!(expected.warnings.is_empty());
    for tail in [&b""[..], b"\xFF", b"trailer without markers", b"\x00\xFF\x00 trailer \xFF\xFE\x00\x09 cut"] {
        let mut bytes = whole[..whole.len() - 2].to_vec();
        bytes.extend_from_slice(tail);
        let found = decoded(&bytes);
        assert_eq!(found.picture, expected.picture, "{tail:?}");
        assert_eq!(found.warnings, [PictureWarning::EndMissing { last_block_cut: false }], "{tail:?}");
    }
}

#[test]
fn a_jpeg_that_lacks_bits_of_its_last_block_is_read_and_one_that_lacks_more_is_not() {
    let whole = encode(&sample(64, 48).into(), ImageFormat::Jpeg);
    let expected = decoded(&whole).picture;
    let found = decoded(&whole[..whole.len() - 4]);
    assert_eq!(found.warnings, [PictureWarning::EndMissing { last_block_cut: true }]);
    for (index, (found, expected)) in found.picture.pixels().iter().zip(expected.pixels()).enumerate() {
        let (x, y) = (index / 3 % 64, index / 3 / 64);
        assert!(found == expected || x >= 64 - 18 && y >= 48 - 18, "({x}, {y})");
    }
    for lost in [40, 100, whole.len() / 10, whole.len() / 2] {
        let text = message(&whole[..whole.len() - lost]);
        assert!(text.contains("not all of the picture is there"), "{lost}: {text}");
    }
    assert!(message(&whole[..scan_end(&whole) - 10]).contains("ends"));
}

#[test]
fn a_cut_jpeg_of_one_colour_is_refused_too() {
    let flat = image::RgbImage::from_pixel(256, 256, image::Rgb([90, 120, 150]));
    let whole = encode(&flat.into(), ImageFormat::Jpeg);
    assert_eq!(decoded(&whole[..whole.len() - 2]).picture, decoded(&whole).picture);
    assert!(Picture::decode("cut", &whole[..whole.len() - 60]).is_err());
}

// Adobe's and other segments.

#[test]
fn adobe_markers_mean_what_libjpeg_takes_them_for() {
    // A three-colour JPEG with JFIF's marker, and the same without.
    let jfif = encode(&sample(48, 32).into(), ImageFormat::Jpeg);
    let plain: Vec<u8> = [&jfif[..2], &jfif[20..]].concat();
    assert_eq!(jfif[2..4], [0xFF, 0xE0]);
    let expected = decoded(&jfif).picture;
    assert_eq!(decoded(&plain).picture, expected);
    for transform in [1, 2, 3, 77] {
        assert_eq!(decoded(&adobe(&plain, transform)).picture, expected, "transform {transform}");
    }
    let rgb = decoded(&adobe(&plain, 0)).picture;
    assert!(worst(&rgb, &expected) > 50, "without JFIF, 0 means RGB");
    assert_eq!(decoded(&adobe(&jfif, 0)).picture, expected, "JFIF's marker counts more");
    // Too short to be Adobe's, or another program's.
    for data in [&b"Adobe"[..], b"Adobe\0\x64\0\0", b"Ducky\0\x01\0\0\0\0\0", b""] {
        assert_eq!(decoded(&app(&plain, 0xEE, data)).picture, expected, "{data:?}");
    }
}

#[test]
fn components_called_r_g_b_are_colours_unless_jfif_says_otherwise() {
    let jfif = encode(&sample(48, 32).into(), ImageFormat::Jpeg);
    let mut named = jfif.clone();
    let frame = frame_header(&named);
    for (index, name) in b"RGB".iter().enumerate() {
        let old = named[frame + 6 + 3 * index];
        named[frame + 6 + 3 * index] = *name;
        let scan = named.windows(2).position(|pair| pair == [0xFF, 0xDA]).unwrap();
        let place = (0..3).map(|index| scan + 5 + 2 * index).find(|place| named[*place] == old).unwrap();
        named[place] = *name;
    }
    assert!(worst(&decoded(&named).picture, &decoded(&jfif).picture) <= 2, "JFIF: luma and colour differences");
    let plain: Vec<u8> = [&named[..2], &named[20..]].concat();
    assert!(worst(&decoded(&plain).picture, &decoded(&jfif).picture) > 50);
}

#[test]
fn segments_that_nobody_understands_do_no_harm() {
    let jfif = encode(&sample(48, 32).into(), ImageFormat::Jpeg);
    let expected = decoded(&jfif);
    for (marker, data) in [
        (0xE1, &b"http://ns.adobe.com/xmp/extension/\0short"[..]),
        (0xE2, b"ICC_PROFILE\0"),
        (0xE2, b"urn:iso:std:iso:ts:21496:-1\0"),
        (0xED, b"Photoshop 3.0\0"),
        (0xFE, b"a remark"),
    ] {
        let found = decoded(&app(&jfif, marker, data));
        assert_eq!(found, expected, "{data:?}");
    }
}

#[test]
fn kinds_of_jpeg_that_are_not_decoded_are_named() {
    let jfif = encode(&sample(48, 32).into(), ImageFormat::Jpeg);
    let frame = frame_header(&jfif);
    for (kind, named) in [
        (0xC3, "lossless coding"),
        (0xC5, "hierarchical coding"),
        (0xC9, "arithmetic coding"),
        (0xCA, "arithmetic coding"),
        (0xCB, "lossless arithmetic coding"),
    ] {
        let mut bytes = jfif.clone();
        bytes[frame - 3] = kind;
        assert!(message(&bytes).contains(named), "{}", message(&bytes));
        assert!(matches!(Picture::decode("odd", &bytes), Err(Error::Unsupported { .. })));
    }
    let mut deep = jfif.clone();
    deep[frame] = 12;
    assert!(message(&deep).contains("12 bits a sample"), "{}", message(&deep));
}

// Orientation.

#[test]
fn every_format_tells_its_orientation_in_every_spelling() {
    let upright = sample(23, 17);
    let stored = DynamicImage::from(upright.clone()).rotate270();
    let png = encode(&stored, ImageFormat::Png);
    let webp = encode(&stored, ImageFormat::WebP);
    let jpeg = encode(&stored, ImageFormat::Jpeg);
    for big_endian in [false, true] {
        let block = exif_block(6, big_endian);
        let prefixed = [b"Exif\0\0", block.as_slice()].concat();
        for exif in [&block, &prefixed] {
            let hex: String = exif.iter().map(|byte| format!("{byte:02x}")).collect();
            let text = format!("\nexif\n{:8}\n{hex}\n", exif.len());
            let legacy = [b"Raw profile type exif\0", text.as_bytes()].concat();
            let packed = [&b"Raw profile type exif\0\0"[..], &compressed(text.as_bytes())].concat();
            for bytes in [
                png_with(&png, b"eXIf", exif),
                png_with(&png, b"tEXt", &legacy),
                png_with(&png, b"zTXt", &packed),
                with_riff_chunk(&webp, b"EXIF", exif),
            ] {
                let picture = decoded(&bytes).picture;
                assert_eq!((picture.width(), picture.pixels()), (23, upright.as_raw().as_slice()));
                let header = Header::parse("header", &bytes).unwrap();
                assert_eq!((header.width, header.height), (23, 17));
            }
            let xmp = app(&jpeg, 0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>");
            for bytes in [app(&jpeg, 0xE1, exif), app(&xmp, 0xE1, exif), segment_before_frame(&xmp, 0xE1, exif)] {
                assert_eq!((decoded(&bytes).picture.width(), Header::parse("h", &bytes).unwrap().width), (23, 23));
            }
        }
    }
    // Orientation as a byte or a long, and in TIFF files, classic and big.
    let raw = stored.to_rgb8();
    for big in [false, true] {
        for kind in [1, 3, 4] {
            let bytes = tiff(&raw, &[Tag { tag: 274, kind, values: vec![6] }], big, 1);
            assert_eq!(decoded(&bytes).picture.pixels(), upright.as_raw(), "BigTIFF {big}, type {kind}");
        }
    }
    assert_eq!(Orientation::from_exif(6), Some(Orientation::Rotate90));
}

// Transparency.

#[test]
fn transparency_shows_white() {
    let rgba = image::RgbaImage::from_fn(3, 1, |x, _| image::Rgba([200, 100, 50, [0, 128, 255][x as usize]]));
    let white = [255, 255, 255, 227, 177, 152, 200, 100, 50];
    for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Tiff] {
        assert_eq!(decoded(&encode(&rgba.clone().into(), format)).picture.pixels(), white, "{format:?}");
    }
    let grey = image::GrayAlphaImage::from_fn(2, 1, |x, _| image::LumaA([0, [0, 51][x as usize]]));
    assert_eq!(decoded(&encode(&grey.into(), ImageFormat::Png)).picture.pixels(), [255, 255, 255, 204, 204, 204]);
    let deep = image::ImageBuffer::from_pixel(1, 1, image::Rgba([0_u16, 65_535, 32_768, 32_768]));
    assert_eq!(decoded(&encode(&DynamicImage::ImageRgba16(deep), ImageFormat::Png)).picture.pixels(), [127, 255, 191]);
    // A palette: black that is not there, black that is.
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut png, b"IHDR", &[0, 0, 0, 2, 0, 0, 0, 1, 8, 3, 0, 0, 0]);
    chunk(&mut png, b"PLTE", &[0, 0, 0, 0, 0, 0]);
    chunk(&mut png, b"tRNS", &[0, 255]);
    chunk(&mut png, b"IDAT", &zlib(&[0, 0, 1]));
    chunk(&mut png, b"IEND", &[]);
    assert_eq!(decoded(&png).picture.pixels(), [255, 255, 255, 0, 0, 0]);
}

// Colours.

#[test]
fn colour_profiles_are_converted_to_srgb_in_every_format() {
    let stored = image::RgbImage::from_fn(2, 1, |x, _| image::Rgb([[128, 64, 32], [90, 200, 120]][x as usize]));
    // By the two standards' matrices and curves, computed apart.
    let expected = [146, 62, 23, 0, 201, 116];
    let profile = ColorProfile::new_adobe_rgb().encode().unwrap();
    let png = encode(&stored.clone().into(), ImageFormat::Png);
    let iccp = [&b"Adobe\0\0"[..], &compressed(&profile)].concat();
    let webp = encode(&stored.clone().into(), ImageFormat::WebP);
    let icc_tag = Tag { tag: 34675, kind: 7, values: profile.iter().map(|byte| u64::from(*byte)).collect() };
    for (what, bytes) in [
        ("PNG", png_with(&png, b"iCCP", &iccp)),
        ("WebP", with_riff_chunk(&webp, b"ICCP", &profile)),
        ("TIFF", tiff(&stored, std::slice::from_ref(&icc_tag), false, 1)),
        ("BigTIFF", tiff(&stored, &[icc_tag], true, 1)),
    ] {
        let found = decoded(&bytes);
        assert!(found.warnings.is_empty(), "{what}: {:?}", found.warnings);
        let far = found.picture.pixels().iter().zip(expected).map(|(a, b)| a.abs_diff(b)).max().unwrap();
        assert!(far <= 1, "{what}: {:?}, expected {expected:?}", found.picture.pixels());
    }
}

#[test]
fn a_jpegs_profile_is_put_together_from_its_parts_in_any_order() {
    let flat = image::RgbImage::from_pixel(32, 32, image::Rgb([90, 200, 120]));
    let jpeg = encode(&flat.into(), ImageFormat::Jpeg);
    let profile = ColorProfile::new_adobe_rgb().encode().unwrap();
    let (first, second) = profile.split_at(profile.len() / 2);
    let part = |number: u8, count: u8, data: &[u8]| [&b"ICC_PROFILE\0"[..], &[number, count], data].concat();
    let one = app(&jpeg, 0xE2, &part(1, 1, &profile));
    let two = app(&app(&jpeg, 0xE2, &part(1, 2, first)), 0xE2, &part(2, 2, second));
    let lost = app(&jpeg, 0xE2, &part(1, 2, first));
    assert_eq!(decoded(&one), decoded(&two));
    assert!(worst(&decoded(&one).picture, &decoded(&jpeg).picture) > 30);
    assert_eq!(decoded(&lost).picture, decoded(&jpeg).picture);
    assert!(warnings(&lost)[0].contains("it has 1 of 2 parts"), "{:?}", warnings(&lost));
}

#[test]
fn an_srgb_profile_changes_nothing() {
    let stored = sample(40, 30);
    let png = encode(&stored.clone().into(), ImageFormat::Png);
    let profile = ColorProfile::new_srgb().encode().unwrap();
    let found = decoded(&png_with(&png, b"iCCP", &[&b"sRGB\0\0"[..], &compressed(&profile)].concat()));
    assert_eq!((found.picture.pixels(), found.warnings.len()), (stored.as_raw().as_slice(), 0));
}

#[test]
fn grey_profiles_are_for_grey_and_deep_pictures_are_converted_before_they_are_rounded() {
    let profile = [&b"linear\0\0"[..], &compressed(&ColorProfile::new_gray_with_gamma(1.0).encode().unwrap())].concat();
    let grey = image::GrayImage::from_pixel(2, 2, image::Luma([55]));
    let found = decoded(&png_with(&encode(&grey.into(), ImageFormat::Png), b"iCCP", &profile));
    // 55 / 255 of the light is 128 in sRGB.
    let level = found.picture.pixels()[0];
    assert!((126..=130).contains(&level), "{level}");
    let deep = image::ImageBuffer::from_fn(64, 1, |x, _| image::Luma([(x * 40) as u16]));
    let bytes = encode(&DynamicImage::ImageLuma16(deep), ImageFormat::Png);
    let found = decoded(&png_with(&bytes, b"iCCP", &profile)).picture;
    let levels: std::collections::BTreeSet<u8> = found.pixels().iter().copied().collect();
    assert!(levels.len() > 30, "dark levels of a linear picture stay apart: {levels:?}");
    let colours = encode(&sample(8, 8).into(), ImageFormat::Png);
    assert!(warnings(&png_with(&colours, b"iCCP", &profile))[0].contains("it is for grey"));
}

#[test]
fn a_profile_that_unpacks_to_too_much_is_ignored_without_taking_the_memory() {
    let png = encode(&sample(8, 8).into(), ImageFormat::Png);
    let bomb = [&b"bomb\0\0"[..], &compressed(&vec![0; 64 << 20])].concat();
    assert!(bomb.len() < 1 << 20);
    let found = decoded(&png_with(&png, b"iCCP", &bomb));
    assert_eq!(found.picture, decoded(&png).picture);
    assert!(found.warnings[0].to_string().contains("more than 4 MiB"), "{:?}", found.warnings);
    for data in [&b"no end of its name"[..], b"name\0\x01what", b"name\0\0no zlib data", b"name\0", b""] {
        assert!(warnings(&png_with(&png, b"iCCP", data))[0].contains("profile is ignored"), "{data:?}");
    }
}

// Frames.

#[test]
fn frames_and_pages_are_counted() {
    let mut gif = Vec::new();
    {
        let mut encoder = image::codecs::gif::GifEncoder::new(&mut gif);
        for level in [10, 90, 200] {
            let frame = image::RgbaImage::from_pixel(6, 4, image::Rgba([level, level, level, 255]));
            encoder.encode_frame(image::Frame::new(frame)).unwrap();
        }
    }
    assert_eq!(warnings(&gif), ["the first of 3 frames is used"]);
    let page = sample(5, 4);
    assert_eq!(warnings(&tiff(&page, &[], false, 4)), ["the first of 4 pages is used"]);
    assert!(warnings(&tiff(&page, &[], true, 1)).is_empty());
    let still = encode(&page.clone().into(), ImageFormat::Png);
    let control = |number: u8| [&[0, 0, 0, number, 0, 0, 0, 5, 0, 0, 0, 4][..], &[0; 14]].concat();
    // The still picture is the first of two frames.
    let mut animated = png_with(&still, b"fcTL", &control(0));
    animated = png_with(&animated, b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]);
    let end = animated.len() - 12;
    let mut later = animated[..end].to_vec();
    chunk(&mut later, b"fcTL", &control(1));
    later.extend_from_slice(&animated[end..]);
    assert_eq!(decoded(&still).warnings.len(), 0);
    assert_eq!(warnings(&later)[0], "the first of 2 frames is used");
}

// Floating-point samples.

#[test]
fn floating_point_samples_are_read_by_their_range() {
    let float = |samples: [f32; 3]| {
        let picture = image::ImageBuffer::from_pixel(2, 2, image::Rgb(samples));
        encode(&DynamicImage::ImageRgb32F(picture), ImageFormat::Tiff)
    };
    let found = |samples: [f32; 3]| {
        let found = decoded(&float(samples));
        (found.picture.pixel(1, 1).unwrap(), found.warnings)
    };
    assert_eq!(found([0.0, 0.5, 1.0]), ([0, 128, 255], vec![]));
    assert_eq!(found([0.0, 128.0, 255.0]), ([0, 128, 255], vec![PictureWarning::WideFloats { highest: 255.0 }]));
    assert_eq!(
        found([-0.02, 0.2, 1.02]),
        ([0, 51, 255], vec![PictureWarning::ClampedFloats { lowest: -0.02, highest: 1.02 }])
    );
    assert!(message(&float([0.0, 900.0, 65_535.0])).contains("floating-point samples from 0 to 65535"));
    assert!(message(&float([0.0, f32::NAN, 1.0])).contains("no numbers"));
}

// What is no picture here.

#[test]
fn pictures_that_are_not_read_are_named() {
    for (bytes, named) in [
        (&b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"[..], "a HEIC picture"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "a HEIC picture"),
        (b"\0\0\0\x1Cftypavif\0\0\0\0avifmif1miaf", "an AVIF picture"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", "an AVIF picture"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp41", "a video"),
        (b"\0\0\0\x0CJXL \r\n\x87\n", "a JPEG XL picture"),
        (b"8BPS\0\x01\0\0", "a Photoshop file"),
        (b"%PDF-1.7", "a PDF file"),
        (b"\0\0\x01\0\x01\0\x10\x10", "an icon"),
    ] {
        let text = message(bytes);
        assert!(text.starts_with("odd.jpg: expected a PNG") && text.contains(named), "{text}");
    }
}

// Anything at all.

/// The kinds of headers that random bytes follow.
fn starts() -> Vec<Vec<u8>> {
    let picture = DynamicImage::from(sample(16, 12));
    let jpeg = encode(&picture, ImageFormat::Jpeg);
    let png = encode(&picture, ImageFormat::Png);
    let webp = encode(&picture, ImageFormat::WebP);
    let profile = ColorProfile::new_adobe_rgb().encode().unwrap();
    let iccp = [&b"name\0\0"[..], &compressed(&profile)].concat();
    let exif = exif_block(6, false);
    let icc_tag = Tag { tag: 34675, kind: 7, values: profile.iter().map(|byte| u64::from(*byte)).collect() };
    vec![
        app(&app(&jpeg, 0xE2, &[&b"ICC_PROFILE\0\x01\x01"[..], &profile].concat()), 0xE1, &exif),
        png_with(&png_with(&png, b"iCCP", &iccp), b"eXIf", &exif),
        with_riff_chunk(&webp, b"ICCP", &profile),
        with_riff_chunk(&webp, b"EXIF", &exif),
        tiff(&sample(16, 12), std::slice::from_ref(&icc_tag), false, 3),
        tiff(&sample(16, 12), &[icc_tag, Tag { tag: 274, kind: 3, values: vec![6] }], true, 2),
        encode(&picture, ImageFormat::Gif),
        encode(&picture, ImageFormat::Bmp),
        b"P6 4 4 255\n".to_vec(),
        b"P7\nWIDTH 2\nHEIGHT 2\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n".to_vec(),
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".to_vec(),
        Vec::new(),
    ]
}

/// Any bytes give a picture or an error that names the file, soon, and never a panic.
#[test]
fn any_bytes_are_a_picture_or_an_error() {
    let mut random = portraitist_face::mersenne::MersenneTwister::new(15);
    let mut draw = move |below: usize| (random.uniform() * below as f64) as usize;
    let mut decoded = 0;
    for start in starts() {
        for round in 0..400 {
            let mut bytes = start.clone();
            for _ in 0..draw(6) {
                if !bytes.is_empty() {
                    let at = if round % 2 == 0 { draw(bytes.len()) } else { draw(bytes.len().min(200)) };
                    bytes[at] = [draw(256) as u8, 0, 0xFF, bytes[at] ^ (1 << draw(8))][draw(4)];
                }
            }
            match draw(4) {
                0 => bytes.truncate(draw(bytes.len() + 1)),
                1 => bytes.extend((0..draw(40)).map(|_| draw(256) as u8)),
                _ => {}
            }
            let began = std::time::Instant::now();
            match Decoded::decode("any", &bytes) {
                Ok(_) => decoded += 1,
                Err(error) => assert!(error.to_string().starts_with("any: "), "{error}"),
            }
            let _ = Header::parse("any", &bytes);
            assert!(began.elapsed().as_secs() < 20, "{:?} took {:?}", &bytes[..bytes.len().min(40)], began.elapsed());
        }
    }
    assert!(decoded > 500, "{decoded} pictures: the test damages everything");
}

/// Any bytes are a list, or an error that names the file.
#[test]
fn any_bytes_are_a_list_or_an_error() {
    let place = tempfile::tempdir().unwrap();
    let list = place.path().join("list.txt");
    let mut random = portraitist_face::mersenne::MersenneTwister::new(16);
    let mut draw = move |below: usize| (random.uniform() * below as f64) as usize;
    let pieces: [&[u8]; 10] =
        [b"\xFF\xFE", b"\xFE\xFF", b"\xEF\xBB\xBF", b"\t", b"\r\n", b"\r", b"a.png", b"/", b"..", b"\xE9"];
    for _ in 0..300 {
        let mut bytes = Vec::new();
        for _ in 0..draw(20) {
            match draw(3) {
                0 => bytes.push(draw(256) as u8),
                _ => bytes.extend_from_slice(pieces[draw(pieces.len())]),
            }
        }
        std::fs::write(&list, &bytes).unwrap();
        if let Err(error) = portraitist_face::dataset::read_list(&list) {
            assert!(error.to_string().contains("list.txt"), "{error}");
        }
    }
}
