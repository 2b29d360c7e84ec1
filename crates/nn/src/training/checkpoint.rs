//! Writes checkpoints and resumes from them. A resumed run goes on to the same bytes.

use std::fs;
use std::path::{Path, PathBuf};

use portraitist_face::files::{create_unfinished, sync_folder, write_atomically};

use crate::parameter::Parameterized;
use crate::run_folder::{CheckpointState, Fingerprint, STATE, checkpoint_folder, checkpoints, verify};
use crate::weights::{assign, read_native};

use super::checkpoint_files::CheckpointFiles;
use super::error::TrainingError;
use super::task::Task;

/// The checkpoint of `step`, if there is one and it is whole. Reads no other checkpoint.
pub(super) fn whole(run_folder: &Path, step: u64) -> Option<PathBuf> {
    Some(checkpoint_folder(run_folder, step)).filter(|path| verify(path).is_ok())
}

/// What the checkpoints of a run have in common.
#[derive(Clone, Debug)]
pub(super) struct RunFacts {
    pub(super) seed: u64,
    pub(super) batch_size: usize,
    pub(super) data: Fingerprint,
}

/// A file beside the weights of a checkpoint, of which its state says nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beside<'a> {
    pub(super) name: &'a str,
    pub(super) text: &'a [u8],
}

/// Writes the checkpoint of the task's step into `run_folder`.
///
/// # Errors
/// [`TrainingError::Write`], and nothing is left behind.
pub(super) fn save(task: &impl Task, run_folder: &Path, facts: &RunFacts) -> Result<(), TrainingError> {
    save_at(task, run_folder, &checkpoint_folder(run_folder, task.steps_done()), facts, None)
}

/// Writes a checkpoint as the folder `target`, which it replaces. It is written under another name and renamed.
///
/// # Errors
/// [`TrainingError::Write`], and nothing is left behind.
pub(super) fn save_at(
    task: &impl Task,
    run_folder: &Path,
    target: &Path,
    facts: &RunFacts,
    beside: Option<Beside<'_>>,
) -> Result<(), TrainingError> {
    let folder = run_folder.join("checkpoints");
    let step = task.steps_done();
    let wrong = |error: std::io::Error| TrainingError::Write { path: target.to_path_buf(), reason: error.to_string() };
    fs::create_dir_all(&folder).map_err(wrong)?;
    let aside =
        create_unfinished(|| tempfile::Builder::new().prefix(".checkpoint-").tempdir_in(&folder)).map_err(wrong)?;
    let mut files = CheckpointFiles::new(aside.path());
    task.write_files(&mut files)?;
    let state = CheckpointState {
        step,
        seed: facts.seed,
        samples: step * facts.batch_size as u64,
        own: task.state(),
        data: Some(facts.data.clone()),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        sha256: files.into_hashes(),
    };
    let path = aside.path().join(STATE);
    let unwritten = |reason: String| TrainingError::Write { path: path.clone(), reason };
    let text = state.to_json().map_err(|error| unwritten(error.to_string()))?;
    write_atomically(&path, &text, true).map_err(|error| unwritten(error.to_string()))?;
    if let Some(Beside { name, text }) = beside {
        write_atomically(aside.path().join(name), text, true).map_err(|error| unwritten(error.to_string()))?;
    }
    sync_folder(aside.path()).map_err(wrong)?;
    if target.exists() {
        fs::remove_dir_all(target).map_err(wrong)?;
    }
    fs::rename(aside.path(), target).map_err(wrong)?;
    // The folder has moved away; there is nothing left for the guard to remove.
    let _ = aside.keep();
    sync_folder(target.parent().unwrap_or(&folder)).map_err(wrong)
}

/// Restores the networks and optimisers of a checkpoint. The settings must be those of its run, whose seed is `seed`.
/// Returns what its pictures were; older checkpoints do not say.
///
/// # Errors
/// [`TrainingError::Resume`] if it is incomplete, [`TrainingError::Weights`] if it does not fit.
pub(super) fn restore(
    task: &mut impl Task,
    checkpoint: &Path,
    seed: u64,
) -> Result<Option<Fingerprint>, TrainingError> {
    let wrong = |reason: String| TrainingError::Resume { path: checkpoint.to_path_buf(), reason };
    let state = verify(checkpoint).map_err(wrong)?;
    if state.seed != seed {
        return Err(wrong(format!("was trained with seed {}, the run file says {seed}", state.seed)));
    }
    let own = serde_json::from_value(state.own.into()).map_err(|error| wrong(format!("{STATE}: {error}")))?;
    task.read_files(checkpoint, state.step, own)?;
    Ok(state.data)
}

/// Puts a file of a checkpoint into the network that it was written from.
pub(super) fn load(network: &mut impl Parameterized, path: &Path) -> Result<(), TrainingError> {
    Ok(assign(network, read_native(path)?.arrays, path)?)
}

/// Removes all but the newest `keep` checkpoints up to `step`; 0 keeps all. Later ones are incomplete and do not count. The
/// run is about to write them again.
pub(super) fn prune(run_folder: &Path, step: u64, keep: usize) {
    let mut found = checkpoints(run_folder);
    found.retain(|(found, _)| *found <= step);
    if keep == 0 || found.len() <= keep {
        return;
    }
    for (_, path) in &found[..found.len() - keep] {
        // An old checkpoint that cannot be removed costs space, not the run.
        let _ = fs::remove_dir_all(path);
    }
}

/// Removes the unfinished files of a killed program.
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
