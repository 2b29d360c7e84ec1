//! The transforms against the original's numbers; see tests/golden/README.md.

use std::path::PathBuf;

use portraitist_face::edit::{self, CropPlace, CropTransform};
use portraitist_face::{Picture, original_2018};
use safetensors::SafeTensors;
use serde_json::Value;

fn golden(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/transforms").join(file)
}

fn floats(tensors: &SafeTensors<'_>, key: &str) -> Vec<f32> {
    let bytes = tensors.tensor(key).unwrap().data().to_vec();
    bytes.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect()
}

fn pair(case: &Value, key: &str) -> (usize, usize) {
    let at = |index: usize| case[key][index].as_u64().unwrap() as usize;
    (at(0), at(1))
}

#[test]
fn training_transform_matches_the_original_exactly() {
    let cases: Vec<Value> = serde_json::from_slice(&std::fs::read(golden("cases.json")).unwrap()).unwrap();
    let bytes = std::fs::read(golden("expected.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    for case in &cases {
        let key = case["tensor"].as_str().unwrap();
        let picture = Picture::open(golden(case["image"].as_str().unwrap())).unwrap();
        let flip = case["flip_first"].as_bool().unwrap();
        let (crop_height, crop_width) = pair(case, "crop_hw");
        let (top, left) = pair(case, "crop_top_left");
        let recognition = case.get("pipeline").is_some();
        let crop = if recognition {
            let (height, width) = pair(case, "resize_to_hw");
            let flipped = if flip { edit::flip(&picture) } else { picture };
            let resized = edit::resize(&flipped, width, height).unwrap();
            edit::crop(&resized, left, top, crop_width, crop_height).unwrap()
        } else {
            let shorter_side = case["resize_shorter_side"].as_u64().map(|side| side as usize);
            let place = CropPlace::At { left, top };
            CropTransform { flip, shorter_side, crop_width, crop_height, place }.apply(&picture).unwrap()
        };
        let mut found = crop.pixels().to_vec();
        if recognition {
            found.chunks_exact_mut(3).for_each(<[u8]>::reverse); // stored as BGR
        }
        assert!(found == tensors.tensor(key).unwrap().data(), "{key}: 8-bit crop differs");
    }
    assert_eq!(cases.len(), 11);
}

#[test]
fn sample_sheets_are_written_as_the_original_wrote_them() {
    let bytes = std::fs::read(golden("grid_input.safetensors")).unwrap();
    let images = floats(&SafeTensors::deserialize(&bytes).unwrap(), "images"); // [2, 3, 20, 18]
    let (first, second) = images.split_at(3 * 20 * 18);
    let sheet = original_2018::grid_normalised(18, 20, &[first, second], 2).unwrap();
    assert_eq!(sheet, Picture::open(golden("grid_normalised.png")).unwrap());
    let single = original_2018::save_image(18, 20, first).unwrap();
    assert_eq!(single, Picture::open(golden("save_image_first.png")).unwrap());
}

#[test]
fn resizing_matches_pillow_exactly_whichever_side_goes_first() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/resize");
    let source = Picture::open(folder.join("source.png")).unwrap();
    for (width, height) in [(20, 9), (41, 30), (30, 60), (36, 20), (37, 10), (12, 40), (90, 91), (33, 44)] {
        let expected = Picture::open(folder.join(format!("{width}x{height}.png"))).unwrap();
        assert!(edit::resize(&source, width, height).unwrap() == expected, "{width}x{height}");
    }
}

#[test]
fn files_of_many_kinds_are_read_as_pillow_reads_them() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/formats");
    for (file, tolerance) in [
        ("alpha.png", 0),
        ("alpha.webp", 0),
        ("bits.pbm", 0),
        ("lzw.tiff", 0),
        ("palette.bmp", 0),
        ("palette.gif", 0),
        ("palette.png", 0),
        ("grey.jpg", 6),
        ("progressive.jpg", 6),
        ("subsampled.jpg", 6),
        ("lossy.webp", 6),
        ("cmyk.jpg", 8),
    ] {
        let found = original_2018::open_picture(folder.join(file)).unwrap();
        let expected = format!("expected_{}.png", file.replace('.', "_"));
        let expected = original_2018::open_picture(folder.join(expected)).unwrap();
        assert_eq!((found.width(), found.height()), (expected.width(), expected.height()), "{file}");
        let worst = found.pixels().iter().zip(expected.pixels()).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        assert!(worst <= tolerance, "{file}: off by {worst}");
    }
}
