//! `portraitist train --resume`: the same bytes as if nothing had happened.

use std::fs;
use std::process::Child;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::program::Place;

const RUN: &str = "runs/00001-tiny";
const FILES: [&str; 4] =
    ["average.safetensors", "discriminator.safetensors", "generator.safetensors", "optimizer.safetensors"];

impl Place {
    fn checkpoint(&self, step: u64) -> [Vec<u8>; 4] {
        FILES.map(|name| self.read(&format!("{RUN}/checkpoints/{step:08}/{name}")))
    }

    fn start(&self, arguments: &[&str]) -> Child {
        self.command(&[&["train", "run.toml", "--json"], arguments].concat()).spawn().unwrap()
    }

    fn logged_steps(&self) -> usize {
        fs::read_to_string(self.path(&format!("{RUN}/log.jsonl"))).unwrap_or_default().lines().count()
    }

    /// Waits until the log of the run has `lines` lines.
    fn await_log(&self, lines: usize) {
        let began = Instant::now();
        while !self.path(&format!("{RUN}/log.jsonl")).is_file() || self.logged_steps() < lines {
            assert!(began.elapsed() < Duration::from_secs(60), "the run does not begin");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// What the run gives when nothing happens to it.
fn straight(changes: &[(&str, &str)], steps: u64) -> [Vec<u8>; 4] {
    let place = Place::with_run(changes);
    place.train(&[]).succeeded();
    place.checkpoint(steps)
}

fn assert_same(found: &[Vec<u8>; 4], expected: &[Vec<u8>; 4]) {
    for (name, (found, expected)) in FILES.iter().zip(found.iter().zip(expected)) {
        assert!(found == expected, "{name} differs");
    }
}

#[test]
fn a_killed_run_resumes_to_the_same_bytes() {
    let changes =
        [("steps = 8", "steps = 24"), ("seed = 3", "seed = 11"), ("checkpoint_every = 2", "checkpoint_every = 3")];
    let expected = straight(&changes, 24);
    let place = Place::with_run(&changes);
    let mut chance = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_micros();
    for round in 0..10 {
        let mut child = place.start(if round == 0 { &[] } else { &["--resume"] });
        place.await_log(1);
        chance = chance.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        std::thread::sleep(Duration::from_millis(u64::from(chance >> 16) % 150));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let answer = place.train(&["--resume"]).succeeded().json();
    assert_eq!(answer["steps"], 24);
    assert_same(&place.checkpoint(24), &expected);
    assert_eq!(place.logged_steps(), 24);
    let files = place.files(RUN);
    assert!(files.iter().all(|name| !name.contains("/.") && !name.starts_with('.')), "left behind: {files:?}");
}

#[test]
fn what_a_killed_program_was_writing_is_swept_away() {
    let place = Place::with_run(&[]);
    place.train(&[]).succeeded();
    for left in
        ["checkpoints/.checkpoint-Ab12/generator.safetensors", "samples/.portraitist-x.tmp", ".portraitist-y.tmp"]
    {
        place.write(&format!("{RUN}/{left}"), "half");
    }
    place.train(&["--resume"]).succeeded();
    assert!(place.files(RUN).iter().all(|name| !name.contains("/.") && !name.starts_with('.')));
}

#[test]
fn a_run_goes_on_when_more_steps_are_asked_for() {
    let expected = straight(&[], 8);
    let place = Place::with_run(&[("steps = 8", "steps = 3")]);
    place.train(&[]).succeeded();
    place.write_run(&[]);
    place.train(&["--resume"]).succeeded();
    assert_same(&place.checkpoint(8), &expected);
    let again = place.train(&["--resume"]).succeeded().json();
    assert_eq!(again["checkpoint"], format!("{RUN}/checkpoints/00000008"));
    assert_eq!(place.logged_steps(), 8);
}

#[test]
fn a_run_resumes_by_its_own_run_file() {
    let expected = straight(&[], 8);
    let place = Place::with_run(&[]);
    place.train(&[]).succeeded();
    for step in ["00000006", "00000008"] {
        fs::remove_dir_all(place.path(&format!("{RUN}/checkpoints/{step}"))).unwrap();
    }
    place.run(&["train", &format!("{RUN}/run.toml"), "--resume"]).succeeded();
    assert_same(&place.checkpoint(8), &expected);
}

#[test]
fn torn_checkpoints_are_skipped_with_a_warning() {
    let expected = straight(&[], 8);
    let place = Place::with_run(&[]);
    place.train(&[]).succeeded();
    let halved = place.read(&format!("{RUN}/checkpoints/00000008/discriminator.safetensors"));
    place.write(&format!("{RUN}/checkpoints/00000008/discriminator.safetensors"), &halved[..halved.len() / 2]);
    place.write(&format!("{RUN}/checkpoints/00000006/state.json"), "{");
    fs::remove_file(place.path(&format!("{RUN}/checkpoints/00000004/optimizer.safetensors"))).unwrap();
    let answer = place.train(&["--resume"]).succeeded();
    for step in ["00000008", "00000006", "00000004"] {
        let warned = |line: &str| line.starts_with("warning: ") && line.contains(step);
        assert!(answer.stderr.lines().any(warned), "{step} in {answer:?}");
    }
    assert_eq!(answer.json()["warnings"].as_array().unwrap().len(), 3);
    for step in [4, 6] {
        assert_same(&place.checkpoint(step), &straight(&[("steps = 8", &format!("steps = {step}"))], step));
    }
    assert_same(&place.checkpoint(8), &expected);
}

#[test]
fn a_torn_checkpoint_does_not_replace_a_whole_one() {
    let one = ("keep_checkpoints = 0", "keep_checkpoints = 1");
    let place = Place::with_run(&[]);
    place.train(&[]).succeeded();
    place.write(&format!("{RUN}/checkpoints/00000008/state.json"), "{");
    fs::remove_dir_all(place.path(&format!("{RUN}/checkpoints/00000006"))).unwrap();
    place.write_run(&[one, ("steps = 8", "steps = 6")]);
    place.train(&["--resume"]).succeeded();
    assert!(place.path(&format!("{RUN}/checkpoints/00000006/state.json")).is_file());
    place.write_run(&[one]);
    place.train(&["--resume"]).succeeded();
    assert_same(&place.checkpoint(8), &straight(&[], 8));
    assert_eq!(place.files(&format!("{RUN}/checkpoints")).len(), 5);
}

#[cfg(unix)]
#[test]
fn an_interrupt_writes_a_checkpoint_and_ends_well() {
    let changes = [("steps = 8", "steps = 30"), ("checkpoint_every = 2", "checkpoint_every = 1000")];
    let place = Place::with_run(&changes);
    for (round, (signal, code)) in [("-INT", 130), ("-TERM", 143)].into_iter().enumerate() {
        let child = place.start(if round == 0 { &[] } else { &["--resume"] });
        place.await_log(3 + 4 * round);
        let id = child.id().to_string();
        assert!(std::process::Command::new("kill").args([signal, &id]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        let object: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(object["interrupted"], true, "{object}");
        let step = object["steps"].as_u64().unwrap();
        assert_eq!(object["checkpoint"], format!("{RUN}/checkpoints/{step:08}"));
        assert!(place.path(object["checkpoint"].as_str().unwrap()).join("state.json").is_file());
    }
    place.train(&["--resume"]).succeeded();
    assert_same(&place.checkpoint(30), &straight(&changes, 30));
}

#[test]
fn sample_grids_and_training_do_not_disturb_each_other() {
    let grid = format!("{RUN}/samples/00000008-train.png");
    let alone = Place::with_run(&[("sample_every = 4", "sample_every = 1000")]);
    alone.train(&[]).succeeded();
    for threads in ["1", "5"] {
        let every = Place::with_run(&[("sample_every = 4", "sample_every = 1")]);
        let mut command = every.command(&["train", "run.toml"]);
        assert!(command.env("RAYON_NUM_THREADS", threads).output().unwrap().status.success());
        assert_eq!(every.files(&format!("{RUN}/samples")).len(), 8);
        assert!(every.read(&grid) == alone.read(&grid), "the last grid differs on {threads} threads");
        assert_same(&every.checkpoint(8), &alone.checkpoint(8));
    }
}

#[test]
fn threads_and_workers_do_not_change_the_bytes() {
    let expected = straight(&[], 8);
    for threads in ["1", "2", "5"] {
        let place = Place::with_run(&[]);
        let mut command = place.command(&["train", "run.toml"]);
        assert!(command.env("RAYON_NUM_THREADS", threads).output().unwrap().status.success());
        assert_same(&place.checkpoint(8), &expected);
    }
    for workers in ["workers = 1", "workers = 3"] {
        let line = format!("photos = \"photo\"\n{workers}");
        assert_same(&straight(&[("photos = \"photo\"", &line)], 8), &expected);
    }
}

/// Running networks again for their gradients is no other setting: it may come and go within a run.
#[test]
fn activation_checkpointing_may_change_within_a_run() {
    let expected = straight(&[], 8);
    let checkpointing = ("[record]", "[optimizer]\nactivation_checkpointing = true\n\n[record]");
    assert_same(&straight(&[checkpointing], 8), &expected);
    for [first, then] in
        [[&[checkpointing][..], &[][..]], [&[][..], &[checkpointing][..]], [&[checkpointing][..], &[checkpointing][..]]]
    {
        let place = Place::with_run(&[&[("steps = 8", "steps = 3")], first].concat());
        place.train(&[]).succeeded();
        place.write_run(then);
        place.train(&["--resume"]).succeeded();
        assert_same(&place.checkpoint(8), &expected);
        assert_eq!(place.logged_steps(), 8);
    }
}

#[test]
fn other_settings_do_not_resume() {
    let place = Place::with_run(&[]);
    place.train(&[]).succeeded();
    let before = place.checkpoint(8);
    place.write_run(&[("seed = 3", "seed = 4"), ("steps = 8", "steps = 9"), ("dim = 4", "dim = 12")]);
    let answer = place.train(&["--resume"]).failed(&["run.toml", "other settings", "seed was 3, is 4"]);
    assert!(answer.stderr.contains("generator.dim was 4, is 12") && !answer.stderr.contains("steps was"), "{answer:?}");
    assert_same(&place.checkpoint(8), &before);
}

#[test]
fn changed_pictures_are_named_and_refused_unless_they_are_allowed() {
    let place = Place::with_run(&[("steps = 8", "steps = 4")]);
    place.train(&[]).succeeded();
    let before = place.checkpoint(4);
    place.write_run(&[]);
    let picture = |name: &str| place.path(name).display().to_string();
    // The same size and the same times: only the content tells.
    let path = place.path("photo/anna/1.png");
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let place_of_pixels = bytes.windows(4).position(|part| part == b"IDAT").unwrap() + 8;
    bytes[place_of_pixels] ^= 1;
    fs::write(&path, bytes).unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
    let answer = place.train(&["--resume"]).failed(&["--allow-changed-data", "10 pictures", "other content: "]);
    assert!(answer.stderr.contains(&picture("photo/anna/1.png")) && !answer.stderr.contains("0.png"), "{answer:?}");
    place.write_picture("photo/anna/1.png", 50, 60, 3);
    place.write_picture("photo/bela/9.png", 50, 60, 3);
    fs::remove_file(place.path("drawing/anna/0.png")).unwrap();
    let answer = place.train(&["--resume"]).failed(&["--allow-changed-data", "added: ", "removed: "]);
    for name in ["photo/bela/9.png", "drawing/anna/0.png", "photo/anna/1.png"] {
        assert!(answer.stderr.contains(&picture(name)), "{name} in {answer:?}");
    }
    assert_same(&place.checkpoint(4), &before);
    let answer = place.train(&["--resume", "--allow-changed-data"]).succeeded();
    assert!(answer.json()["warnings"][0].as_str().is_some_and(|text| text.contains("other content: ")), "{answer:?}");
    let answer = place.train(&["--resume"]).succeeded();
    assert!(answer.json()["warnings"].is_null(), "what is there now is what it was trained on: {answer:?}");
}

#[test]
fn checkpoints_without_a_fingerprint_or_a_hash_of_the_state_resume() {
    let expected = straight(&[], 8);
    let place = Place::with_run(&[("steps = 8", "steps = 4")]);
    place.train(&[]).succeeded();
    let name = format!("{RUN}/checkpoints/00000004/state.json");
    let mut state: serde_json::Value = serde_json::from_slice(&place.read(&name)).unwrap();
    assert!(state["data"]["sha256"].is_string() && state["sha256"]["state.json"].is_string(), "{state}");
    state.as_object_mut().unwrap().remove("data");
    state["sha256"].as_object_mut().unwrap().remove("state.json");
    place.write(&name, state.to_string());
    fs::remove_file(place.path(&format!("{RUN}/pictures.jsonl"))).unwrap();
    place.write_run(&[]);
    assert!(place.train(&["--resume"]).succeeded().json()["warnings"].is_null());
    assert_same(&place.checkpoint(8), &expected);
}

#[test]
fn a_changed_state_is_torn() {
    let place = Place::with_run(&[]);
    place.train(&[]).succeeded();
    let name = format!("{RUN}/checkpoints/00000008/state.json");
    let text = String::from_utf8(place.read(&name)).unwrap();
    place.write(&name, text.replace("\"samples\": 8", "\"samples\": 9"));
    let answer = place.train(&["--resume"]).succeeded();
    assert!(answer.stderr.contains("state.json is not what was written"), "{answer:?}");
}

#[test]
fn a_run_is_trained_by_one_process_at_a_time() {
    let changes = [("steps = 8", "steps = 2000"), ("checkpoint_every = 2", "checkpoint_every = 1000")];
    let place = Place::with_run(&changes);
    let mut child = place.start(&[]);
    place.await_log(1);
    let answer = place.train(&["--resume"]).failed(&["another process trains this run", "wait until it has ended"]);
    assert!(answer.stderr.contains(&format!("process {}", child.id())), "{answer:?}");
    child.kill().unwrap();
    child.wait().unwrap();
    place.write_run(&[("steps = 8", "steps = 3"), ("checkpoint_every = 2", "checkpoint_every = 1000")]);
    place.train(&["--resume"]).succeeded();
}

#[test]
fn a_broken_log_does_not_stop_a_run() {
    let expected = straight(&[], 8);
    let place = Place::with_run(&[("steps = 8", "steps = 4")]);
    place.train(&[]).succeeded();
    let mut log = place.read(&format!("{RUN}/log.jsonl"));
    log.extend(b"{\"step\":\xff\xfe}\n\0\0\0");
    place.write(&format!("{RUN}/log.jsonl"), log);
    place.write_run(&[]);
    let answer = place.train(&["--resume"]).succeeded();
    let warning = answer.json()["warnings"][0].as_str().unwrap().to_owned();
    assert!(warning.contains("log.jsonl") && warning.contains("2 lines"), "{warning}");
    assert_same(&place.checkpoint(8), &expected);
    assert_eq!(place.log(RUN).len(), 8);
}

#[test]
fn a_new_start_tells_tensorboard_which_steps_are_done_again() {
    let place = Place::with_run(&[("steps = 8", "steps = 4")]);
    place.train(&[]).succeeded();
    place.write_run(&[]);
    place.train(&["--resume"]).succeeded();
    let mut files = place.files(RUN);
    files.retain(|name| name.starts_with("events."));
    // A session log is field 7 of an event; START is its status 1.
    let starts = |name: &String, step: u8| {
        let start = [2 << 3, step, 7 << 3 | 2, 2, 1 << 3, 1];
        place.read(&format!("{RUN}/{name}")).windows(start.len()).any(|part| part == start)
    };
    assert!(files.len() == 2 && starts(&files[0], 1) && starts(&files[1], 5), "{files:?}");
}
