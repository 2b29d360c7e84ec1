//! `evaluate run` and `evaluate compare`: on runs, on models, and on pictures that nobody can measure.

use std::collections::BTreeSet;
use std::fs;

use portraitist_face::bundled_portrait;
use serde_json::Value;

use crate::program::{Place, tiny_model};

const QUICK: [&str; 8] = ["--varied", "2", "--pairs", "2", "--resamples", "40", "--kid-subsets", "3"];

/// A place with a trained run that has test pictures.
fn place() -> Place {
    let test = "photos = \"photo\"\ntest_drawings = \"test/drawing\"\ntest_photos = \"test/photo\"";
    let place = Place::with_run(&[("photos = \"photo\"", test)]);
    for seed in 0..4 {
        let person = ["anna", "bo"][seed % 2];
        place.write_picture(&format!("test/drawing/{person}/{seed}.png"), 40, 40, 3 * seed + 1);
        place.write_picture(&format!("test/photo/{person}/{seed}.png"), 40, 40, 5 * seed + 2);
    }
    place.train(&[]).succeeded();
    place
}

fn measures<'a>(run: &'a Value, to: &str) -> &'a [Value] {
    let directions = run["directions"].as_array().unwrap();
    directions.iter().find(|direction| direction["to"] == to).unwrap()["measures"].as_array().unwrap()
}

fn names(measures: &[Value]) -> BTreeSet<&str> {
    measures.iter().map(|measure| measure["name"].as_str().unwrap()).collect()
}

fn value(measures: &[Value], name: &str) -> f64 {
    let found = measures.iter().find(|measure| measure["name"] == name);
    found.and_then(|measure| measure["value"].as_f64()).unwrap_or_else(|| panic!("{name} in {measures:?}"))
}

#[test]
fn a_run_is_measured_on_its_own_test_pictures_and_the_report_stands_alone() {
    let place = place();
    place.write("groups.csv", "anna,left\nbo,right\n");
    let words = ["evaluate", "run", "runs/00001-tiny", "-o", "report.html", "--groups", "groups.csv", "--json"];
    let found = place.run(&[&words[..], &QUICK].concat()).succeeded().json();
    let run = &found["runs"][0];
    for to in ["drawing", "photo"] {
        let measures = measures(run, to);
        let expected = [
            "identity_cosine",
            "identity_vr_far_0_01",
            "identity_rank1",
            "frechet_distance",
            "kernel_distance",
            "one_nearest_neighbour",
            "nearest_training_distance",
            "diversity",
            "ms_ssim",
            "checkerboard_period_2_db",
            "checkerboard_period_4_db",
            "colourfulness",
        ];
        let missing: Vec<&&str> = expected.iter().filter(|name| !names(measures).contains(*name)).collect();
        assert!(missing.is_empty(), "{missing:?} in {measures:?}");
        assert!(!names(measures).contains("fid"), "no FID without its weights");
        for measure in measures {
            assert!(measure["value"].is_f64() && measure["date"].is_string(), "{measure}");
            assert!(measure["device"].as_str().unwrap().starts_with("cpu"), "{measure}");
            if let Some([low, high]) = measure["interval"].as_array().map(|ends| [&ends[0], &ends[1]]) {
                assert!(low.as_f64().unwrap() <= high.as_f64().unwrap(), "{measure}");
            }
        }
        let networks = ["identity_cosine", "frechet_distance", "diversity", "nearest_training_distance"];
        for measure in measures.iter().filter(|measure| networks.contains(&measure["name"].as_str().unwrap())) {
            assert_eq!(measure["weights_sha256"].as_str().map(str::len), Some(64), "{measure}");
        }
        let groups: BTreeSet<&str> = measures.iter().filter_map(|measure| measure["group"].as_str()).collect();
        assert_eq!(groups, BTreeSet::from(["left", "right"]));
        assert!(
            measures.iter().any(|measure| measure["name"] == "diversity"
                && measure["mode"] == "lpips-form over likeness, 2 pairs an input")
        );
        assert!((-1.0..=1.0).contains(&value(measures, "identity_cosine")));
    }
    let page = String::from_utf8(place.read("report.html")).unwrap();
    check_page(&page);
    // The log's curves, the grid, the hash of the weights.
    assert!(page.contains("generator.total") && page.contains("<svg") && page.contains("with random styles"), "curves");
    assert!(page.contains(run["model_sha256"].as_str().unwrap()) && page.contains("picture of the training"));
    let again = place.run(&[&words[..], &QUICK].concat());
    again.failed(&["report.html", "--force"]);
}

/// It asks for nothing: every address is data, or a name space.
fn check_page(page: &str) {
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("prefers-color-scheme: dark"));
    for part in page.split("src=\"").skip(1) {
        assert!(part.starts_with("data:image/"), "{}", &part[..40]);
    }
    for word in ["<script", "<link", "@import", "url(", "href="] {
        assert!(!page.contains(word), "{word}");
    }
    assert_eq!(page.matches("http").count(), page.matches("http://www.w3.org/2000/svg").count());
}

#[test]
fn measuring_twice_gives_the_same_numbers_and_another_seed_others() {
    let place = place();
    let run = |seed: &str| {
        let words = ["evaluate", "run", "runs/00001-tiny", "--seed", seed, "--json"];
        let mut found = place.run(&[&words[..], &QUICK].concat()).succeeded().json();
        found["runs"][0]["directions"].take()
    };
    let first = run("1");
    assert_eq!(first, run("1"));
    assert_ne!(first, run("2"));
}

