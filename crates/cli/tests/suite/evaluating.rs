//! `evaluate`: numbers, files and bad input.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::program::{Place, npy, tiny_model};

/// The reference's features; says so where they are not there.
#[expect(clippy::print_stderr, reason = "a test says what it skips")]
fn golden() -> Option<std::path::PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/golden/fid");
    if !folder.is_dir() {
        eprintln!("skipped: the reference data fid is not beside this checkout");
        return None;
    }
    Some(folder)
}

pub(crate) fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// Folders `real` and `fake` of some small pictures each.
pub(crate) fn two_sets(place: &Place, count: usize) {
    for (folder, offset) in [("real", 0), ("fake", 40)] {
        for index in 0..count {
            place.write_picture(&format!("{folder}/{index}.png"), 40 + index, 50, index + offset);
        }
    }
}

#[test]
fn features_are_compared_as_the_reference_compares_them() {
    let Some(folder) = golden() else { return };
    let place = Place::new();
    let at = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let expected: Value = serde_json::from_slice(&fs::read(folder.join("expected.json")).unwrap()).unwrap();
    let found = place.run(&["evaluate", "features", &at("real.npy"), &at("fake.npy"), "--json"]).succeeded().json();
    assert_eq!(found["mode"], "features");
    let fid = number(&expected["frechet_distance"]["real_vs_fake"]);
    assert!((number(&found["fid"]) / fid - 1.0).abs() < 1e-6, "{found}");
    assert!((number(&found["kid"]) - number(&expected["kid"]["unbiased_full"])).abs() < 1e-9, "{found}");
    for (part, name) in [("accuracy", "accuracy"), ("real", "accuracy_real"), ("fake", "accuracy_fake")] {
        let value = number(&expected["one_nn_all"][name]);
        assert!((number(&found["one_nearest_neighbour"][part]) - value).abs() < 1e-12, "{found}");
    }
    assert_eq!([&found["num_real"], &found["num_fake"], &found["feature_dim"]], [300, 500, 64]);
    for measure in ["fid", "kid", "one_nearest_neighbour", "precision", "recall", "density", "coverage"] {
        let interval = found["intervals"][measure].as_array().unwrap_or_else(|| panic!("{measure} in {found}"));
        assert!(number(&interval[0]) <= number(&interval[1]), "{measure} in {found}");
    }
    assert!(found["warnings"].as_array().unwrap().iter().any(|warning| warning.as_str().unwrap().contains("2048")));
}

#[test]
fn without_weights_pictures_are_compared_under_another_name() {
    let place = Place::new();
    two_sets(&place, 6);
    let answer = place.run(&["evaluate", "pictures", "real", "fake", "--json"]).succeeded();
    assert!(answer.stderr.contains("pt_inception-2015-12-05-6726825d.pth"), "{answer:?}");
    let found = answer.json();
    assert_eq!(found["mode"], "likeness");
    assert!(found["fid"].is_null() && found["kid"].is_null(), "{found}");
    assert!(number(&found["frechet_distance"]) > 0.0, "{found}");
    assert_eq!([&found["num_real"], &found["num_fake"]], [6, 6]);
    let itself = place.run(&["evaluate", "pictures", "real", "real", "--mode", "face-mesh,likeness", "--json"]);
    let itself = itself.succeeded().json();
    for found in itself["comparisons"].as_array().unwrap() {
        assert!(number(&found["frechet_distance"]) < 1e-6, "{found}");
    }
    let answer = place.run(&["evaluate", "pictures", "real", "fake", "--mode", "pytorch-fid", "--json"]);
    let answer = answer.failed(&[
        "no weights",
        "models/pt_inception-2015-12-05-6726825d.pth",
        "6726825d0af5f729",
        "github.com/mseitzer",
    ]);
    assert!(answer.json()["hint"].as_str().unwrap().contains("--mode likeness"));
}

#[test]
fn parts_merge_to_the_statistics_of_the_whole() {
    let place = Place::new();
    two_sets(&place, 8);
    for (part, pictures) in [("one", 0..3), ("two", 3..8)] {
        fs::create_dir(place.path(part)).unwrap();
        for index in pictures {
            let name = format!("{index}.png");
            fs::copy(place.path(&format!("real/{name}")), place.path(&format!("{part}/{name}"))).unwrap();
        }
    }
    let save = |set: &str, file: &str| {
        place.run(&["evaluate", "pictures", set, "--mode", "likeness", "--save-stats", file, "--json"]).succeeded();
    };
    save("one", "one.npz");
    save("two", "two.npz");
    save("real", "real.npz");
    let merged =
        place.run(&["evaluate", "merge", "one.npz", "two.npz", "-o", "merged.npz", "--json"]).succeeded().json();
    assert_eq!((&merged["num"], &merged["parts"]), (&8.into(), &2.into()));
    place.run(&["evaluate", "merge", "one.npz", "-o", "merged.npz"]).failed(&["merged.npz"]);
    let distance = |real: &str, fake: &str| {
        let found = place.run(&["evaluate", "features", real, fake, "--json"]).succeeded().json();
        number(&found["frechet_distance"])
    };
    assert!(distance("merged.npz", "real.npz") < 1e-6);
    assert!(distance("one.npz", "two.npz") > 1e-3);
    let pictures = place.run(&["evaluate", "pictures", "merged.npz", "fake", "--mode", "likeness", "--json"]);
    assert_eq!(pictures.succeeded().json()["num_real"], 8);
}

