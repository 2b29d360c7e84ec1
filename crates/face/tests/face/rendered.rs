//! What the renderers make, against what they made before: a change that nobody meant is seen.
//!
//! `tests/golden/rendered` holds small copies of every picture and the landmarks. After a change that is meant, write them again and look at them:
//! `PORTRAITIST_WRITE_GOLDEN=1 cargo test --release --workspace --test face -- rendered`.

use std::path::PathBuf;

use portraitist_face::drawing::Technique;
use portraitist_face::synthetic::{Artist, Identity, Points, Portrait, Shot, Sketch, draw_caricature, photograph};
use portraitist_face::transform::Point;
use portraitist_face::{Picture, bundled_portrait, edit};

/// Width and height of a synthetic picture, and of its copy.
const SIDE: usize = 96;
const COPY: usize = 24;
/// Grey levels that a copy may be off: other processors round the sines of a stroke differently.
const MOST: u8 = 3;
const MOST_IN_THE_MEAN: f64 = 0.1;

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/rendered").join(name)
}

fn is_writing() -> bool {
    std::env::var_os("PORTRAITIST_WRITE_GOLDEN").is_some()
}

/// Compares copies of pictures with those in a grid, ten in a row.
fn compare(name: &str, pictures: &[Picture]) {
    let copies: Vec<Picture> = pictures.iter().map(|picture| edit::resize(picture, COPY, COPY).unwrap()).collect();
    let rows = copies.len().div_ceil(10);
    let mut pixels = vec![0; 3 * 10 * COPY * rows * COPY];
    for (index, copy) in copies.iter().enumerate() {
        for (y, row) in copy.pixels().chunks_exact(3 * COPY).enumerate() {
            let start = 3 * ((index / 10 * COPY + y) * 10 * COPY + index % 10 * COPY);
            pixels[start..start + row.len()].copy_from_slice(row);
        }
    }
    let found = Picture::from_rgb(10 * COPY, rows * COPY, pixels).unwrap();
    if is_writing() {
        return found.save(golden(name), true).unwrap();
    }
    let expected = Picture::open(golden(name)).unwrap();
    assert_eq!([found.width(), found.height()], [expected.width(), expected.height()], "{name}");
    for index in 0..copies.len() {
        let (left, top) = (index % 10 * COPY, index / 10 * COPY);
        let at = |picture: &Picture, x: usize, y: usize| picture.pixel(left + x, top + y).unwrap();
        let places = (0..COPY).flat_map(|y| (0..COPY).map(move |x| (x, y)));
        let differences: Vec<u8> = places
            .flat_map(|(x, y)| {
                let [found, expected] = [&found, &expected].map(|picture| at(picture, x, y));
                [0, 1, 2].map(|channel| found[channel].abs_diff(expected[channel]))
            })
            .collect();
        let mean = differences.iter().map(|value| f64::from(*value)).sum::<f64>() / differences.len() as f64;
        let most = differences.into_iter().max().unwrap();
        assert!(
            most <= MOST && mean <= MOST_IN_THE_MEAN,
            "{name}, picture {index}: {most} levels, {mean:.3} in the mean"
        );
    }
}

/// Compares landmarks, to a hundredth of a pixel.
fn compare_points(name: &str, portraits: &[Portrait]) {
    let all = |points: &Points| -> Vec<Point> { points.webcaricature.iter().chain(&points.ibug).copied().collect() };
    let found: Vec<Vec<Point>> = portraits.iter().map(|portrait| all(&portrait.points)).collect();
    if is_writing() {
        let rounded = |value: f64| (value * 1000.0).round() / 1000.0;
        let rounded: Vec<Vec<Point>> =
            found.iter().map(|points| points.iter().map(|point| point.map(rounded)).collect()).collect();
        return std::fs::write(golden(name), serde_json::to_string(&rounded).unwrap()).unwrap();
    }
    let expected: Vec<Vec<Point>> = serde_json::from_slice(&std::fs::read(golden(name)).unwrap()).unwrap();
    assert_eq!(found.len(), expected.len());
    for (index, (found, expected)) in found.iter().flatten().zip(expected.iter().flatten()).enumerate() {
        let distance = (found[0] - expected[0]).hypot(found[1] - expected[1]);
        assert!(distance < 0.01, "{name}, point {index}: {found:?} for {expected:?}");
    }
}

#[test]
fn synthetic_photos_are_as_they_were() {
    let photos: Vec<Portrait> =
        (0..20).map(|n| photograph(&Identity::sample(5, n), &Shot::sample(70 + n), SIDE).unwrap()).collect();
    compare_points("photos.json", &photos);
    compare("photos.png", &photos.into_iter().map(|photo| photo.picture).collect::<Vec<_>>());
}

#[test]
fn synthetic_drawings_are_as_they_were() {
    let drawings: Vec<Portrait> = (0..20)
        .map(|n| {
            let (artist, sketch) = (Artist::sample(5, n % 8), Sketch::sample(n, 0.5 + n as f32 / 20.0));
            draw_caricature(&Identity::sample(5, n), &artist, &sketch, SIDE).unwrap()
        })
        .collect();
    compare_points("drawings.json", &drawings);
    compare("drawings.png", &drawings.into_iter().map(|drawing| drawing.picture).collect::<Vec<_>>());
}

#[test]
fn drawings_of_photos_are_as_they_were() {
    let photo = Picture::decode("bundled portrait", bundled_portrait()).unwrap();
    let photo = edit::resize(&photo, 2 * SIDE, 2 * SIDE).unwrap();
    let person = photograph(&Identity::sample(5, 3), &Shot::sample(73), 2 * SIDE).unwrap();
    let drawings: Vec<Picture> = Technique::ALL
        .into_iter()
        .flat_map(|technique| {
            let of_photo = technique.draw(&photo, None, 4).unwrap();
            [of_photo, technique.draw(&person.picture, Some(&person.points.ibug), 5).unwrap()]
        })
        .collect();
    compare("techniques.png", &drawings);
}
