//! MediaPipe's face networks against LiteRT (`tests/golden/face_networks/README.md`), and the detector made of them.

use std::path::{Path, PathBuf};

use portraitist_face::Picture;
use portraitist_face::align::{PasteMask, align, paste};
use portraitist_face::detect::LandmarkedFace;
use portraitist_face::edit::{self, Border};
use portraitist_face::synthetic::{Identity, Shot, photograph};
use portraitist_face::template::Template;
use portraitist_face::transform::Point;
use portraitist_nn::builtin;
use portraitist_nn::detection::{FaceMeshDetector, Pyramid, Region, Sampling};
use portraitist_nn::inference::dense::DenseMemory;
use portraitist_nn::networks::mediapipe::{BlazeFace, FaceMesh, Iris, Range};
use portraitist_nn::weights::{ModelFile, NamedArrays, WeightsError, read_arrays};

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/face_networks")
}

fn expected() -> NamedArrays {
    read_arrays(&golden().join("expected.safetensors")).expect("golden data is there")
}

fn arrays(name: &str) -> NamedArrays {
    let (_, bytes) = builtin::FACE_NETWORKS.into_iter().find(|(known, _)| *known == name).expect("a built-in network");
    ModelFile::from_bytes(bytes, name).expect("a model file").arrays
}

fn portrait() -> Picture {
    Picture::decode("portrait.jpg", portraitist_face::bundled_portrait()).expect("the bundled portrait")
}

/// A square image: side and RGB bytes.
type Square = (usize, Vec<u8>);

fn read_square(name: &str) -> Square {
    let picture = Picture::open(golden().join(name)).expect("golden picture");
    (picture.height(), picture.into_pixels())
}

/// The image whose pixel at row and column is that of `place`, grey where there is none.
fn rearranged(side: usize, (from_side, pixels): &Square, place: impl Fn(usize, usize) -> Option<[usize; 2]>) -> Square {
    let mut image = Vec::with_capacity(3 * side * side);
    for index in 0..side * side {
        match place(index / side, index % side) {
            Some([y, x]) => image.extend_from_slice(&pixels[3 * (y * from_side + x)..][..3]),
            None => image.extend([127; 3]),
        }
    }
    (side, image)
}

/// Every `step`-th pixel on a grey square, as `on_grey` in `make.py`.
fn on_grey(side: usize, face: &Square, step: usize, [left, top]: [usize; 2]) -> Square {
    let size = face.0.div_ceil(step);
    rearranged(side, face, |y, x| {
        let (y, x) = (y.checked_sub(top)?, x.checked_sub(left)?);
        (y < size && x < size).then_some([y * step, x * step])
    })
}

fn values((_, pixels): &Square, [black, white]: [f32; 2]) -> Vec<f32> {
    pixels.iter().map(|value| black + (white - black) * f32::from(*value) / 255.0).collect()
}

/// Within 1e-2 of the largest magnitude.
fn assert_close(found: &[f32], expected: &[f32], name: &str) {
    assert_eq!(found.len(), expected.len(), "{name}");
    let largest = expected.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
    let error = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(error <= 1e-2 * largest, "{name}: {error} of {largest}");
}

fn check_detector(range: Range, name: &str, case: &str, square: &Square, expected: &NamedArrays) {
    let network = BlazeFace::new(range, arrays(name), Path::new(name)).expect("it fits");
    let mut memory = DenseMemory::default();
    let pixels = values(square, [-1.0, 1.0]);
    network.forward(&pixels, &mut memory).expect("the image fits");
    // Once more, in memory that holds other values.
    let output = network.forward(&pixels, &mut memory).expect("the image fits");
    assert_eq!((output.scores.len(), output.boxes.len()), (network.anchors().len(), network.anchors().len()));
    let part = |part: &str| &expected[&format!("{name}.{case}.{part}")].values;
    let rows: Vec<usize> = part("rows").iter().map(|row| *row as usize).collect();
    let scores: Vec<f32> = rows.iter().map(|row| output.scores[*row]).collect();
    let boxes: Vec<f32> = rows.iter().flat_map(|row| output.boxes[*row]).collect();
    assert_close(&scores, part("small"), &format!("{name}, {case}, scores"));
    assert_close(&boxes, part("large"), &format!("{name}, {case}, boxes"));
}

#[test]
fn detectors_say_what_litert_says() {
    let expected = expected();
    for name in ["portrait", "synthetic"] {
        let face = read_square(&format!("{name}.png"));
        check_detector(Range::Full, "blaze_face_full", name, &face, &expected);
        let half = on_grey(192, &face, 2, [40, 60]);
        check_detector(Range::Full, "blaze_face_full", &format!("{name}_half"), &half, &expected);
        let half = on_grey(128, &face, 2, [10, 20]);
        check_detector(Range::Short, "blaze_face_short", &format!("{name}_half"), &half, &expected);
        let third = on_grey(128, &face, 3, [50, 30]);
        check_detector(Range::Short, "blaze_face_short", &format!("{name}_third"), &third, &expected);
    }
}

