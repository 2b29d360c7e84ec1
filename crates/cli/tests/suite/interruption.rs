//! Ctrl-C and requests to end: the same for every command.
#![cfg(unix)]

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program::{Place, tiny_model};

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

fn wait_until(is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(60), "it does not happen");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The exit code and the object on stdout.
fn end(child: Child) -> (Option<i32>, Value) {
    let output = child.wait_with_output().unwrap();
    let object = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    (output.status.code(), object)
}

#[test]
fn what_was_done_before_an_interruption_is_told() {
    let model = tiny_model();
    for (name, code) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
        let place = Place::new();
        (0..400).for_each(|index| place.write_picture(&format!("in/{index:03}.png"), 256, 256, index));
        let words = ["translate", "in", "-o", "out", "--aligned", "--json", "--model", model.to_str().unwrap()];
        let child = place.command(&words).spawn().unwrap();
        wait_until(|| !place.files("out").is_empty());
        signal(&child, name);
        let (found, object) = end(child);
        assert_eq!((found, &object["interrupted"]), (Some(code), &Value::Bool(true)));
        let outputs: Vec<&str> =
            object["outputs"].as_array().unwrap().iter().map(|output| output["output"].as_str().unwrap()).collect();
        assert!((1..400).contains(&outputs.len()), "{}", outputs.len());
        assert_eq!(place.files("out").len(), outputs.len(), "whole files, and no others");
        assert!(object["failed"].as_array().unwrap().is_empty());
    }
}

#[test]
fn a_command_with_nothing_to_tell_ends_at_once() {
    let place = Place::new();
    assert!(Command::new("mkfifo").arg(place.path("never")).status().unwrap().success());
    for (name, code) in [("-INT", 130), ("-TERM", 143)] {
        let child = place.command(&["recognize", "metrics", "never", "--json"]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(500));
        signal(&child, name);
        let (found, object) = end(child);
        assert_eq!((found, &object["interrupted"]), (Some(code), &Value::Bool(true)), "{object}");
        assert!(object["error"].as_str().unwrap().contains("interrupted"), "{object}");
    }
}

#[test]
fn a_second_interrupt_ends_at_once() {
    let place = Place::new();
    let words = [
        "dataset",
        "synth",
        "people",
        "--identities",
        "100",
        "--photos",
        "9",
        "--drawings",
        "9",
        "--size",
        "1024",
        "--json",
    ];
    let child = place.command(&words).spawn().unwrap();
    wait_until(|| place.files(".").iter().any(|file| file.ends_with(".jpg")));
    signal(&child, "-INT");
    signal(&child, "-INT");
    let asked = Instant::now();
    let (code, object) = end(child);
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    assert_eq!((code, &object["interrupted"]), (Some(130), &Value::Bool(true)), "{object}");
    // What is done waits for the next call, where the message says.
    assert!(place.files(".").iter().all(|file| file.starts_with("people.unfinished/")), "{:?}", place.files("."));
}
