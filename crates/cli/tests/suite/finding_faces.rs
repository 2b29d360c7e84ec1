//! `portraitist detect`: faces, their points, and pictures of them.

use portraitist_face::Picture;
use portraitist_face::drawing::{Technique, draw_portrait};
use serde_json::{Value, json};

use crate::program::Place;

fn points(value: &Value) -> Vec<[f64; 2]> {
    serde_json::from_value(value.clone()).expect("a list of points")
}

#[test]
fn every_set_of_points_of_a_face_is_told() {
    let place = Place::new();
    place.write_portrait("anna.jpg");
    let answer = place.run(&["detect", "anna.jpg", "--json"]).succeeded().json();
    let picture = &answer["pictures"][0];
    assert_eq!((&picture["width"], &picture["height"]), (&json!(480), &json!(556)));
    assert_eq!(picture["faces"].as_array().map(Vec::len), Some(1), "{picture}");
    let face = &picture["faces"][0];
    for (name, count) in [("points5", 5), ("points17", 17), ("points68", 68), ("points468", 468)] {
        assert_eq!(points(&face[name]).len(), count, "{name}");
    }
    let [left, top, width, height]: [f64; 4] = serde_json::from_value(face["box"].clone()).expect("four numbers");
    let is_inside = |[x, y]: &[f64; 2]| (left..=left + width).contains(x) && (top..=top + height).contains(y);
    assert!(points(&face["points68"]).iter().all(is_inside));
    // Left and right are the picture's.
    let five = points(&face["points5"]);
    assert!(five[0][0] < five[2][0] && five[2][0] < five[1][0] && five[2][1] < five[3][1], "{five:?}");
    let errors: Vec<f64> = serde_json::from_value(face["errors68"].clone()).expect("a list of numbers");
    assert!(errors.len() == 68 && errors.iter().all(|error| (0.1..30.0).contains(error)), "{errors:?}");
    let angles = ["pitch", "yaw", "roll"].map(|name| face["pose"][name].as_f64().expect("degrees"));
    assert!(angles.iter().all(|angle| angle.abs() < 20.0), "{angles:?}");
    assert!(face["score"].as_f64().is_some_and(|score| (0.9..=1.0).contains(&score)));
    assert_eq!((&face["kind"], &face["turned_degrees"]), (&json!("photo"), &json!(0)));
}

#[test]
fn drawn_faces_are_told_from_photographed_ones_and_have_the_same_points() {
    let place = Place::new();
    place.write_portrait("anna.jpg");
    let photo = Picture::open(place.path("anna.jpg")).expect("a picture");
    let face =
        |name: &str| place.run(&["detect", name, "--json"]).succeeded().json()["pictures"][0]["faces"][0].clone();
    let wanted = points(&face("anna.jpg")["points68"]);
    let eyes = wanted[45][0] - wanted[36][0];
    for technique in [Technique::Pencil, Technique::PenHatching, Technique::Woodcut] {
        let drawing = draw_portrait(&photo, None, &technique.style(1), 1).expect("a drawing");
        drawing.save(place.path("drawn.png"), true).expect("it is written");
        let found = face("drawn.png");
        assert_eq!(found["kind"], "drawing", "{technique:?}");
        let distance = |(a, b): (&[f64; 2], &[f64; 2])| (a[0] - b[0]).hypot(a[1] - b[1]);
        let mean = points(&found["points68"]).iter().zip(&wanted).map(distance).sum::<f64>() / 68.0;
        assert!(mean < 0.06 * eyes, "{technique:?}: {mean} of {eyes}");
    }
}

#[test]
fn overlays_are_pictures_of_the_same_size_and_replace_nothing() {
    let place = Place::new();
    place.write_portrait("anna.jpg");
    let answer = place.run(&["detect", "anna.jpg", "--draw", "seen", "--json"]).succeeded().json();
    assert_eq!(answer["pictures"][0]["overlay"], "seen/anna.png");
    let overlay = Picture::open(place.path("seen/anna.png")).expect("a picture");
    assert_eq!((overlay.width(), overlay.height()), (480, 556));
    place.run(&["detect", "anna.jpg", "--draw", "seen"]).failed(&["anna.png"]);
    place.run(&["detect", "anna.jpg", "--draw", "seen", "--force"]).succeeded();
}

