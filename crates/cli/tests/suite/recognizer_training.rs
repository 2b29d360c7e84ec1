//! `portraitist recognize train`: what a run writes, what it resumes to, and what stops it.

use std::fs;
use std::time::Duration;

use serde_json::Value;

use crate::program::{Answer, Place};

/// A run on a network so small that a step takes milliseconds.
const RUN: &str = r#"
name = "who"
seed = 5
steps = 8
batch_size = 6

[data]
sampling = "identities_and_domains"

[[data.train]]
photos = "photos"
drawings = "drawings"

[[data.test]]
namespace = "others"
photos = "others/photos"
drawings = "others/drawings"

[network]
channels = [4, 4, 4, 8]
blocks = [0, 1, 0, 0]
embedding = 8

[record]
log_every = 1
evaluate_every = 4
checkpoint_every = 2
keep_checkpoints = 0
"#;

const FOLDER: &str = "runs/00001-who";
const FILES: [&str; 2] = ["recognizer.safetensors", "optimizer.safetensors"];

/// A place with crops of three people and two others, and a run file changed by replacing each `from` by its `to`.
fn place(changes: &[(&str, &str)]) -> Place {
    let place = Place::new();
    for (index, name) in ["anna", "bela_b", "cora"].into_iter().enumerate() {
        for picture in 0..3 {
            place.write_picture(&format!("photos/{name}/{picture}.png"), 96, 112, 40 * index + picture);
        }
        place.write_picture(&format!("drawings/{}/0.png", name.replace('_', " ")), 96, 112, 40 * index + 7);
    }
    for (index, name) in ["dan", "eve"].into_iter().enumerate() {
        for picture in 0..2 {
            place.write_picture(&format!("others/photos/{name}/{picture}.png"), 96, 112, 300 + 50 * index + picture);
            place.write_picture(&format!("others/drawings/{name}/{picture}.png"), 90, 100, 300 + 50 * index + picture);
        }
    }
    write_run(&place, changes);
    place
}

fn write_run(place: &Place, changes: &[(&str, &str)]) {
    let change = |text: String, (from, to): &(&str, &str)| {
        assert!(text.contains(from), "{from} is not in the run file");
        text.replace(from, to)
    };
    place.write("run.toml", changes.iter().fold(RUN.to_owned(), change));
}

fn train(place: &Place, arguments: &[&str]) -> Answer {
    place.run(&[&["recognize", "train", "run.toml", "--json"], arguments].concat())
}