#[test]
fn mesh_says_what_litert_says() {
    let expected = expected();
    let network = FaceMesh::new(arrays("face_mesh"), Path::new("face_mesh")).expect("it fits");
    let mut memory = DenseMemory::default();
    let portrait = read_square("portrait.png");
    let cases = [
        ("portrait", portrait.clone()),
        ("synthetic", read_square("synthetic.png")),
        ("mirrored", rearranged(192, &portrait, |y, x| Some([y, 191 - x]))),
        ("quarter_turn", rearranged(192, &portrait, |y, x| Some([x, 191 - y]))),
        ("half", on_grey(192, &portrait, 2, [48, 48])),
    ];
    for (case, square) in cases {
        let output = network.forward(&values(&square, [0.0, 1.0]), &mut memory).expect("the image fits");
        let part = |part: &str| &expected[&format!("face_mesh.{case}.{part}")].values;
        let found: Vec<f32> = output.points.into_iter().flatten().collect();
        assert_close(&found, part("large"), case);
        // In pixels of the input, where the face is upright.
        let error = found.iter().zip(part("large")).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(error < if case == "quarter_turn" { 2.0 } else { 0.2 }, "{case}: {error} pixels");
        // A logit whose size says how sure the network is: near 0 the rounded weights show.
        let (flag, expected) = (output.flag, part("small")[0]);
        assert!((flag - expected).abs() <= 1e-2 * expected.abs() + 0.1, "{case}: flag {flag}, expected {expected}");
    }
}

#[test]
fn iris_network_says_what_litert_says() {
    let expected = expected();
    let network = Iris::new(arrays("iris"), Path::new("iris")).expect("it fits");
    let picture = Picture::open(golden().join("eyes.png")).expect("golden picture");
    for (index, case) in ["left_eye", "right_eye"].into_iter().enumerate() {
        let rows = picture.pixels().chunks_exact(3 * 128);
        let square = (64, rows.flat_map(|row| row[3 * 64 * index..][..3 * 64].to_vec()).collect());
        let mut memory = DenseMemory::default();
        let output = network.forward(&values(&square, [0.0, 1.0]), &mut memory).expect("the image fits");
        let part = |part: &str| &expected[&format!("iris.{case}.{part}")].values;
        assert_close(output.outline.as_flattened(), part("large"), case);
        assert_close(output.iris.as_flattened(), part("small"), case);
    }
}

#[test]
fn points_of_turned_squares_lie_where_litert_finds_them() {
    let expected = expected();
    let network = FaceMesh::new(arrays("face_mesh"), Path::new("face_mesh")).expect("it fits");
    let portrait = portrait();
    let pyramid = Pyramid::new(&portrait);
    for case in ["upright", "turned", "tight"] {
        let square = &expected[&format!("square.{case}")].values;
        let [x, y, side, degrees] = [0, 1, 2, 3].map(|index| f64::from(square[index]));
        let region = Region { middle: [x, y], side, angle: degrees.to_radians() };
        let sampling = Sampling { side: 192, offset: 0.0, range: [0.0, 1.0], mirrored: false, continued: true };
        let pixels = pyramid.sample(&region, &sampling);
        let output = network.forward(&pixels, &mut DenseMemory::default()).expect("the image fits");
        let points = expected[&format!("square.{case}.points")].values.as_chunks::<2>().0;
        for (index, (found, expected)) in output.points.iter().zip(points).enumerate() {
            let [x, y] = region.place([0, 1].map(|axis| f64::from(found[axis]) / 192.0 - 0.5));
            let error = (x - f64::from(expected[0])).hypot(y - f64::from(expected[1]));
            assert!(error <= 0.5, "{case}, point {index}: {error} pixels");
        }
    }
}

#[test]
fn a_networks_file_must_fit_it() {
    let wrong = FaceMesh::new(arrays("iris"), Path::new("iris")).expect_err("another network");
    let text = wrong.to_string();
    assert!(text.contains("iris") && text.contains("trunk.0.depthwise.weight"), "{text}");
    let mut broken = arrays("face_mesh");
    broken.get_mut("stem.bias").expect("there is one").values[3] = f32::NAN;
    let error = FaceMesh::new(broken, Path::new("broken")).expect_err("not a number");
    assert!(matches!(
        error,
        portraitist_nn::networks::mediapipe::NetworkError::Weights(WeightsError::NotFinite { .. })
    ));
}

/// The bundled portrait's pupils, tip of the nose and corners of the mouth, from LiteRT with MediaPipe's windows; looked at.
const PORTRAIT: [Point; 5] = [[198.7, 201.6], [284.7, 206.7], [238.8, 251.0], [191.4, 279.5], [285.2, 283.7]];

