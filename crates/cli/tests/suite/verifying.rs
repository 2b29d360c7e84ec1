//! `portraitist train --verify`: a run's steps done again.

use std::fs;

use portraitist_nn::weights::sha256;
use serde_json::Value;

use crate::program::Place;

const RUN: &str = "runs/00001-tiny";

impl Place {
    fn verify(&self) -> crate::program::Answer {
        self.run(&["train", "--verify", RUN, "--json"])
    }

    /// Replaces a file of the last checkpoint, and notes its new hash as if the training had written it.
    fn forge(&self, name: &str, bytes: &[u8]) {
        let folder = format!("{RUN}/checkpoints/00000008");
        let path = format!("{folder}/state.json");
        let mut state: Value = serde_json::from_slice(&self.read(&path)).unwrap();
        self.write(&format!("{folder}/{name}"), bytes);
        state["sha256"][name] = sha256(bytes).into();
        // As older checkpoints, without a hash of its own.
        state["sha256"].as_object_mut().unwrap().remove("state.json");
        self.write(&path, state.to_string());
    }
}

#[test]
fn the_last_steps_give_the_same_bytes_again_and_nothing_is_written() {
    let place = Place::with_run(&[]);
    place.train(&[]).succeeded();
    let before: Vec<(String, Vec<u8>)> =
        place.files(RUN).into_iter().map(|name| (name.clone(), place.read(&format!("{RUN}/{name}")))).collect();
    let answer = place.verify().succeeded().json();
    assert_eq!((answer["from"].as_u64(), answer["to"].as_u64()), (Some(6), Some(8)));
    assert_eq!((answer["identical"].as_bool(), answer["difference"].is_null()), (Some(true), true), "{answer}");
    assert_eq!(answer["files"].as_array().unwrap().len(), 4, "{answer}");
    for (name, bytes) in before {
        assert!(place.read(&format!("{RUN}/{name}")) == bytes, "{name} has changed");
    }
    // One checkpoint alone: from the run's first step.
    for step in ["00000004", "00000006", "00000008"] {
        fs::remove_dir_all(place.path(&format!("{RUN}/checkpoints/{step}"))).unwrap();
    }
    let answer = place.verify().succeeded().json();
    assert_eq!((answer["from"].as_u64(), answer["to"].as_u64()), (Some(0), Some(2)));
}

#[test]
fn the_first_difference_is_named_by_its_tensor() {
    let place = Place::with_run(&[]);
    place.train(&[]).succeeded();
    for name in ["average.safetensors", "discriminator.safetensors", "generator.safetensors", "optimizer.safetensors"] {
        let path = format!("{RUN}/checkpoints/00000008/{name}");
        let honest = place.read(&path);
        let mut forged = honest.clone();
        // The lowest bit of the last value.
        let last = forged.len() - 4;
        forged[last] ^= 1;
        place.forge(name, &forged);
        let answer = place.verify();
        assert_eq!(answer.code, Some(1), "{answer:?}");
        let difference = &answer.json()["difference"];
        assert_eq!(difference["file"], name);
        assert!(difference["tensor"].as_str().is_some_and(|tensor| !tensor.is_empty()), "{difference}");
        assert_ne!(difference["expected"], difference["found"], "{difference}");
        assert!(difference["detail"].as_str().unwrap().contains("1 of "), "{difference}");
        place.forge(name, &honest);
    }
    place.verify().succeeded();
}

#[test]
fn other_pictures_and_folders_without_runs_are_refused() {
    let place = Place::with_run(&[]);
    place.train(&[]).succeeded();
    place.write_picture("photo/anna/2.png", 40, 38, 5);
    place.verify().failed(&["pictures are not those", "2.png"]);
    place.run(&["train", "--verify", "photo"]).failed(&["photo", "run.toml"]);
    let answer = place.run(&["train"]);
    assert_eq!(answer.code, Some(2), "{answer:?}");
    let answer = place.run(&["train", "run.toml", "--verify", RUN]);
    assert_eq!(answer.code, Some(2), "{answer:?}");
    fs::remove_dir_all(place.path(&format!("{RUN}/checkpoints"))).unwrap();
    place.verify().failed(&["no whole checkpoint"]);
}
