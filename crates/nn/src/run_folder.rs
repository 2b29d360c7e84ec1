//! Run folders and checkpoints as something to read: which there are, and whether they are whole.
//!
//! Training writes them; translation and recognition only read.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::weights::{sha256, sha256_of_file};

/// The run file of a run folder, every value written out.
pub const RUN_FILE: &str = "run.toml";
/// Weights of a translator's generators in a checkpoint.
pub const GENERATOR: &str = "generator.safetensors";
/// Their exponential moving average (EMA), where the run keeps one. The file keeps its name, so that paths to it stay valid.
pub const EMA: &str = "average.safetensors";
/// Weights of a translator's discriminators.
pub const DISCRIMINATOR: &str = "discriminator.safetensors";
/// Its older name, still read.
const OLD_DISCRIMINATOR: &str = "critic.safetensors";
/// Weights of a recogniser, with its classifier.
pub const RECOGNIZER: &str = "recognizer.safetensors";
/// Weights of the network that finds the points of drawn faces.
pub const LANDMARKS: &str = "landmarks.safetensors";
/// The optimisers' state: Adam's moments or SGD's momentum.
pub const OPTIMIZER: &str = "optimizer.safetensors";
/// What stands beside the weights of a checkpoint.
pub const STATE: &str = "state.json";

/// What `state.json` says; `T` is what one kind of training adds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CheckpointState<T> {
    /// Steps done.
    pub step: u64,
    /// The seed that all random numbers of the run derive from, together with the step and their
    /// purpose: there is no other random state.
    pub seed: u64,
    /// Samples (of each domain, for a translator) that the loader has given out.
    pub samples: u64,
    /// What is kept of this kind of training alone.
    #[serde(flatten)]
    pub own: T,
    /// What the pictures were that the run learns from. Older checkpoints do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Fingerprint>,
    /// The program's version that wrote the checkpoint.
    pub version: String,
    /// SHA-256 of each file of the checkpoint. That of `state.json` itself is taken with zeros in its own place; older
    /// checkpoints lack it.
    pub sha256: BTreeMap<String, String>,
}

/// Says whether the pictures of a run are still those that it was trained on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// How many there are.
    pub pictures: u64,
    /// The size of all files.
    pub bytes: u64,
    /// Over every picture's domain, person and content, in the run's order.
    pub sha256: String,
}

impl<T: Serialize> CheckpointState<T> {
    /// The text of `state.json`, its own hash included.
    ///
    /// # Errors
    /// If a number in it cannot be written as JSON.
    pub fn to_json(mut self) -> serde_json::Result<Vec<u8>> {
        self.sha256.insert(STATE.to_owned(), NO_HASH.to_owned());
        let text = serde_json::to_string_pretty(&self)?;
        let hash = sha256(text.as_bytes());
        Ok(text.replacen(NO_HASH, &hash, 1).into_bytes())
    }
}

/// Stands for the own hash of `state.json` while it is taken.
const NO_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The checkpoints of a run, oldest first, complete or incomplete.
pub fn checkpoints(run_folder: &Path) -> Vec<(u64, PathBuf)> {
    let Ok(entries) = fs::read_dir(run_folder.join("checkpoints")) else { return Vec::new() };
    let numbered = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.ok()?.path();
        let step = path.file_name()?.to_str()?.parse().ok()?;
        path.is_dir().then_some((step, path))
    };
    let mut found: Vec<(u64, PathBuf)> = entries.filter_map(numbered).collect();
    found.sort();
    found
}

/// Where the checkpoint of `step` is, or would be.
pub fn checkpoint_folder(run_folder: &Path, step: u64) -> PathBuf {
    run_folder.join("checkpoints").join(format!("{step:08}"))
}

/// The newest whole checkpoint of a run, and a sentence for each newer one that is incomplete.
pub fn newest_checkpoint(run_folder: &Path) -> (Option<PathBuf>, Vec<String>) {
    let mut warnings = Vec::new();
    for (_, path) in checkpoints(run_folder).into_iter().rev() {
        match verify(&path) {
            Ok(_) => return (Some(path), warnings),
            Err(reason) => warnings.push(format!("skipped the checkpoint {}: {reason}", path.display())),
        }
    }
    (None, warnings)
}

