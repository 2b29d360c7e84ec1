//! A file system that fails once: a sample of what `scripts/check-faults.py` does at every place.
#![cfg(target_os = "linux")]

use std::fs;
use std::process::{Command, Stdio};

use crate::program::Place;

/// Runs the program under strace, in which the `when`th of some calls of each thread fails.
fn run(place: &Place, words: &[&str], calls: &str, error: &str, when: usize) -> (Option<i32>, String) {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={calls}")]);
    strace.args(["-e", &format!("inject={calls}:error={error}:when={when}")]);
    strace.arg(env!("CARGO_BIN_EXE_portraitist")).args(words).current_dir(place.path(""));
    let output = strace.env("RAYON_NUM_THREADS", "1").stdin(Stdio::null()).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Whether calls of another process can be made to fail here.
fn can_inject(place: &Place) -> bool {
    let strace = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).current_dir(place.path("")).status();
    strace.is_ok_and(|status| status.success())
}

#[test]
#[expect(clippy::print_stderr, reason = "a test says what it skips")]
fn a_training_whose_disk_fails_once_resumes_to_the_same_bytes() {
    let place = Place::with_run(&[("steps = 8", "steps = 4")]);
    if !can_inject(&place) {
        eprintln!("skipped: strace is not there, or may not trace");
        return;
    }
    place.train(&[]).succeeded();
    let checkpoint = "runs/00001-tiny/checkpoints/00000004";
    let expected: Vec<(String, Vec<u8>)> = place
        .files(checkpoint)
        .into_iter()
        .map(|name| (name.clone(), place.read(&format!("{checkpoint}/{name}"))))
        .collect();
    let cases = [
        ("write", "ENOSPC", 8),
        ("write", "EIO", 12),
        ("write", "EINTR", 10),
        ("fsync", "EIO", 3),
        ("fsync", "EINTR", 2),
        ("rename,renameat,renameat2,link,linkat", "EPERM", 2),
        ("rename,renameat,renameat2,link,linkat", "EIO", 4),
    ];
    let mut told = 0;
    for (calls, error, when) in cases {
        fs::remove_dir_all(place.path("runs")).unwrap();
        let (code, stderr) = run(&place, &["-q", "train", "run.toml"], calls, error, when);
        assert!(matches!(code, Some(0 | 1)) && !stderr.contains("panicked"), "{calls} {error} {when}: {stderr}");
        if code == Some(1) {
            told += 1;
            assert!(
                stderr.contains("error: ") && stderr.contains("runs/00001-tiny"),
                "{calls} {error} {when}: {stderr}"
            );
            let begun = place.path("runs/00001-tiny/run.toml").is_file();
            place.train(if begun { &["--resume"] } else { &[] }).succeeded();
        }
        for (name, bytes) in &expected {
            assert!(place.read(&format!("{checkpoint}/{name}")) == *bytes, "{name} after {calls} {error} {when}");
        }
        let left: Vec<String> = place.files("runs").into_iter().filter(|file| file.contains("/.")).collect();
        assert!(left.is_empty(), "{calls} {error} {when}: {left:?}");
    }
    assert!(told > 2, "most of these calls must succeed: {told}");
}
