//! Going on after an interruption: what is done is left out, the rest is done, and the end is the same.
#![cfg(unix)]

use std::fs;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program::Place;

fn interrupt(child: &Child) {
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
}

fn wait_until(is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(120), "it does not happen");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn ended(child: Child) -> Value {
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let object: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    assert_eq!(object["interrupted"], true, "{object}");
    object
}

fn count(value: &Value) -> usize {
    value.as_array().map_or(0, Vec::len)
}

#[test]
fn translate_and_align_leave_out_what_is_there() {
    let place = Place::new();
    (0..4).for_each(|index| place.write_picture(&format!("in/{index}.png"), 32, 40, index));
    let call = ["in", "--aligned", "-o", "out", "--count", "2", "--float"];
    place.translate(&call).succeeded();
    let whole: Vec<Vec<u8>> = place.files("out").iter().map(|file| place.read(&format!("out/{file}"))).collect();
    assert_eq!(whole.len(), 16);
    let refused = place.translate(&call).failed(&["exist", "and so do the results of 3 other inputs", "--resume"]);
    assert_eq!(count(&refused.json()["failed"]), 4, "each is told in JSON");
    fs::remove_file(place.path("out/1-drawing-0002.png")).unwrap();
    fs::remove_file(place.path("out/2-drawing-0001.npy")).unwrap();
    let answer = place.translate(&[&call[..], &["--resume"]].concat()).succeeded().json();
    assert_eq!((count(&answer["outputs"]), count(&answer["skipped"]), count(&answer["failed"])), (2, 2, 0), "{answer}");
    assert_eq!(answer["skipped"][0]["output"], "out/0-drawing-0001.png");
    let again: Vec<Vec<u8>> = place.files("out").iter().map(|file| place.read(&format!("out/{file}"))).collect();
    assert!(whole == again, "the same files with the same bytes");
    assert_eq!(place.translate(&[&call[..], &["--resume", "--force"]].concat()).code, Some(2));

    let points = ["--points", "9,20,24,20,17,24,10,30,22,30"];
    place.run(&[&["align", "in/0.png", "-o", "crops"][..], &points].concat()).succeeded();
    let crop = place.read("crops/0.png");
    let answer = place.run(&[&["align", "in/0.png", "-o", "crops", "--resume", "--json"][..], &points].concat());
    assert_eq!(count(&answer.succeeded().json()["skipped"]), 1);
    assert_eq!(place.read("crops/0.png"), crop);
}

#[test]
fn embed_goes_on_with_the_rows_of_an_interrupted_call() {
    let place = Place::new();
    (0..60).for_each(|index| place.write_picture(&format!("in/{index:02}.png"), 96, 112, index));
    let words = |out| ["recognize", "embed", "in", "--aligned", "--batch", "2", "-o", out, "--json"];
    let run = |out| place.run(&words(out));
    let whole = run("whole.npy").succeeded().json();
    assert_eq!(count(&whole["embeddings"]), 60);
    let lines = || fs::read_to_string(place.path("rows.npy.unfinished")).unwrap_or_default().lines().count();
    let child = place.command(&words("rows.npy")).spawn().unwrap();
    wait_until(|| lines() > 4);
    interrupt(&child);
    let object = ended(child);
    let done = object["pictures_done"].as_u64().unwrap();
    assert!((2..60).contains(&done) && object["of"] == 60, "{object}");
    assert_eq!(object["unfinished"], "rows.npy.unfinished");
    assert!(!place.path("rows.npy").exists());
    // A line that was cut off, and one that is damaged.
    let mut text = fs::read_to_string(place.path("rows.npy.unfinished")).unwrap();
    text.truncate(text.len() - 40);
    place.write("rows.npy.unfinished", text.replacen("\"row\":\"", "\"row\":\"AAAA", 1));
    run("rows.npy").succeeded();
    assert!(place.read("rows.npy") == place.read("whole.npy"));
    assert!(place.files(".").iter().all(|name| !name.contains("unfinished")));
    run("rows.npy").failed(&["rows.npy exists already", "--resume"]);
    let answer = place.run(&[&words("rows.npy")[..], &["--resume"]].concat()).succeeded().json();
    assert_eq!(answer["skipped"], true);
    place.write("other.npy.unfinished", "my own notes");
    run("other.npy").failed(&["other.npy.unfinished: expected rows of an interrupted call"]);
    assert_eq!(place.read("other.npy.unfinished"), b"my own notes");
}

