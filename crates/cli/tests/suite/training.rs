//! `portraitist train`: what a run writes, and what stops it.

use std::fs;

use serde_json::Value;

use crate::program::{Answer, Place};

/// A run on networks so small that a step takes milliseconds.
pub(crate) const RUN: &str = r#"
name = "tiny"
seed = 3
steps = 8
ema_decay = 0.9

[data]
drawings = "drawing"
photos = "photo"

[picture]
width = 32
height = 32
resize = 34

[generator]
dim = 4
mlp_dim = 8
style_dim = 4
num_residual = 1

[discriminator]
dim = 8
num_layers = 2
num_scales = 2

[record]
log_every = 1
sample_every = 4
num_samples = 2
checkpoint_every = 2
keep_checkpoints = 0
"#;

impl Place {
    /// A place with pictures of both domains and a run file, changed by replacing each `from` by its `to`.
    pub(crate) fn with_run(changes: &[(&str, &str)]) -> Self {
        let place = Self::new();
        for seed in 0..5 {
            place.write_picture(&format!("drawing/anna/{seed}.png"), 36 + seed, 40, seed);
            place.write_picture(&format!("photo/anna/{seed}.png"), 40, 36 + seed, 7 * seed);
        }
        place.write_run(changes);
        place
    }

    pub(crate) fn write_run(&self, changes: &[(&str, &str)]) {
        let change = |text: String, (from, to): &(&str, &str)| {
            assert!(text.contains(from), "{from} is not in the run file");
            text.replace(from, to)
        };
        self.write("run.toml", changes.iter().fold(RUN.to_owned(), change));
    }

    pub(crate) fn train(&self, arguments: &[&str]) -> Answer {
        self.run(&[&["train", "run.toml", "--json"], arguments].concat())
    }

    pub(crate) fn log(&self, run: &str) -> Vec<Value> {
        let text = String::from_utf8(self.read(&format!("{run}/log.jsonl"))).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

#[test]
fn a_run_folder_holds_what_is_documented() {
    let place = Place::with_run(&[]);
    let answer = place.train(&[]).succeeded().json();
    let run = "runs/00001-tiny";
    assert_eq!((answer["run"].as_str(), answer["steps"].as_u64()), (Some(run), Some(8)));
    assert_eq!(answer["checkpoint"], format!("{run}/checkpoints/00000008"));
    assert!(answer["seconds"].as_f64().unwrap() > 0.0);
    assert_eq!(place.files(&format!("{run}/samples")), ["00000004-train.png", "00000008-train.png"]);
    let steps = ["00000002", "00000004", "00000006", "00000008"];
    let names = [
        "average.safetensors",
        "discriminator.safetensors",
        "generator.safetensors",
        "optimizer.safetensors",
        "state.json",
    ];
    let expected: Vec<String> = steps.iter().flat_map(|step| names.map(|name| format!("{step}/{name}"))).collect();
    assert_eq!(place.files(&format!("{run}/checkpoints")), expected);
    let state: Value = serde_json::from_slice(&place.read(&format!("{run}/checkpoints/00000008/state.json"))).unwrap();
    assert_eq!((state["step"].as_u64(), state["samples"].as_u64()), (Some(8), Some(8)));
    for name in &names[..4] {
        assert_eq!(state["sha256"][name].as_str().map(str::len), Some(64), "{name}");
    }
    let resolved = String::from_utf8(place.read(&format!("{run}/run.toml"))).unwrap();
    for line in ["seed = 3", "version = ", "weight_decay = ", "batch_size = 1"] {
        assert!(resolved.contains(line), "{line} is missing in {resolved}");
    }
    place.write_picture("x.png", 32, 32, 1);
    for model in [run, "runs/00001-tiny/checkpoints/00000004"] {
        place.run(&["translate", "x.png", "--aligned", "-o", "out", "--force", "--model", model]).succeeded();
    }
}

#[test]
fn the_log_has_a_line_for_each_step_with_every_loss_by_name() {
    let place = Place::with_run(&[]);
    place.train(&[]).succeeded();
    let log = place.log("runs/00001-tiny");
    assert_eq!(log.iter().map(|line| line["step"].as_u64().unwrap()).collect::<Vec<_>>(), (1..=8).collect::<Vec<_>>());
    let mut fields = vec!["seconds".to_owned(), "learning_rate_generator".into(), "learning_rate_discriminator".into()];
    fields.extend([
        "discriminator.total".to_owned(),
        "generator.total".into(),
        "discriminator.drawing".into(),
        "discriminator.photo".into(),
    ]);
    for term in ["adversarial", "reconstruction", "style", "content", "cycle"] {
        fields.extend(["drawing", "photo"].map(|domain| format!("generator.{term}_{domain}")));
    }
    for field in fields {
        assert!(log.iter().all(|line| line[&field].is_number()), "{field} in {}", log[0]);
    }
}

/// The data of each record of a TensorBoard file, its checksums checked.
fn records(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let checked = |data: &[u8], masked: &[u8]| {
        let crc = !data.iter().fold(!0u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 })
        });
        assert_eq!(masked, crc.rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes());
    };
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        checked(&bytes[..8], &bytes[8..12]);
        let data = &bytes[12..12 + length];
        checked(data, &bytes[12 + length..16 + length]);
        found.push(data.to_vec());
        bytes = &bytes[16 + length..];
    }
    found
}