#[test]
fn a_picture_without_a_face_has_none() {
    let place = Place::new();
    place.write_picture("slopes.png", 200, 200, 3);
    let answer = place.run(&["detect", "slopes.png", "--json"]).succeeded().json();
    assert_eq!(answer["pictures"][0]["faces"], json!([]));
}

/// Two portraits beside each other; the left one is larger.
fn write_two(place: &Place) {
    place.write_portrait("anna.jpg");
    let portrait = Picture::open(place.path("anna.jpg")).expect("the portrait");
    let small = portraitist_face::edit::resize(&portrait, 240, 278).expect("the size fits");
    let mut both = Picture::filled(800, 556, [120, 130, 140]).expect("the size fits");
    for (picture, left) in [(&portrait, 0), (&small, 520)] {
        for (row, source) in picture.pixels().chunks_exact(3 * picture.width()).enumerate() {
            both.pixels_mut()[3 * (row * 800 + left)..][..source.len()].copy_from_slice(source);
        }
    }
    both.save(place.path("two.png"), false).expect("a picture");
}

#[test]
fn of_several_faces_one_is_chosen_and_the_others_are_told() {
    let place = Place::new();
    write_two(&place);
    let answer = place.run(&["align", "two.png", "-o", "first", "--json"]).succeeded().json();
    assert_eq!(answer["crops"].as_array().map(Vec::len), Some(1));
    assert!(answer["warnings"][0].as_str().is_some_and(|text| text.contains("2 faces")), "{answer}");
    place.run(&["align", "two.png", "-o", "second", "--face", "2"]).succeeded();
    assert_ne!(place.read("first/two.png"), place.read("second/two.png"));
    place.run(&["align", "two.png", "-o", "third", "--face", "3"]).failed(&["there is no face 3: 2 found"]);
    place.run(&["align", "two.png", "-o", "all", "--all-faces"]).succeeded();
    assert_eq!(place.files("all"), ["two.png", "two_face2.png"]);
    assert_eq!(place.read("all/two_face2.png"), place.read("second/two.png"));
}

#[test]
fn points_of_a_file_place_the_crop() {
    let place = Place::new();
    place.write_portrait("anna.jpg");
    place.write("five.txt", "198.7 201.6\n284.7 206.7\n238.8 251\n191.4 279.5\n285.2 283.7\n");
    place.run(&["align", "anna.jpg", "-o", "a", "--landmarks", "five.txt"]).succeeded();
    let points = "198.7,201.6,284.7,206.7,238.8,251,191.4,279.5,285.2,283.7";
    place.run(&["align", "anna.jpg", "-o", "b", "--points", points]).succeeded();
    assert_eq!(place.read("a/anna.png"), place.read("b/anna.png"));
    place.write("wrong.txt", "1 2\n3 x\n");
    place.run(&["align", "anna.jpg", "-o", "c", "--landmarks", "wrong.txt"]).failed(&["wrong.txt", "line 2"]);
}

#[test]
fn a_folder_of_people_gets_points_once_and_is_measured_by_them() {
    let place = Place::new();
    place.write_portrait("people/Anna/one.jpg");
    place.write_picture("people/Bert/two.png", 200, 200, 3);
    let answer = place.run(&["dataset", "landmarks", "people", "--json"]).succeeded().json();
    assert_eq!((&answer["written"], &answer["kept"]), (&json!(1), &json!(0)), "{answer}");
    assert_eq!(answer["doubtful"][0]["picture"], "Bert/two");
    let written = place.read("people/FacialPoints/Anna/one.txt");
    assert_eq!(String::from_utf8_lossy(&written).lines().count(), 17);
    assert!(place.path("people/FacialPoints/doubtful.csv").is_file());
    let again = place.run(&["dataset", "landmarks", "people", "--json"]).succeeded().json();
    assert_eq!((&again["written"], &again["kept"]), (&json!(0), &json!(1)));
    assert_eq!(place.read("people/FacialPoints/Anna/one.txt"), written);
    let measured = place.run(&["landmarks", "evaluate", "people", "--json"]).succeeded().json();
    assert_eq!((&measured["pictures"], &measured["found"]), (&json!(1), &json!(1)));
    assert!(measured["error"]["mean"].as_f64().is_some_and(|error| error < 0.01), "{measured}");
}