fn largest_error(found: &[Point; 5], expected: &[Point; 5]) -> f64 {
    let errors = found.iter().zip(expected).map(|(a, b)| (a[0] - b[0]).hypot(a[1] - b[1]));
    errors.fold(0.0, f64::max)
}

#[test]
fn detector_finds_the_portrait_upright_and_turned() {
    let portrait = portrait();
    let detector = FaceMeshDetector::new().expect("built-in networks");
    let faces = detector.find(&portrait).expect("networks run");
    assert_eq!(faces.len(), 1);
    let error = largest_error(&faces[0].points.five_points(), &PORTRAIT);
    assert!(error < 2.0 && faces[0].score > 0.9, "{error}, {:?}", faces[0].points.five_points());
    let (width, height) = (portrait.width(), portrait.height());
    let turned: Vec<u8> = (0..width)
        .flat_map(|y| (0..height).map(move |x| (y, x)))
        .flat_map(|(y, x)| portrait.pixel(y, height - 1 - x).expect("inside"))
        .collect();
    let turned = Picture::from_rgb(height, width, turned).expect("the size fits");
    let faces = detector.find(&turned).expect("networks run");
    assert_eq!(faces.len(), 1);
    let expected = PORTRAIT.map(|[x, y]| [height as f64 - 1.0 - y, x]);
    let error = largest_error(&faces[0].points.five_points(), &expected);
    assert!(error < 3.0, "{error}, turned by {}", faces[0].turned_degrees);
}

#[test]
fn detector_finds_nothing_where_nothing_is() {
    let detector = FaceMeshDetector::new().expect("built-in networks");
    for size in [1, 40, 700] {
        let grey = Picture::filled(size, size, [120; 3]).expect("the size fits");
        assert!(detector.find(&grey).expect("networks run").is_empty());
    }
}

#[test]
fn boxes_follow_the_size_of_the_picture_and_crops_go_back() {
    let (photo, detector) = (portrait(), FaceMeshDetector::new().expect("built-in networks"));
    let face = detector.find(&photo).expect("networks run")[0].face();
    for scale in [0.5, 2.0] {
        let side = |length: usize| (length as f64 * scale) as usize;
        let scaled = edit::resize(&photo, side(photo.width()), side(photo.height())).unwrap();
        let found = detector.find(&scaled).expect("networks run")[0].bounds;
        let off = (found.x / scale - face.bounds.x).abs().max((found.width / scale - face.bounds.width).abs());
        assert!(off < 0.1 * face.bounds.width, "scale {scale}: {found:?} is not {:?}", face.bounds);
    }
    let aligned = align(&photo, &face.points, &Template::ORIGINAL, Border::Replicate).unwrap();
    let back = paste(&photo, &aligned.crop, &aligned.transform, 200, 232, PasteMask::default()).unwrap();
    let total: u64 = back.pixels().iter().zip(photo.pixels()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    assert!((total as f64 / photo.pixels().len() as f64) < 3.0);
}

#[test]
fn small_faces_in_a_wide_view_are_found() {
    let cell = edit::resize(&portrait(), 240, 278).unwrap();
    let mut cells = vec![Picture::filled(240, 278, [130, 140, 150]).unwrap(); 18];
    (cells[7], cells[16]) = (cell.clone(), cell);
    let wide = edit::grid(&cells, 6, 0, [0; 3]).unwrap();
    let faces = FaceMeshDetector::new().expect("built-in networks").find(&wide).expect("networks run");
    for column_row in [[1.0, 1.0], [4.0, 2.0]] {
        let inside = |face: &LandmarkedFace| {
            let bounds = face.bounds;
            let middle = [(bounds.x + bounds.width / 2.0) / 240.0, (bounds.y + bounds.height / 2.0) / 278.0];
            middle.map(f64::floor) == column_row
        };
        assert!(faces.iter().any(inside), "{column_row:?} is missing");
    }
}

#[test]
fn frontal_photos_of_synthetic_people_have_a_face() {
    let detector = FaceMeshDetector::new().expect("built-in networks");
    let shots = (0..).map(Shot::sample).filter(|shot| shot.yaw_degrees.abs() <= 15.0);
    let found: Vec<bool> = shots
        .take(40)
        .enumerate()
        .map(|(person, shot)| {
            let photo = photograph(&Identity::sample(5, person as u64), &shot, 160).unwrap();
            let nose = photo.points.webcaricature[12];
            let faces = detector.find(&photo.picture).expect("networks run");
            faces.first().is_some_and(|face| face.bounds.contains(nose))
        })
        .collect();
    let count = found.iter().filter(|found| **found).count();
    assert!(count >= 39, "{count} of 40");
}