#[test]
fn tensorboard_files_are_whole_records() {
    let place = Place::with_run(&[]);
    place.train(&[]).succeeded();
    let files = place.files("runs/00001-tiny");
    let events: Vec<&String> = files.iter().filter(|name| name.starts_with("events.out.tfevents.")).collect();
    assert_eq!(events.len(), 1, "{files:?}");
    let records = records(&place.read(&format!("runs/00001-tiny/{}", events[0])));
    // The version, the start of the session, and the steps.
    assert_eq!(records.len(), 2 + 8);
    let contains = |data: &[u8], text: &str| data.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(contains(&records[0], "brain.Event:2"));
    assert!(records[2..].iter().all(|record| contains(record, "generator.reconstruction_photo")));
}

#[test]
fn the_log_separates_waiting_from_working() {
    let place = Place::with_run(&[]);
    place.train(&[]).succeeded();
    for line in place.log("runs/00001-tiny") {
        let seconds = |field: &str| line[field].as_f64().unwrap_or_else(|| panic!("{field} in {line}"));
        assert!(0.0 <= seconds("seconds_waiting") && seconds("seconds_waiting") < seconds("seconds"), "{line}");
        assert!((0.0..10.0).contains(&seconds("seconds_between")), "{line}");
    }
}

/// A run is begun, and what `name` is in its folder is in the way of what it goes on to write.
fn blocked(name: &str, changes: &[(&str, &str)]) -> (Place, Answer) {
    let place = Place::with_run(&[("steps = 8", "steps = 1"), ("checkpoint_every = 2", "checkpoint_every = 1000")]);
    place.train(&[]).succeeded();
    fs::remove_dir_all(place.path(&format!("runs/00001-tiny/{name}"))).unwrap();
    place.write(&format!("runs/00001-tiny/{name}"), "in the way");
    place.write_run(changes);
    let answer = place.train(&["--resume"]);
    (place, answer)
}

#[test]
fn what_cannot_be_written_in_the_middle_of_a_run_stops_it() {
    for (name, every) in [("samples", "sample_every = 4"), ("checkpoints", "checkpoint_every = 2")] {
        let due: usize = every.rsplit(' ').next().unwrap().parse().unwrap();
        let (place, answer) = blocked(name, &[("steps = 8", "steps = 2000")]);
        answer.failed(&["cannot write ", &format!("runs/00001-tiny/{name}")]);
        let steps = place.log("runs/00001-tiny").len();
        assert!((due..1000).contains(&steps), "{steps} steps until {name} was reported");
    }
}

#[test]
fn what_cannot_be_written_at_the_end_of_a_run_is_an_error() {
    let late = [("sample_every = 4", "sample_every = 1000"), ("checkpoint_every = 2", "checkpoint_every = 1000")];
    for name in ["samples", "checkpoints"] {
        let (place, answer) = blocked(name, &late);
        let answer = answer.failed(&["cannot write ", &format!("runs/00001-tiny/{name}")]);
        assert!(answer.json()["error"].as_str().unwrap().starts_with("cannot write "), "{answer:?}");
        assert_eq!(place.log("runs/00001-tiny").len(), 8);
    }
}

#[test]
fn a_dry_run_writes_nothing() {
    let place = Place::with_run(&[]);
    let report = place.train(&["--dry-run"]).succeeded().json();
    assert_eq!((report["drawings"].as_u64(), report["photos"].as_u64()), (Some(5), Some(5)));
    assert!(!place.path("runs").exists());
    place.write_run(&[("steps = 8", "steps = 2")]);
    place.train(&[]).succeeded();
    let before = place.files("runs");
    place.write_run(&[]);
    place.train(&["--dry-run", "--resume"]).succeeded();
    assert_eq!(place.files("runs"), before);
}

