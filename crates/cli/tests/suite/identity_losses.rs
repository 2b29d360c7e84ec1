//! `train` with identity losses, which a recogniser computes.

use std::path::{Path, PathBuf};

use crate::program::Place;

/// Tells five people apart and does not say whom.
fn recognizer() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../nn/tests/golden/recognition/small.pth")
}

/// A run of two steps on crops of some people, with an identity term of this form; other changes as in
/// [`Place::with_run`].
fn place(people: &[&str], form: &str, changes: &[(&str, &str)]) -> Place {
    let place = Place::new();
    for (seed, person) in people.iter().enumerate() {
        place.write_picture(&format!("drawing/{person}/0.png"), 96, 112, seed);
        place.write_picture(&format!("photo/{person}/0.png"), 96, 112, 7 * seed);
    }
    let path = recognizer().canonicalize().unwrap();
    let losses = format!(
        "[losses.weights]\nidentity = 2.0\n\n[losses.identity]\nrecognizer = {path:?}\nform = {form}\n\n[record]"
    );
    let size = [("width = 32", "width = 96"), ("height = 32", "height = 112"), ("resize = 34", "resize = 96")];
    let run = [("steps = 8", "steps = 2"), ("[record]", losses.as_str())];
    place.write_run(&[&size[..], &run[..], changes].concat());
    place
}

const FIVE: [&str; 5] = ["ada", "bo", "cy", "di", "eve"];

#[test]
fn every_form_is_trained_with_and_logged() {
    let forms = [
        ("{ kind = \"hinge\", threshold = 1.0 }", false),
        ("{ kind = \"features\" }", false),
        ("{ kind = \"distillation\", temperature = 2.0 }", false),
        ("{ kind = \"classification\" }", true),
        ("{ kind = \"angular\" }", true),
    ];
    for (form, asks_who) in forms {
        let place = place(&FIVE, form, &[]);
        place.train(&[]).succeeded();
        for line in place.log("runs/00001-tiny") {
            let value = |name: &str| line[format!("generator.{name}")].as_f64();
            for domain in ["drawing", "photo"] {
                assert!(value(&format!("identity_{domain}")).is_some_and(|loss| loss > 0.0), "{form}: {line}");
                let accuracy = value(&format!("identity_accuracy_{domain}"));
                assert_eq!(accuracy.is_some(), asks_who, "{form}: {line}");
                assert!(accuracy.is_none_or(|share| (0.0..=1.0).contains(&share)), "{form}: {line}");
            }
            let weights = [("adversarial", 1.0), ("reconstruction", 10.0), ("style", 1.0), ("content", 1.0)];
            let terms = weights.into_iter().chain([("cycle", 10.0), ("identity", 2.0)]).map(|(term, weight)| {
                let both = ["drawing", "photo"].map(|domain| value(&format!("{term}_{domain}")).unwrap());
                weight * (both[0] + both[1])
            });
            let (sum, total) = (terms.sum::<f64>(), value("total").unwrap());
            assert!((sum - total).abs() < 1e-4 * total.abs().max(1.0), "{form}: {sum}, logged {total}");
        }
    }
}

#[test]
fn unusable_identity_losses_are_errors_before_training() {
    let hinge = "{ kind = \"hinge\" }";
    let unknown = "{ kind = \"classification\" }";
    let path = recognizer().canonicalize().unwrap();
    let named = format!("recognizer = {path:?}");
    // A change of the run file, and what is said of it.
    let cases = [
        ([named.as_str(), "recognizer = \"nowhere.pth\""], ["nowhere.pth", "losses.identity.recognizer"]),
        (["width = 96", "width = 64"], ["112x64", "112x96 or 224x192"]),
        (["\"hinge\"", "\"hinge\", threshold = nan"], ["losses.identity.form", "threshold"]),
        (["\"hinge\"", "\"distillation\", temperature = 0.0"], ["losses.identity.form", "temperature"]),
        (["\"hinge\"", "\"likeness\""], ["run.toml", "likeness"]),
        (["[losses.identity]", "[ignored]"], ["run.toml", "ignored"]),
    ];
    for ([from, to], words) in cases {
        place(&FIVE, hinge, &[(from, to)]).train(&[]).failed(&words);
    }
    place(&FIVE[..2], unknown, &[]).train(&[]).failed(&["tells 5 people apart", "the run has 2"]);
}

#[test]
fn a_recogniser_without_a_classifier_cannot_classify() {
    let path = recognizer().canonicalize().unwrap();
    let place = place(
        &FIVE,
        "{ kind = \"angular\" }",
        &[(&format!("recognizer = {path:?}"), "recognizer = \"bare.safetensors\"")],
    );
    let convert = ["weights", "convert", path.to_str().unwrap(), "bare.safetensors", "--embedding-only"];
    place.run(&convert).succeeded();
    place.train(&[]).failed(&["bare.safetensors", "no classifier"]);
}

#[test]
fn pictures_without_a_person_cannot_be_classified() {
    let place = place(&FIVE, "{ kind = \"classification\" }", &[]);
    place.write_picture("photo/0.png", 96, 112, 3);
    place.train(&[]).failed(&["photo/0.png", "nobody's picture"]);
}

#[test]
fn the_built_in_recogniser_is_known_by_its_name() {
    let path = recognizer().canonicalize().unwrap();
    let named = format!("recognizer = {path:?}");
    let place = place(&FIVE, "{ kind = \"hinge\", threshold = 1.0 }", &[(&named, "recognizer = \"likeness\"")]);
    place.train(&[]).succeeded();
    assert!(place.log("runs/00001-tiny")[0]["generator.identity_photo"].as_f64().is_some_and(|loss| loss > 0.0));
    place.train(&["--resume"]).succeeded();
    // The run says which `likeness` it was started with, and goes on with no other one.
    let run = place.path("runs/00001-tiny/run.toml");
    let text = std::fs::read_to_string(&run).unwrap();
    let line = text.lines().find(|line| line.starts_with("sha256 = ")).unwrap();
    let shown = place.run(&["models", "show", "likeness", "--json"]).succeeded().json();
    assert_eq!(line, format!("sha256 = {}", shown["sha256"]));
    std::fs::write(&run, text.replace(line, &format!("sha256 = {:?}", "0".repeat(64)))).unwrap();
    place.train(&["--resume"]).failed(&["losses.identity", "SHA-256 000000", "version"]);
    // Runs of versions that did not say so had the earlier recogniser.
    std::fs::write(&run, text.replace(line, "")).unwrap();
    place.train(&["--resume"]).succeeded();
}
