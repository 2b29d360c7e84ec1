//! Checkpoints: all that a run needs to go on to the same bytes.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::parameter::Parameterized;
use crate::weights::{FloatKind, ModelFile, assign, read_native, sha256_of_file, write_native};

use super::{Task, TrainingError};

/// What `state.json` says.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct State<T> {
    /// Steps done.
    step: u64,
    /// The seed that all random numbers of the run derive from, together with the step and their
    /// purpose: there is no other random state.
    seed: u64,
    /// Samples (of each domain, for a translator) that the loader has given out.
    samples: u64,
    /// What is kept of this task alone.
    #[serde(flatten)]
    own: T,
    version: String,
    /// SHA-256 of each file beside this one.
    sha256: BTreeMap<String, String>,
}

const STATE: &str = "state.json";

/// A state of any task.
type AnyState = State<serde_json::Map<String, serde_json::Value>>;

/// The checkpoints of a run, oldest first, whole or torn.
pub fn list(run_folder: &Path) -> Vec<(u64, PathBuf)> {
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

/// The newest whole checkpoint of a run, and a sentence for each newer one that is torn.
pub fn newest(run_folder: &Path) -> (Option<PathBuf>, Vec<String>) {
    let mut warnings = Vec::new();
    for (_, path) in list(run_folder).into_iter().rev() {
        match verify(&path) {
            Ok(_) => return (Some(path), warnings),
            Err(reason) => warnings.push(format!("skipped the checkpoint {}: {reason}", path.display())),
        }
    }
    (None, warnings)
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
    if path.join(super::session::RUN_FILE).is_file() {
        let (newest, _) = newest(path);
        return newest.map(|newest| Some(weights(&newest))).ok_or_else(|| NoCheckpoint { path: path.to_path_buf() });
    }
    Ok(None)
}

/// The checkpoint of `step`, if there is one and it is whole. Reads no other checkpoint.
pub(super) fn whole(run_folder: &Path, step: u64) -> Option<PathBuf> {
    Some(folder_of(run_folder, step)).filter(|path| verify(path).is_ok())
}

/// Where the checkpoint of `step` is, or would be.
pub(super) fn folder_of(run_folder: &Path, step: u64) -> PathBuf {
    run_folder.join("checkpoints").join(format!("{step:08}"))
}

fn verify(checkpoint: &Path) -> Result<AnyState, String> {
    let text = fs::read(checkpoint.join(STATE)).map_err(|error| format!("{STATE}: {error}"))?;
    let state: AnyState = serde_json::from_slice(&text).map_err(|error| format!("{STATE}: {error}"))?;
    for (name, expected) in &state.sha256 {
        let found = sha256_of_file(&checkpoint.join(name)).map_err(|error| format!("{name}: {error}"))?;
        if found != *expected {
            return Err(format!("{name} is not what was written"));
        }
    }
    Ok(state)
}

/// The files of a checkpoint being written, and their hashes.
#[derive(Debug)]
pub struct CheckpointFiles {
    folder: PathBuf,
    hashes: BTreeMap<String, String>,
}

impl CheckpointFiles {
    /// Writes a model file.
    ///
    /// # Errors
    /// Those of writing.
    pub fn write(&mut self, name: &str, model: ModelFile) -> Result<(), TrainingError> {
        let path = self.folder.join(name);
        write_native(&model, FloatKind::Single, &path, true)?;
        drop(model);
        let hash = sha256_of_file(&path)
            .map_err(|error| TrainingError::Write { path: path.clone(), reason: error.to_string() })?;
        self.hashes.insert(name.to_owned(), hash);
        Ok(())
    }
}

/// Writes a checkpoint of a run with `seed` into `run_folder`, aside first, and returns its folder.
///
/// # Errors
/// [`TrainingError::Write`], and nothing is left behind.
pub(super) fn save(
    task: &impl Task,
    run_folder: &Path,
    seed: u64,
    batch_size: usize,
) -> Result<PathBuf, TrainingError> {
    let folder = run_folder.join("checkpoints");
    let step = task.steps_done();
    let target = folder_of(run_folder, step);
    let wrong = |error: std::io::Error| TrainingError::Write { path: target.clone(), reason: error.to_string() };
    fs::create_dir_all(&folder).map_err(wrong)?;
    let aside = tempfile::Builder::new().prefix(".checkpoint-").tempdir_in(&folder).map_err(wrong)?;
    let mut files = CheckpointFiles { folder: aside.path().to_path_buf(), hashes: BTreeMap::new() };
    task.write_files(&mut files)?;
    let state = State {
        step,
        seed,
        samples: step * batch_size as u64,
        own: task.state(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        sha256: files.hashes,
    };
    write_state(&state, &aside.path().join(STATE))?;
    sync_folder(aside.path()).map_err(wrong)?;
    if target.exists() {
        fs::remove_dir_all(&target).map_err(wrong)?;
    }
    fs::rename(aside.path(), &target).map_err(wrong)?;
    // The folder has moved away; there is nothing left for the guard to remove.
    let _ = aside.keep();
    sync_folder(&folder).map_err(wrong)?;
    Ok(target)
}

fn write_state(state: &State<impl Serialize>, path: &Path) -> Result<(), TrainingError> {
    let wrong = |reason: String| TrainingError::Write { path: path.to_path_buf(), reason };
    let text = serde_json::to_vec_pretty(state).map_err(|error| wrong(error.to_string()))?;
    portraitist_face::files::write_atomically(path, &text, true).map_err(|error| wrong(error.to_string()))
}

/// Takes up where a checkpoint was written. The settings must be those of its run, whose seed is `seed`.
///
/// # Errors
/// [`TrainingError::Resume`] if it is torn, [`TrainingError::Weights`] if it does not fit.
pub(super) fn restore(task: &mut impl Task, checkpoint: &Path, seed: u64) -> Result<(), TrainingError> {
    let wrong = |reason: String| TrainingError::Resume { path: checkpoint.to_path_buf(), reason };
    let state = verify(checkpoint).map_err(wrong)?;
    if state.seed != seed {
        return Err(wrong(format!("was trained with seed {}, the run file says {seed}", state.seed)));
    }
    let own = serde_json::from_value(state.own.into()).map_err(|error| wrong(format!("{STATE}: {error}")))?;
    task.read_files(checkpoint, state.step, own)
}

/// Puts a file of a checkpoint into the network that it was written from.
pub(super) fn load(network: &mut impl Parameterized, path: &Path) -> Result<(), TrainingError> {
    Ok(assign(network, read_native(path)?.arrays, path)?)
}

/// Removes all but the newest `keep` checkpoints up to `step`; 0 keeps all. Later ones are torn and do
/// not count: the run is about to write them again.
pub(super) fn prune(run_folder: &Path, step: u64, keep: usize) {
    let mut found = list(run_folder);
    found.retain(|(found, _)| *found <= step);
    if keep == 0 || found.len() <= keep {
        return;
    }
    for (_, path) in &found[..found.len() - keep] {
        // An old checkpoint that cannot be removed costs space, not the run.
        let _ = fs::remove_dir_all(path);
    }
}

/// Removes what a killed program was writing aside.
pub(super) fn sweep(run_folder: &Path) {
    for folder in [run_folder.to_path_buf(), run_folder.join("checkpoints"), run_folder.join("samples")] {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let (name, path) = (entry.file_name(), entry.path());
            let begins = |prefix: &str| name.to_string_lossy().starts_with(prefix);
            // What cannot be removed costs space, not the run.
            if begins(".checkpoint-") {
                let _ = fs::remove_dir_all(path);
            } else if begins(".portraitist-") {
                let _ = fs::remove_file(path);
            }
        }
    }
}

fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}