#[test]
fn runs_are_numbered() {
    let place = Place::with_run(&[("steps = 8", "steps = 1")]);
    fs::create_dir_all(place.path("runs/00041-other")).unwrap();
    assert_eq!(place.train(&[]).succeeded().json()["run"], "runs/00042-tiny");
    assert_eq!(place.train(&["--out", "elsewhere"]).succeeded().json()["run"], "elsewhere/00001-tiny");
}

#[test]
fn a_loss_that_is_no_number_stops_before_weights_change() {
    let place =
        Place::with_run(&[("[record]", "[optimizer]\ngenerator_rate = 1e30\ndiscriminator_rate = 1e30\n\n[record]")]);
    let answer = place.train(&[]).failed(&["weights were left as they were", "drawing/anna/", "photo/anna/"]);
    assert!(answer.stderr.contains("error: step ") && answer.stderr.contains(" is NaN"), "{answer:?}");
    assert!(place.files("runs/00001-tiny/checkpoints").is_empty());
}

#[test]
fn mistakes_in_a_run_file_are_errors() {
    let place = Place::with_run(&[]);
    let cases: [(&str, &str, &[&str]); 24] = [
        ("steps = 8", "stepz = 8", &["run.toml", "stepz"]),
        ("steps = 8", "steps = \"eight\"", &["run.toml", "steps = \"eight\"", "invalid type"]),
        ("steps = 8\n", "", &["run.toml", "missing field `steps`"]),
        ("name = \"tiny\"", "name = \"../tiny\"", &["run.toml", "name must consist of"]),
        ("\"drawing\"", "\"drawings\"", &["drawings", "No such file"]),
        ("width = 32", "width = 30", &["run.toml", "multiples of 4"]),
        ("width = 32\nheight = 32", "width = 8\nheight = 8", &["run.toml", "at least 16 pixels"]),
        ("num_layers = 2", "num_layers = 5", &["run.toml", "discriminator.num_layers"]),
        ("num_scales = 2", "num_scales = 6", &["run.toml", "discriminator.num_scales"]),
        ("log_every = 1", "log_every = 0", &["run.toml", "log_every"]),
        (
            "[record]",
            "[optimizer]\nactivation_checkpointing = 1\n\n[record]",
            &["run.toml", "activation_checkpointing = 1", "expected a boolean"],
        ),
        (
            "[record]",
            "[optimizer]\ncheckpointing = true\n\n[record]",
            &["run.toml", "checkpointing", "`activation_checkpointing`"],
        ),
        (
            "[record]",
            "[losses.weights]\ncycle = nan\n\n[record]",
            &["run.toml", "losses.weights.cycle must be a number of at least 0, found NaN"],
        ),
        (
            "[record]",
            "[losses.weights]\nadversarial = -1.0\n\n[record]",
            &["run.toml", "losses.weights.adversarial", "found -1"],
        ),
        (
            "[record]",
            "[optimizer.adam]\nbeta1 = 1.0\n\n[record]",
            &["run.toml", "optimizer.adam.beta1 must be at least 0 and below 1, found 1"],
        ),
        ("[record]", "[optimizer.adam]\nbeta2 = -0.1\n\n[record]", &["run.toml", "optimizer.adam.beta2", "found -0.1"]),
        (
            "[record]",
            "[optimizer.adam]\nepsilon = 0.0\n\n[record]",
            &["run.toml", "optimizer.adam.epsilon must be a number above 0, found 0"],
        ),
        (
            "[record]",
            "[optimizer.adam]\nweight_decay = -1e-4\n\n[record]",
            &["run.toml", "optimizer.adam.weight_decay", "found -0.0001"],
        ),
        (
            "[record]",
            "[optimizer]\nschedule = { kind = \"step\", every = 0, factor = 0.5 }\n\n[record]",
            &["run.toml", "optimizer.schedule.every must be at least 1, found 0"],
        ),
        (
            "[record]",
            "[optimizer]\nschedule = { kind = \"cosine\", over = 0 }\n\n[record]",
            &["run.toml", "optimizer.schedule.over must be at least 1, found 0"],
        ),
        ("\"drawing\"", "\"\"", &["run.toml", "data.drawings must name a file or folder"]),
        ("photos = \"photo\"", "", &["run.toml", "photos is missing"]),
        ("[data]", "[data]\nprepared = \"crops\"", &["run.toml", "either prepared or drawings and photos"]),
        (
            "[data]",
            "[data]\ntest_photos = \"photo\"",
            &["run.toml", "data.test_drawings and data.test_photos go together"],
        ),
    ];
    for (from, to, words) in cases {
        place.write_run(&[(from, to)]);
        place.train(&[]).failed(words);
        place.train(&["--dry-run"]).failed(words);
    }
    assert!(!place.path("runs").exists());
    place.write("run.toml", "");
    fs::remove_file(place.path("run.toml")).unwrap();
    place.train(&[]).failed(&["run.toml", "No such file"]);
}

