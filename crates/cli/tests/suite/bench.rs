//! `portraitist bench`.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::program::Place;

#[test]
fn a_case_is_timed_in_a_process_of_its_own() {
    let place = Place::new();
    let arguments = ["bench", "translate", "--only", "128x112", "--runs", "3", "--threads", "1", "--ceiling", "100"];
    let object = place.run(&[&arguments[..], &["--json"]].concat()).succeeded().json();
    assert_eq!(object["threads"], 1);
    assert!(["avx512", "avx2", "neon", "portable"].contains(&object["isa"].as_str().unwrap()), "{object}");
    let results = object["results"].as_array().unwrap();
    assert_eq!(results.len(), 1, "{object}");
    let number = |field: &str| results[0][field].as_f64().unwrap_or_else(|| panic!("{field} in {object}"));
    assert_eq!(results[0]["name"], "translate 128x112 dim 32");
    assert_eq!(number("runs"), 3.0);
    assert!(0.0 < number("min_ms") && number("min_ms") <= number("median_ms"), "{object}");
    assert!(number("median_ms") <= number("max_ms"), "{object}");
    let rate = number("gflop") / (number("median_ms") / 1e3);
    assert!((rate / number("gflops_per_second") - 1.0).abs() < 0.02, "{object}");
    assert!((rate / 100.0 - number("roofline_share")).abs() < 0.02, "{object}");
    if cfg!(target_os = "linux") {
        // The weights alone, and far less than any machine has.
        assert!((30.0..4000.0).contains(&number("peak_rss_mb")), "{object}");
    }
    let text = place.run(&arguments).succeeded().stdout;
    assert!(text.contains("translate 128x112 dim 32") && text.contains("1 threads"), "{text}");
}

#[test]
fn cases_that_do_not_exist_are_errors() {
    let place = Place::new();
    place.run(&["bench", "translate 100x100"]).failed(&["translate 100x100", "hint: ", "vgg 224x224 batch 8"]);
    place.run(&["bench", "--case", "nonsense"]).failed(&["nonsense"]);
    assert_eq!(place.run(&["bench", "--runs", "0"]).code, Some(2));
    assert_eq!(place.run(&["bench", "--ceiling", "-1"]).code, Some(2));
}

/// A process that `parent` started.
#[cfg(target_os = "linux")]
fn child_of(parent: u32) -> Option<u32> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let mut numbered = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbered.find(|id: &u32| {
        // Behind the name in brackets: state, parent.
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        let found = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)?.parse().ok());
        found == Some(parent)
    })
}

#[cfg(target_os = "linux")]
#[test]
fn a_case_whose_process_is_killed_is_reported_and_fails() {
    let place = Place::new();
    let program = place.command(&["bench", "translate 128", "--json", "--runs", "100000"]).spawn().unwrap();
    let began = Instant::now();
    let case = loop {
        if let Some(case) = child_of(program.id()) {
            break case.to_string();
        }
        assert!(began.elapsed() < Duration::from_secs(60), "no case was started");
        std::thread::sleep(Duration::from_millis(1));
    };
    // As a system without memory would do it.
    assert!(Command::new("kill").args(["-KILL", &case]).status().unwrap().success());
    let output = program.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(object["failed"][0]["input"], "translate 128x112 dim 32", "{object}");
    assert!(object["failed"][0]["error"].as_str().unwrap().contains("signal: 9"), "{object}");
    assert_eq!(object["results"].as_array().map(Vec::len), Some(0), "{object}");
}