fn log(place: &Place) -> Vec<Value> {
    let text = fs::read_to_string(place.path(&format!("{FOLDER}/log.jsonl"))).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Whole lines in the log of a run that may be writing another one just now.
fn num_logged(place: &Place) -> usize {
    let text = fs::read_to_string(place.path(&format!("{FOLDER}/log.jsonl"))).unwrap_or_default();
    text.matches('\n').count()
}

fn checkpoint(place: &Place, step: u64) -> [Vec<u8>; 2] {
    FILES.map(|name| place.read(&format!("{FOLDER}/checkpoints/{step:08}/{name}")))
}

/// What the run gives when nothing happens to it.
fn straight(changes: &[(&str, &str)], steps: u64) -> [Vec<u8>; 2] {
    let place = place(changes);
    train(&place, &[]).succeeded();
    checkpoint(&place, steps)
}

fn assert_same(found: &[Vec<u8>; 2], expected: &[Vec<u8>; 2], what: &str) {
    for (name, (found, expected)) in FILES.iter().zip(found.iter().zip(expected)) {
        assert!(found == expected, "{name} differs: {what}");
    }
}

#[test]
fn a_run_folder_holds_what_is_documented() {
    let place = place(&[]);
    let answer = train(&place, &[]).succeeded().json();
    assert_eq!((answer["run"].as_str(), answer["steps"].as_u64()), (Some(FOLDER), Some(8)));
    assert_eq!(answer["checkpoint"], format!("{FOLDER}/checkpoints/00000008"));
    let steps = ["00000002", "00000004", "00000006", "00000008"];
    let names = ["optimizer.safetensors", "recognizer.safetensors", "state.json"];
    let expected: Vec<String> = steps.iter().flat_map(|step| names.map(|name| format!("{step}/{name}"))).collect();
    assert_eq!(place.files(&format!("{FOLDER}/checkpoints")), expected);
    let state: Value =
        serde_json::from_slice(&place.read(&format!("{FOLDER}/checkpoints/00000008/state.json"))).unwrap();
    assert_eq!((state["step"].as_u64(), state["samples"].as_u64()), (Some(8), Some(48)));
    let lines = log(&place);
    assert_eq!(lines.len(), 8);
    for line in &lines {
        for field in ["loss", "accuracy", "lambda", "gradient_norm", "learning_rate", "seconds", "pictures_per_second"]
        {
            assert!(line[field].is_number(), "{field} in {line}");
        }
        let evaluated = line["step"].as_u64().unwrap().is_multiple_of(4);
        for field in ["photo_photo.auc", "drawing_photo.vr_far_0_01", "drawing_photo.rank1"] {
            assert_eq!(line[format!("held_out.{field}")].is_number(), evaluated, "{field} in {line}");
        }
    }
    let weights = format!("{FOLDER}/checkpoints/00000008/recognizer.safetensors");
    let shown = place.run(&["weights", "inspect", &weights, "--json"]).succeeded().json();
    assert_eq!(shown["kind"], "recognizer", "{shown}");
    assert_eq!(shown["config"]["network"]["classes"], 3, "{shown}");
    // Photos and drawings of a name are one person, blanks and underscores alike.
    assert_eq!(shown["config"]["trained_on"].as_array().map(Vec::len), Some(3), "{shown}");
}

#[test]
fn a_killed_run_resumes_to_the_same_bytes() {
    let changes = [("steps = 8", "steps = 60"), ("checkpoint_every = 2", "checkpoint_every = 7")];
    let expected = straight(&changes, 60);
    let place = place(&changes);
    for round in 0..4 {
        let arguments = ["recognize", "train", "run.toml", "--json", "--resume"];
        let mut child = place.command(&arguments[..if round == 0 { 4 } else { 5 }]).spawn().unwrap();
        while num_logged(&place) < 3 + 12 * round && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    train(&place, &["--resume"]).succeeded();
    assert_same(&checkpoint(&place, 60), &expected, "killed");
    assert_eq!(log(&place).len(), 60);
}

#[test]
fn threads_workers_and_memory_do_not_change_the_bytes() {
    let augmented =
        "[data.augmentation]\nrotation_degrees = 9\nscale = 0.2\nshift = 0.1\nnoise = 0.1\nerase = 0.5\n[network]";
    let sampled = |sampling| ("identities_and_domains", sampling);
    for change in [sampled("shuffled"), sampled("identities"), ("[network]", augmented)] {
        let expected = straight(&[change], 8);
        for threads in ["1", "2", "5"] {
            let place = place(&[change]);
            let mut command = place.command(&["recognize", "train", "run.toml"]);
            assert!(command.env("RAYON_NUM_THREADS", threads).output().unwrap().status.success());
            assert_same(&checkpoint(&place, 8), &expected, &format!("{threads} threads"));
        }
        for setting in ["workers = 1", "workers = 5", "cache_mb = 0"] {
            let lines = format!("[data]\n{setting}");
            assert_same(&straight(&[change, ("[data]", &lines)], 8), &expected, setting);
        }
    }
    assert!(straight(&[("[network]", augmented)], 8) != straight(&[], 8), "faces are not moved");
}

#[test]
fn more_steps_records_and_workers_can_be_asked_for_and_nothing_else() {
    let expected = straight(&[], 8);
    let place = place(&[("steps = 8", "steps = 3")]);
    train(&place, &[]).succeeded();
    write_run(&place, &[("batch_size = 6", "batch_size = 5")]);
    train(&place, &["--resume"]).failed(&["run.toml", "other settings", "data.cache_mb may change"]);
    write_run(&place, &[("[data]", "[data]\nworkers = 3\ncache_mb = 1"), ("evaluate_every = 4", "evaluate_every = 3")]);
    train(&place, &["--resume"]).succeeded();
    assert_same(&checkpoint(&place, 8), &expected, "resumed");
}

/// Names and values of a safetensors file's arrays.
fn arrays(bytes: &[u8]) -> std::collections::BTreeMap<String, Vec<u8>> {
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let entry = |(name, entry): (&String, &Value)| {
        let offset = |index: usize| 8 + length + entry["data_offsets"][index].as_u64().unwrap() as usize;
        (name.clone(), bytes[offset(0)..offset(1)].to_vec())
    };
    header.as_object().unwrap().iter().filter(|(name, _)| *name != "__metadata__").map(entry).collect()
}

#[test]
fn fine_tuning_changes_only_what_the_original_trains() {
    let place = place(&[]);
    train(&place, &[]).succeeded();
    let before = arrays(&checkpoint(&place, 8)[0]);
    place.write_picture("photos/zoe/0.png", 96, 112, 900);
    let from = format!("{FOLDER}/checkpoints/00000008/recognizer.safetensors");
    let fine_tune = format!("[fine_tune]\nfrom = \"{from}\"\nfreeze = \"original\"\n\n[record]");
    write_run(&place, &[("name = \"who\"", "name = \"tuned\""), ("[record]", &fine_tune)]);
    train(&place, &[]).succeeded();
    let tuned = "runs/00002-tuned/checkpoints/00000008";
    let after = arrays(&place.read(&format!("{tuned}/recognizer.safetensors")));
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    for (name, values) in &after {
        let trained = ["conv4", "relu4", "fc"].iter().any(|start| name.starts_with(start));
        assert_eq!(*values != before[name], trained, "{name}");
    }
    assert_eq!(after["fc6.weight"].len(), 4 * 8 * 4, "the classifier is replaced by one of four people");
    let optimizer = arrays(&place.read(&format!("{tuned}/optimizer.safetensors")));
    assert!(optimizer.keys().all(|name| ["conv4", "relu4", "fc"].iter().any(|start| name.starts_with(start))));
    let shown = place.run(&["weights", "inspect", &format!("{tuned}/recognizer.safetensors"), "--json"]).json();
    assert_eq!(shown["config"]["trained_on"].as_array().map(Vec::len), Some(4), "{shown}");
    write_run(&place, &[("[record]", &fine_tune), ("embedding = 8", "embedding = 9")]);
    train(&place, &[]).failed(&["recognizer.safetensors", "of another shape", "fc5.weight"]);
}

#[test]
fn every_margin_trains() {
    for kind in ["softmax", "cosface", "arcface", "sphereface2"] {
        let margin = format!("[margin]\nkind = \"{kind}\"\n\n[record]");
        let place = place(&[("[record]", &margin), ("steps = 8", "steps = 2")]);
        train(&place, &[]).succeeded();
        assert!(log(&place).iter().all(|line| line["loss"].is_number() && line["lambda"].is_null()), "{kind}");
    }
}

#[test]
fn a_prepared_dataset_gives_its_splits() {
    let place = Place::new();
    let synth = ["dataset", "synth", "made", "--identities", "4", "--photos", "2", "--drawings", "1", "--size", "160"];
    place.run(&synth).succeeded();
    place.write(
        "recipe.toml",
        "template = \"sphereface\"\nflip = true\n[filter]\nenabled = false\n[split]\ntest_share = 0.5\n",
    );
    place.run(&["dataset", "prepare", "made", "crops", "--recipe", "recipe.toml"]).succeeded();
    let prepared = |purpose: &str| format!("[[data.{purpose}]]\nprepared = \"crops\"\n");
    let text = RUN.split("[[data.train]]").next().unwrap().to_owned() + &prepared("train") + &prepared("test");
    place.write("run.toml", text + "[network]\nchannels = [4, 4, 4, 4]\nblocks = [0, 0, 0, 0]\nembedding = 4\n");
    let report = train(&place, &["--dry-run"]).succeeded().json();
    for (field, count) in [("people", 2), ("pictures", 6), ("held_out_people", 2), ("held_out_pictures", 6)] {
        assert_eq!(report[field], count, "{field} in {report}");
    }
    train(&place, &[]).succeeded();
}

#[test]
fn synthetic_people_are_those_of_their_seed_whatever_the_run_file_says() {
    let place = Place::new();
    let synth = ["dataset", "synth", "made", "--identities", "22", "--photos", "2", "--drawings", "1", "--size", "96"];
    place.run(&[&synth[..], &["--seed", "9"]].concat()).succeeded();
    let prepare = ["dataset", "prepare", "made", "deep/crops", "--template", "sphereface", "--no-filter"];
    place.run(&[&prepare[..], &["--test-share", "0"]].concat()).succeeded();
    let people = "photos = \"photos\"\ndrawings = \"drawings\"\n";
    let write = |source: &str| {
        let start = RUN.split("[[data.train]]").next().unwrap();
        let rest = RUN.split("[network]").nth(1).unwrap();
        place.write("run.toml", format!("{start}[[data.train]]\n{source}\n[network]{rest}"));
    };
    for source in ["prepared = \"deep/crops\"", "photos = \"made/OriginalImages\"", "drawings = \"deep/crops/crops\""] {
        write(&format!("namespace = \"mine\"\n{source}"));
        let words = ["shows people of `dataset synth`", "\"synthetic 9\" or none, found \"mine\""];
        train(&place, &["--dry-run"]).failed(&words);
        for namespace in ["", "namespace = \"synthetic 9\"\n"] {
            write(&format!("{namespace}{source}"));
            assert_eq!(train(&place, &["--dry-run"]).succeeded().json()["people"], 22, "{source}");
        }
    }
    // What a network learned without a word on the namespace is refused as a test.
    write("prepared = \"deep/crops\"");
    train(&place, &[]).succeeded();
    let verify = ["recognize", "verify", "made", "--model", FOLDER, "--skip-missing"];
    place.run(&verify).failed(&["people of the protocol were in the recogniser's training"]);
    // A list that mixes them with others would hide them.
    let picture = |folder: &str| place.files(folder).into_iter().find(|file| file.ends_with(".png")).unwrap();
    place.write_picture("photos/anna/0.png", 96, 112, 1);
    let mixed = format!("photos/anna/0.png\tanna\ndeep/crops/crops/{}\tsomebody\n", picture("deep/crops/crops"));
    place.write("list.txt", mixed);
    write(&people.replace("\"photos\"", "\"list.txt\"").replace("drawings = \"drawings\"\n", ""));
    train(&place, &["--dry-run"]).failed(&["expected them in datasets of their own"]);
}

#[test]
fn a_dry_run_writes_nothing() {
    let place = place(&[]);
    let report = train(&place, &["--dry-run"]).succeeded().json();
    for (field, count) in [("people", 3), ("pictures", 12), ("held_out_people", 2), ("held_out_pictures", 8)] {
        assert_eq!(report[field], count, "{field} in {report}");
    }
    assert!(!place.path("runs").exists());
}

#[test]
fn a_loss_that_is_no_number_stops_before_weights_change() {
    let place = place(&[("[record]", "[optimizer]\nlearning_rate = 1e30\n\n[record]")]);
    let answer = train(&place, &[]).failed(&["weights were left as they were", "photos/"]);
    assert!(answer.stderr.contains("error: step "), "{answer:?}");
    assert!(place.files(&format!("{FOLDER}/checkpoints")).is_empty());
}

#[test]
fn mistakes_in_a_run_file_are_errors() {
    let place = place(&[]);
    let cases: [(&str, &str, &[&str]); 20] = [
        ("steps = 8", "stepz = 8", &["run.toml", "stepz"]),
        ("embedding = 8", "embedding = 0", &["run.toml", "embedding must be between"]),
        ("embedding = 8", "classes = 3", &["network.classes", "leave it out"]),
        ("batch_size = 6", "batch_size = 0", &["batch_size must be between"]),
        ("\"identities_and_domains\"", "\"fair\"", &["run.toml", "fair", "shuffled"]),
        ("photos = \"photos\"\n", "photos = \"nowhere\"\n", &["nowhere", "No such file"]),
        ("photos = \"photos\"\n", "photos = \"photos/anna\"\n", &["photos/anna", "belongs to nobody"]),
        ("photos = \"photos\"\n", "prepared = \"photos\"\n", &["data.train", "either prepared or"]),
        ("photos = \"photos\"\ndrawings = \"drawings\"\n", "", &["data.train", "needs prepared"]),
        (
            "photos = \"photos\"\ndrawings = \"drawings\"\n",
            "prepared = \"photos\"\n",
            &["manifest.csv", "No such file"],
        ),
        ("namespace = \"others\"\nphotos = \"others/photos\"", "photos = \"photos\"", &["anna", "can be only one"]),
        ("evaluate_every = 4", "num_evaluated = 3", &["nothing can be measured"]),
        ("[record]", "[margin]\nkind = \"triplet\"\n[record]", &["run.toml", "triplet", "arcface"]),
        ("[record]", "[margin]\nkind = \"sphereface\"\nmultiple = 9\n[record]", &["margin.multiple", "9"]),
        ("[record]", "[optimizer]\nlearning_rate = -1\n[record]", &["optimizer.learning_rate", "-1"]),
        ("[network]", "[data.augmentation]\nshift = 1.5\n[network]", &["data.augmentation.shift", "1.5"]),
        ("[network]", "[data.augmentation]\nrotation_degrees = -5\n[network]", &["rotation_degrees", "-5"]),
        ("photos = \"photos\"\n", "photos = \"photos\"\nweight = 0\n", &["data.train: weight must be between"]),
        (
            "sampling = \"identities_and_domains\"\n\n[[data.train]]",
            "[[data.train]]\nweight = 2",
            &["data.sampling must be \"identities\""],
        ),
        ("[record]", "[fine_tune]\nfrom = \"run.toml\"\n[record]", &["run.toml"]),
    ];
    for (from, to, words) in cases {
        write_run(&place, &[(from, to)]);
        train(&place, &["--dry-run"]).failed(words);
    }
    write_run(&place, &[]);
    for picture in ["photos/anna/0.png", "photos/bela_b/1.png", "drawings/cora/0.png"] {
        place.write(picture, "dear diary");
    }
    train(&place, &[]).failed(&["found text"]);
    fs::remove_dir_all(place.path("drawings")).unwrap();
    for name in ["bela_b", "cora"] {
        fs::remove_dir_all(place.path(&format!("photos/{name}"))).unwrap();
    }
    write_run(&place, &[("drawings = \"drawings\"\n", "")]);
    train(&place, &["--dry-run"]).failed(&["at least two people", "found 1"]);
}