#[test]
fn synth_goes_on_and_ends_in_the_same_bytes() {
    let place = Place::new();
    let words = |folder| {
        let size = ["--identities", "2", "--photos", "8", "--drawings", "8", "--size", "96", "--json"];
        [&["dataset", "synth", folder], &size[..]].concat()
    };
    place.run(&words("whole")).succeeded();
    let journal =
        || fs::read_to_string(place.path("people.unfinished/journal.txt")).unwrap_or_default().lines().count();
    let child = place.command(&words("people")).spawn().unwrap();
    wait_until(|| journal() > 6);
    interrupt(&child);
    let object = ended(child);
    assert!(object["error"].as_str().unwrap().contains("people.unfinished"), "{object}");
    assert!(object["hint"].as_str().unwrap().contains("run the same command again"), "{object}");
    assert!(!place.path("people").exists());
    let kept: Vec<String> =
        place.files("people.unfinished").into_iter().filter(|name| name.ends_with(".jpg")).collect();
    assert!((5..32).contains(&kept.len()), "{}", kept.len());
    // One picture is not what was written: it is made again.
    place.write(&format!("people.unfinished/{}", kept[0]), "half");
    place.run(&words("people")).succeeded();
    assert_eq!(place.files("people"), place.files("whole"));
    for file in place.files("whole") {
        assert!(place.read(&format!("people/{file}")) == place.read(&format!("whole/{file}")), "{file}");
    }
    assert!(place.files(".").iter().all(|file| file.starts_with("people/") || file.starts_with("whole/")));
    place.write("mine.unfinished/notes.txt", "mine");
    place.run(&words("mine")).failed(&["mine.unfinished: expected an unfinished synthetic dataset"]);
    assert_eq!(place.read("mine.unfinished/notes.txt"), b"mine");
}

#[test]
fn the_bench_ends_its_case_and_tells_what_was_timed() {
    let place = Place::new();
    let child = place.command(&["bench", "translate 128x112", "--runs", "100000", "--json"]).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(700));
    interrupt(&child);
    let asked = Instant::now();
    let object = ended(child);
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
    assert_eq!((count(&object["results"]), count(&object["failed"])), (0, 0), "{object}");
}

#[test]
fn a_second_interrupt_leaves_nothing_of_a_checkpoint() {
    let place = Place::with_run(&[("steps = 8", "steps = 100000"), ("checkpoint_every = 2", "checkpoint_every = 1")]);
    let child = place.command(&["train", "run.toml", "--json"]).spawn().unwrap();
    wait_until(|| place.files("runs").iter().any(|file| file.contains("checkpoints/")));
    interrupt(&child);
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let left: Vec<String> =
        place.files("runs").into_iter().filter(|file| file.contains("/.") && !file.ends_with("/.lock")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn an_interrupted_measurement_keeps_its_embeddings_where_asked() {
    let place = Place::new();
    let people = ["--identities", "22", "--photos", "4", "--drawings", "4", "--size", "64"];
    place.run(&[&["dataset", "synth", "data"][..], &people].concat()).succeeded();
    let call = ["recognize", "verify", "data", "--allow-leak", "--cache", "kept", "--resamples", "0", "--json"];
    let child = place.command(&call).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(400));
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    // A fast machine may have been done.
    if output.status.code() == Some(130) {
        let object: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(object["interrupted"], true, "{object}");
        assert!(object["error"].as_str().unwrap().contains("interrupted"), "{object}");
    } else {
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }
    place.run(&call).succeeded();
}