#[test]
fn sets_that_cannot_be_compared_are_named() {
    let place = Place::new();
    two_sets(&place, 3);
    for folder in ["empty", "nested/a/b", "single", "broken"] {
        fs::create_dir_all(place.path(folder)).unwrap();
    }
    place.write_picture("single/1.png", 40, 40, 1);
    place.write("broken/1.png", "no picture");
    let run = |words: &[&str]| place.run(&[&["evaluate", "pictures", "--mode", "likeness", "--json"], words].concat());
    run(&["empty", "fake"]).failed(&["empty", "no pictures"]);
    run(&["real", "nested"]).failed(&["nested", "no pictures"]);
    run(&["single", "fake"]).failed(&["single", "at least 2 pictures, found 1"]);
    run(&["nowhere", "fake"]);
    place.write("real/broken.png", "no picture");
    let answer = run(&["real", "fake"]);
    assert_eq!(answer.code, Some(1), "{answer:?}");
    let found = answer.json();
    assert_eq!((&found["num_real"], found["failed"].as_array().unwrap().len()), (&3.into(), 1));
    assert!(found["failed"][0]["input"].as_str().unwrap().ends_with("broken.png"));
    place.write("text.pth", "dear diary");
    place.run(&["evaluate", "pictures", "real", "fake", "--weights", "text.pth"]).failed(&["text.pth"]);
    place.write("text.npy", "1 2 3");
    place.run(&["evaluate", "features", "text.npy", "text.npy"]).failed(&["text.npy", "another kind of file"]);
}

#[test]
fn one_picture_that_cannot_be_read_among_many_is_counted() {
    let place = Place::new();
    two_sets(&place, 40);
    place.write("fake/cut.png", &place.read("fake/7.png")[..60]);
    let answer =
        place.run(&["evaluate", "pictures", "real", "fake", "--mode", "face-mesh", "--resamples", "0", "--json"]);
    assert_eq!(answer.code, Some(1), "{answer:?}");
    let found = answer.json();
    assert_eq!([&found["num_real"], &found["num_fake"]], [40, 40]);
    let failed = found["failed"].as_array().unwrap();
    assert!(failed.len() == 1 && failed[0]["input"].as_str().unwrap().ends_with("cut.png"), "{found}");
    assert!(found["warnings"].to_string().contains("1 of 41 pictures could not be read"), "{found}");
}

#[test]
fn weights_of_other_networks_are_named_as_what_they_are() {
    let place = Place::new();
    two_sets(&place, 2);
    let model = tiny_model();
    let run = |mode: &str| {
        let words = ["evaluate", "pictures", "real", "fake", "--mode", mode, "--weights", model.to_str().unwrap()];
        place.run(&words)
    };
    run("pytorch-fid").failed(&["gen_00000000.pt", "those of a translator"]);
    run("vgg16").failed(&["gen_00000000.pt"]);
}

#[test]
fn features_that_are_no_numbers_are_named_with_their_place() {
    let place = Place::new();
    let mut values: Vec<f32> = (0..24).map(|value| (value * 7 % 11) as f32).collect();
    place.write("good.npy", npy("6, 4", &values));
    for (broken, name) in [(f32::NAN, "NaN"), (f32::NEG_INFINITY, "-inf")] {
        values[4 * 3 + 2] = broken;
        place.write("broken.npy", npy("6, 4", &values));
        for [real, fake] in [["broken.npy", "good.npy"], ["good.npy", "broken.npy"]] {
            place.run(&["evaluate", "features", real, fake]).failed(&["broken.npy", "row 3", "place 2", name]);
        }
        place.run(&["evaluate", "merge", "good.npy", "broken.npy", "-o", "all.npz"]).failed(&["broken.npy", "row 3"]);
    }
    assert!(!place.path("all.npz").exists());
    place.write("other.npy", npy("8, 3", &[0.5; 24]));
    place
        .run(&["evaluate", "features", "good.npy", "other.npy"])
        .failed(&["4 numbers in the first set and 3 in the second"]);
}