/// Reads a checkpoint's state, and compares the hash of each file with it.
///
/// # Errors
/// A sentence that names the file that is missing or not what was written.
pub fn verify(checkpoint: &Path) -> Result<CheckpointState<serde_json::Map<String, serde_json::Value>>, String> {
    let text = fs::read(checkpoint.join(STATE)).map_err(|error| format!("{STATE}: {error}"))?;
    let state: CheckpointState<_> = serde_json::from_slice(&text).map_err(|error| format!("{STATE}: {error}"))?;
    for (name, expected) in &state.sha256 {
        let found = if name == STATE {
            sha256(String::from_utf8_lossy(&text).replacen(expected.as_str(), NO_HASH, 1).as_bytes())
        } else {
            sha256_of_file(&checkpoint.join(name)).map_err(|error| format!("{name}: {error}"))?
        };
        if found != *expected {
            return Err(format!("{name} is not what was written"));
        }
    }
    Ok(state)
}

/// The weights file of a checkpoint that translation uses: the EMA where there is one.
pub fn translator_file(checkpoint: &Path) -> PathBuf {
    let ema = checkpoint.join(EMA);
    if ema.is_file() { ema } else { checkpoint.join(GENERATOR) }
}

/// The weights file of a checkpoint's discriminators, under its present or its older name.
pub fn discriminator_file(checkpoint: &Path) -> PathBuf {
    let old = checkpoint.join(OLD_DISCRIMINATOR);
    if old.is_file() { old } else { checkpoint.join(DISCRIMINATOR) }
}

/// The weights file of a checkpoint that recognition uses.
pub fn recognizer_file(checkpoint: &Path) -> PathBuf {
    checkpoint.join(RECOGNIZER)
}

/// A run that cannot be used yet.
#[derive(Debug, thiserror::Error)]
#[error("{}: the run has no whole checkpoint yet", path.display())]
pub struct NoCheckpoint {
    /// The run folder.
    pub path: PathBuf,
}

/// The weights file that a model's name stands for: a run folder (its newest whole checkpoint), a checkpoint folder, or a
/// file. `weights` says which file of a checkpoint it is. `None` where there is nothing.
///
/// # Errors
/// [`NoCheckpoint`].
pub fn locate(path: &Path, weights: impl Fn(&Path) -> PathBuf) -> Result<Option<PathBuf>, NoCheckpoint> {
    if path.is_file() {
        return Ok(Some(path.to_path_buf()));
    }
    if path.join(STATE).is_file() {
        return Ok(Some(weights(path)));
    }
    if path.join(RUN_FILE).is_file() {
        let (newest, _) = newest_checkpoint(path);
        return newest.map(|newest| Some(weights(&newest))).ok_or_else(|| NoCheckpoint { path: path.to_path_buf() });
    }
    Ok(None)
}

/// Runs under a folder: number, name, path.
pub fn numbered_runs(runs: &Path) -> Vec<(u64, String, PathBuf)> {
    let Ok(entries) = fs::read_dir(runs) else { return Vec::new() };
    let parse = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.ok()?.path();
        let (number, name) = path.file_name()?.to_str()?.split_once('-')?;
        Some((number.parse().ok()?, name.to_owned(), path.clone()))
    };
    entries.filter_map(parse).collect()
}

/// The newest run of `name` under `runs`.
pub fn newest_run(runs: &Path, name: &str) -> Option<PathBuf> {
    let started = |(_, found, path): &(u64, String, PathBuf)| found == name && path.join(RUN_FILE).is_file();
    numbered_runs(runs).into_iter().filter(started).max_by_key(|(number, ..)| *number).map(|(.., path)| path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_state_is_noticed() {
        let place = tempfile::tempdir().expect("a folder");
        let state = CheckpointState {
            step: 12,
            seed: 3,
            samples: 24,
            own: BTreeMap::from([("rate", 0.25)]),
            data: None,
            version: "0.1.0".to_owned(),
            sha256: BTreeMap::new(),
        };
        let text = String::from_utf8(state.to_json().expect("JSON")).expect("text");
        let found = |text: &str| {
            fs::write(place.path().join(STATE), text).expect("written");
            verify(place.path()).map(|state| state.step)
        };
        assert_eq!(found(&text), Ok(12));
        let error = found(&text.replace("\"step\": 12", "\"step\": 13")).expect_err("another step");
        assert!(error.contains("state.json is not what was written"), "{error}");
        found(&text.replace("0.25", "0.50")).expect_err("another rate");
        let older = r#"{"step": 12, "seed": 3, "samples": 24, "rate": 0.25, "version": "0.1.0", "sha256": {}}"#;
        assert_eq!(found(older), Ok(12), "older checkpoints have no such hash");
    }
}
