//! `portraitist detect`: faces, their points, and pictures of them.

use portraitist_face::Picture;
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
    assert_eq!((&face["kind"], &face["turned_degrees"]), (&Value::Null, &json!(0)));
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
