//! The bundled detector on the bundled portrait, and the way from photo to crop and back.

use portraitist_face::align::{PasteMask, align, paste};
use portraitist_face::detect::{Face, FaceDetector, SeetaFace};
use portraitist_face::edit::Border;
use portraitist_face::template::Template;
use portraitist_face::{Picture, bundled_portrait, edit};

fn portrait() -> Picture {
    Picture::decode("bundled portrait", bundled_portrait()).unwrap()
}

#[test]
fn the_bundled_portrait_has_one_clear_face() {
    let photo = portrait();
    let faces = SeetaFace::new().unwrap().detect(&photo).unwrap();
    assert!(!faces.is_empty());
    let face = faces[0];
    let [left_eye, right_eye, nose, left_mouth, right_mouth] = face.points;
    assert!(left_eye[0] < right_eye[0] && left_mouth[0] < right_mouth[0]);
    assert!(left_eye[1] < nose[1] && nose[1] < left_mouth[1]);
    assert!(face.score > 4.0 && face.bounds.width > 0.2 * photo.width() as f64);
}

#[test]
fn boxes_follow_the_size_of_the_picture() {
    let detector = SeetaFace::new().unwrap();
    let photo = portrait();
    let face = detector.detect(&photo).unwrap()[0].bounds;
    for scale in [0.25, 0.5, 2.0] {
        let side = |length: usize| (length as f64 * scale) as usize;
        let scaled = edit::resize(&photo, side(photo.width()), side(photo.height())).unwrap();
        let found = detector.detect(&scaled).unwrap()[0].bounds;
        let off = (found.x / scale - face.x).abs().max((found.width / scale - face.width).abs());
        assert!(off < 0.2 * face.width, "scale {scale}: {found:?} is not {face:?}");
    }
}

#[test]
fn pictures_without_a_face_give_an_empty_list() {
    let detector = SeetaFace::new().unwrap();
    for (width, height) in [(1, 1), (3, 900), (200, 200)] {
        let empty = Picture::filled(width, height, [90, 120, 150]).unwrap();
        assert!(detector.detect(&empty).unwrap().is_empty(), "{width}x{height}");
    }
}

#[test]
fn the_crop_of_a_detected_face_goes_back_where_it_was() {
    let photo = portrait();
    let face = SeetaFace::new().unwrap().detect(&photo).unwrap()[0];
    let aligned = align(&photo, &face.points, &Template::ORIGINAL, Border::Replicate).unwrap();
    let back = paste(&photo, &aligned.crop, &aligned.transform, 200, 232, PasteMask::default()).unwrap();
    let total: u64 = back.pixels().iter().zip(photo.pixels()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    assert!(total as f64 / (photo.pixels().len() as f64) < 3.0);
}

#[test]
fn small_faces_in_a_wide_view_are_found() {
    let cell = edit::resize(&portrait(), 240, 278).unwrap();
    let mut cells = vec![Picture::filled(240, 278, [130, 140, 150]).unwrap(); 18];
    cells[7] = cell.clone();
    cells[16] = cell;
    let wide = portraitist_face::edit::grid(&cells, 6, 0, [0; 3]).unwrap();
    let faces = SeetaFace::new().unwrap().detect(&wide).unwrap();
    for column_row in [[1.0, 1.0], [4.0, 2.0]] {
        let inside = |Face { bounds: face, .. }: &&Face| {
            let middle = [(face.x + face.width / 2.0) / 240.0, (face.y + face.height / 2.0) / 278.0];
            middle.map(f64::floor) == column_row
        };
        assert!(faces.iter().find(inside).is_some(), "{column_row:?} is missing in {faces:?}");
    }
}
