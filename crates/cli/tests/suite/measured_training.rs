//! Evaluation while a translator is trained.

use std::fs;

use serde_json::Value;

use crate::program::Place;

const RUN: &str = "runs/00001-tiny";
const FILES: [&str; 4] =
    ["average.safetensors", "discriminator.safetensors", "generator.safetensors", "optimizer.safetensors"];
const TEST: (&str, &str) =
    ("photos = \"photo\"", "photos = \"photo\"\ntest_drawings = \"test-drawing\"\ntest_photos = \"test-photo\"");
const MEASURED: (&str, &str) = (
    "keep_checkpoints = 0",
    "keep_checkpoints = 1\nevaluate_every = 2\nbest = \"kernel_face-mesh.drawing\"\n\n[record.evaluation]\nnetwork = \"face-mesh\"\npictures = 5",
);

impl Place {
    fn with_measured_run(changes: &[(&str, &str)]) -> Self {
        let place = Self::with_run(&[]);
        for seed in 0..6 {
            place.write_picture(&format!("test-drawing/{seed}.png"), 40, 44, 3 * seed + 1);
            place.write_picture(&format!("test-photo/{seed}.png"), 42, 40, 5 * seed + 2);
        }
        place.write_run(changes);
        place
    }
}

/// Lines of a log that hold what an evaluation measured.
fn measured(lines: &[Value]) -> Vec<&Value> {
    lines.iter().filter(|line| !line["seconds_evaluation"].is_null()).collect()
}

#[test]
fn each_evaluation_measures_four_sets_and_changes_no_byte_of_the_training() {
    let plain = Place::with_measured_run(&[TEST]);
    plain.train(&[]).succeeded();
    let place = Place::with_measured_run(&[TEST, MEASURED]);
    let answer = place.train(&[]).succeeded().json();
    for name in FILES {
        let path = format!("{RUN}/checkpoints/00000008/{name}");
        assert!(place.read(&path) == plain.read(&path), "{name} differs from that of a run without evaluation");
    }
    let log = place.log(RUN);
    let lines = measured(&log);
    let steps: Vec<u64> = lines.iter().map(|line| line["step"].as_u64().unwrap()).collect();
    assert_eq!(steps, [2, 4, 6, 8]);
    for line in &lines {
        for set in ["drawing", "photo", "reconstruction_drawing", "reconstruction_photo"] {
            for measure in ["frechet_face-mesh", "kernel_face-mesh", "spread"] {
                assert!(line[format!("{measure}.{set}")].as_f64().is_some(), "{measure}.{set} in {line}");
            }
            assert!(line[format!("frechet_face-mesh.{set}")].as_f64().unwrap() >= 0.0, "{line}");
        }
        assert!(line["style_levels.drawing"].as_f64().unwrap() > 0.0, "{line}");
        assert!(line["seconds_evaluation"].as_f64().unwrap() > 0.0, "{line}");
        assert!(!line.to_string().contains("fid") && !line.to_string().contains("kid"), "{line}");
    }
    let events = place.files(RUN).into_iter().find(|name| name.starts_with("events")).unwrap();
    let events = place.read(&format!("{RUN}/{events}"));
    let tag = b"kernel_face-mesh.reconstruction_photo";
    assert!(events.windows(tag.len()).any(|window| window == tag), "TensorBoard is told, too");

    // The best of the four is kept beside the newest, and is a model.
    let (best, value) = lines
        .iter()
        .map(|line| (line["step"].as_u64().unwrap(), line["kernel_face-mesh.drawing"].as_f64().unwrap()))
        .min_by(|one, other| one.1.total_cmp(&other.1))
        .unwrap();
    assert_eq!(answer["best"]["measure"], "kernel_face-mesh.drawing");
    assert_eq!((answer["best"]["step"].as_u64(), answer["best"]["value"].as_f64()), (Some(best), Some(value)));
    assert_eq!(answer["best"]["checkpoint"], format!("{RUN}/best"));
    assert_eq!(fs::read_dir(place.path(&format!("{RUN}/checkpoints"))).unwrap().count(), 1, "the others are pruned");
    let expected = plain.read(&format!("{RUN}/checkpoints/{best:08}/average.safetensors"));
    assert!(place.read(&format!("{RUN}/best/average.safetensors")) == expected, "the weights of step {best}");
    place.write_picture("x.png", 32, 32, 1);
    let model = format!("{RUN}/best");
    place.run(&["translate", "x.png", "--aligned", "-o", "out", "--model", &model]).succeeded();
}

#[test]
fn a_stopped_run_with_evaluation_goes_on_to_the_same_measures() {
    let straight = Place::with_measured_run(&[TEST, MEASURED]);
    let expected = straight.train(&[]).succeeded().json();
    let place = Place::with_measured_run(&[TEST, MEASURED, ("steps = 8", "steps = 5")]);
    place.train(&[]).succeeded();
    place.write_run(&[TEST, MEASURED]);
    let answer = place.train(&["--resume"]).succeeded().json();
    assert_eq!(answer["best"]["value"], expected["best"]["value"]);
    let values = |place: &Place, step: u64| -> Vec<(String, Value)> {
        let log = place.log(RUN);
        let line = measured(&log).into_iter().rfind(|line| line["step"] == step).unwrap().clone();
        line.as_object().unwrap().clone().into_iter().filter(|(name, _)| name != "seconds_evaluation").collect()
    };
    for step in [2, 4, 6, 8] {
        assert_eq!(values(&place, step), values(&straight, step), "step {step}");
    }
}

#[test]
fn what_cannot_be_measured_is_refused_before_the_first_step() {
    let place = Place::with_measured_run(&[MEASURED]);
    place.train(&[]).failed(&["record.evaluate_every needs test pictures", "test_drawings"]);
    assert!(!place.path("runs").exists());
    let refused = |from: &str, to: &str, words: &[&str]| {
        place.write_run(&[TEST, MEASURED, (from, to)]);
        place.train(&[]).failed(words);
    };
    refused("kernel_face-mesh.drawing", "kid.drawing", &["record.best", "kernel_face-mesh.drawing", "kid.drawing"]);
    refused("evaluate_every = 2\n", "", &["evaluate_every"]);
    refused("pictures = 5", "pictures = 1", &["record.evaluation.pictures", "found 1"]);
    refused("network = \"face-mesh\"", "network = \"pytorch-fid\"\nweights = \"none.pth\"", &["record.best"]);
    place.write_run(&[
        TEST,
        MEASURED,
        ("best = \"kernel_face-mesh.drawing\"\n", ""),
        ("network = \"face-mesh\"", "network = \"pytorch-fid\"\nweights = \"none.pth\""),
    ]);
    place.train(&[]).failed(&["none.pth"]);
}