#[test]
fn runs_are_compared_on_the_same_pictures() {
    let place = place();
    let earlier = "runs/00001-tiny/checkpoints/00000002";
    let words = ["evaluate", "compare", "runs/00001-tiny", earlier, "runs/00001-tiny", "-o", "both.html", "--json"];
    let found = place.run(&[&words[..], &QUICK].concat()).succeeded().json();
    let runs = found["runs"].as_array().unwrap();
    assert_eq!(runs[0]["directions"], runs[2]["directions"], "the same model has the same numbers");
    assert_ne!(runs[0]["directions"], runs[1]["directions"]);
    assert_eq!(names(measures(&runs[0], "photo")), names(measures(&runs[1], "photo")));
    let page = String::from_utf8(place.read("both.html")).unwrap();
    check_page(&page);
    assert!(page.contains(earlier) && page.contains("the same styles"));
    let text = place.run(&[&words[..5], &QUICK].concat()).succeeded().stdout;
    assert!(text.contains("to drawing: diversity") && text.contains("seed 0"), "{text}");
    let alone = place.run(&["evaluate", "compare", "sketch"]);
    assert_eq!(alone.code, Some(2), "{alone:?}");
}

#[test]
fn faces_are_found_in_pictures_that_are_named_and_others_are_counted() {
    let place = Place::new();
    for name in ["photos/anna/1.jpg", "photos/bo/2.jpg", "photos/bo/3.jpg"] {
        place.write(name, bundled_portrait());
    }
    place.write_picture("photos/nobody.png", 90, 90, 4);
    place.write("photos/broken.png", "no picture");
    let model = tiny_model();
    let model = model.to_str().unwrap();
    let answer = place.run(&[&["evaluate", "run", model, "--photos", "photos", "--json"][..], &QUICK].concat());
    assert_eq!(answer.code, Some(1), "{answer:?}");
    let found = answer.json();
    let failed: BTreeSet<&str> =
        found["failed"].as_array().unwrap().iter().map(|failure| failure["error"].as_str().unwrap()).collect();
    assert!(failed.len() == 2 && failed.iter().any(|error| error.contains("no face found")), "{failed:?}");
    let direction = &found["runs"][0]["directions"];
    assert_eq!((direction.as_array().unwrap().len(), &direction[0]["inputs"]), (1, &3.into()), "{direction}");
    let measures = measures(&found["runs"][0], "drawing");
    assert!(names(measures).contains("identity_cosine") && !names(measures).contains("frechet_distance"));
    let warnings = found["warnings"].to_string();
    assert!(warnings.contains("0 real pictures"), "{warnings}");
}

/// The built-in model draws faces that are found again, a tiny one does not: only what is missing is told.
#[test]
fn shapes_count_where_faces_are_found_before_and_after() {
    let place = Place::new();
    for name in ["photos/anna/1.jpg", "photos/bo/2.jpg"] {
        place.write(name, bundled_portrait());
    }
    let tiny = tiny_model();
    let found = [("portrait", true), (tiny.to_str().unwrap(), false)].map(|(model, is_found)| {
        let words = ["evaluate", "run", model, "--photos", "photos", "--json"];
        let found = place.run(&[&words[..], &QUICK].concat()).succeeded().json();
        let warnings = found["warnings"].to_string();
        assert_eq!(warnings.contains("no face was found in input or output"), !is_found, "{model}: {warnings}");
        assert_eq!(warnings.contains("in 2 of 2 pairs"), !is_found, "{model}: {warnings}");
        found
    });
    let measures = measures(&found[0]["runs"][0], "drawing");
    let [input, output] = ["displacement_input", "displacement_output"].map(|name| value(measures, name));
    assert!((0.0..0.3).contains(&input) && (0.0..0.3).contains(&output), "{input} and {output} of the eye distance");
    assert!((value(measures, "exaggeration") - (output - input)).abs() < 1e-9);
}

#[test]
fn what_cannot_be_measured_is_named() {
    let place = Place::new();
    let model = tiny_model();
    let model = model.to_str().unwrap();
    let run = |words: &[&str]| place.run(&[&["evaluate", "run", model, "--aligned"], words].concat());
    place.run(&["evaluate", "run", "sketch"]).failed(&["sketch", "no test pictures", "--photos"]);
    place.run(&["evaluate", "run", "rembrandt", "--photos", "x"]).failed(&["rembrandt", "sketch"]);
    fs::create_dir_all(place.path("empty/below")).unwrap();
    run(&["--photos", "empty"]).failed(&["empty", "no pictures"]);
    run(&["--photos", "nowhere"]).failed(&["nowhere"]);
    place.write_picture("single/1.png", 40, 52, 1);
    run(&["--photos", "single"]).failed(&["at least 2 photos", "found 1 of 1"]);
    place.write_picture("single/2.png", 40, 52, 2);
    place.write("text.pth", "dear diary");
    run(&["--photos", "single", "--vgg16", "text.pth"]).failed(&["text.pth"]);
    run(&["--photos", "single", "--mode", "pytorch-fid"]).failed(&["no weights", "github.com/mseitzer"]);
    run(&["--photos", "single", "--mode", "original-2018"]).failed(&["original-2018", "evaluate pictures"]);
    for (text, found) in [("", "found none"), ("anna left\n", "line 1"), ("anna,\n", "line 1")] {
        place.write("groups.txt", text);
        run(&["--photos", "single", "--groups", "groups.txt"]).failed(&["groups.txt", found]);
    }
}