#[test]
fn the_smallest_pictures_that_are_allowed_can_be_trained_on() {
    for changes in [
        [("width = 32", "width = 16"), ("height = 32", "height = 16"), ("num_layers = 2", "num_layers = 3")],
        [("num_scales = 2", "num_scales = 3"), ("height = 32", "height = 60"), ("num_layers = 2", "num_layers = 3")],
    ] {
        let place = Place::with_run(&changes);
        place.write_run(&[&changes[..], &[("steps = 8", "steps = 1"), ("resize = 34", "resize = 60")]].concat());
        place.train(&[]).succeeded();
    }
}

#[test]
fn unreadable_pictures_and_unknown_devices_are_errors() {
    let place = Place::with_run(&[]);
    place.train(&["--device", "abacus"]).failed(&["abacus", "cpu"]);
    place.train(&["--resume"]).failed(&["no run named tiny", "hint: "]);
    for seed in 0..5 {
        place.write(&format!("photo/anna/{seed}.png"), "dear diary");
    }
    assert!(!place.path("runs").exists());
    place.train(&["--dry-run"]).failed(&["photo/anna/", "found text"]);
    place.train(&[]).failed(&["photo/anna/", "found text"]);
    fs::remove_dir_all(place.path("photo/anna")).unwrap();
    place.train(&[]).failed(&["photo", "no pictures here"]);
}

#[test]
fn a_start_that_fails_leaves_no_run_folder() {
    let place = Place::with_run(&[]);
    // Not among the pictures of the sample grids: the first batches find it.
    for seed in 0..5 {
        place.write_picture(&format!("photo/anna/{seed}.png"), 40, 36, seed);
    }
    for name in ["1", "3"] {
        place.write(&format!("photo/anna/{name}.png"), "dear diary");
    }
    for seed in 0..8 {
        place.write_run(&[("seed = 3", &format!("seed = {seed}")), ("num_samples = 2", "num_samples = 1")]);
        let answer = place.train(&[]).failed(&["photo/anna/", "found text"]);
        let began = place.path("runs").is_dir();
        assert!(!began || place.files("runs").iter().any(|name| name.ends_with("log.jsonl")), "{answer:?}");
        let steps = place.files("runs").into_iter().filter(|name| name.ends_with("log.jsonl"));
        for log in steps.map(|name| place.read(&format!("runs/{name}"))) {
            assert!(!log.is_empty(), "a run without a step was left behind");
        }
    }
}

#[test]
fn a_resize_that_is_too_small_for_the_crops_says_which_would_do() {
    let place = Place::with_run(&[("resize = 34", "resize = 30")]);
    place.train(&[]).failed(&["anna/", "picture.resize = 30", "crops of 32x32", "picture.resize of at least 32"]);
    assert!(!place.path("runs").exists());
}

#[test]
fn a_prepared_dataset_is_trained_on() {
    let place = Place::new();
    place
        .run(&["dataset", "synth", "people", "--identities", "6", "--photos", "2", "--drawings", "2", "--size", "96"])
        .succeeded();
    place.run(&["dataset", "prepare", "people", "crops", "--no-filter", "--test-share", "0.34"]).succeeded();
    let sources = ("drawings = \"drawing\"\nphotos = \"photo\"", "prepared = \"crops\"");
    place.write_run(&[sources, ("steps = 8", "steps = 2")]);
    let report = place.train(&["--dry-run"]).succeeded().json();
    assert_eq!((report["drawings"].as_u64(), report["photos"].as_u64()), (Some(8), Some(8)), "{report}");
    place.train(&[]).succeeded();
    let samples = place.files("runs/00001-tiny/samples");
    assert_eq!(samples, ["00000002-test.png", "00000002-train.png"], "the test split is sampled");
    place.write_run(&[sources, ("prepared = \"crops\"", "prepared = \"nothing\"")]);
    place.train(&[]).failed(&["nothing"]);
}

#[test]
fn what_is_odd_about_pictures_is_said_once() {
    let place = Place::with_run(&[("steps = 8", "steps = 20")]);
    let picture = crate::program::picture(48, 48, 3).encode_jpeg(90).unwrap();
    place.write("photo/anna/odd.jpg", &picture[..picture.len() - 2]);
    let answer = place.train(&[]).succeeded();
    let odd = |line: &&str| line.contains("odd.jpg: the JPEG's end");
    assert_eq!(answer.stderr.lines().filter(odd).count(), 1, "{answer:?}");
    let warnings = answer.json()["warnings"].to_string();
    assert_eq!(warnings.matches("odd.jpg").count(), 1, "{warnings}");
}
