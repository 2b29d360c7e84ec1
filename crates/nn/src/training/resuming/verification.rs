//! Whether a run's checkpoints are what its training makes: the steps between two of them, done again and compared.

use std::path::{Path, PathBuf};
use std::time::Instant;

use burn::tensor::Device;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::run_folder::{CheckpointState, RUN_FILE, STATE, checkpoints, verify};
use crate::training::checkpoint::restore;
use crate::training::checkpoint_files::CheckpointFiles;
use crate::training::error::TrainingError;
use crate::training::loader::Loader;
use crate::training::run::Run;
use crate::training::task::Task;
use crate::weights::read_native;

use super::fingerprint::Pictures;

/// What is left out of a checkpoint's state: it differs from file to file, or is compared by the files.
type State = CheckpointState<Map<String, Value>>;

/// How a verification went.
#[derive(Clone, Debug)]
pub struct Verification {
    /// The run's folder.
    pub run: PathBuf,
    /// The step that the replay began behind: 0 for the run's start.
    pub from: u64,
    /// The step of the checkpoint that it was compared with.
    pub to: u64,
    /// Steps done again; fewer than there are between both if it was stopped.
    pub steps: u64,
    /// Seconds taken.
    pub seconds: f64,
    /// Files of the checkpoint that were compared.
    pub files: Vec<String>,
    /// The first difference; `None` where every byte is the same.
    pub difference: Option<Difference>,
    /// Whether it was stopped before the end, with nothing compared.
    pub interrupted: bool,
}

/// Where a replay first differs from what the run wrote.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The file of the checkpoint.
    pub file: String,
    /// The tensor in it, or the field of the state.
    pub tensor: Option<String>,
    /// The value's place in the tensor, flat.
    pub index: Option<usize>,
    /// What the checkpoint has there.
    pub expected: Option<f32>,
    /// What the replay made.
    pub found: Option<f32>,
    /// The same in words.
    pub detail: String,
}

impl Difference {
    fn of_file(file: &str, detail: String) -> Self {
        Self { file: file.to_owned(), tensor: None, index: None, expected: None, found: None, detail }
    }
}

/// Does the last steps of a run again: from the last whole checkpoint but one (or from the run's start, if there is one checkpoint
/// alone) to the last one, and compares every byte of weights, EMA and optimisers. Nothing in the run's folder is changed.
/// `stops` is asked after every step, with the steps done and the steps in all.
///
/// # Errors
/// [`TrainingError::Resume`] if the run has no checkpoint or the folder is no run, [`TrainingError::ChangedData`] if the pictures are
/// not those of the run, and those of a training.
pub fn replay<T: Task>(
    folder: &Path,
    device: &Device,
    stops: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<Verification, TrainingError> {
    let began = Instant::now();
    let run_file = folder.join(RUN_FILE);
    if !run_file.is_file() {
        let reason = format!("is no run of this program; expected a folder with {RUN_FILE} and checkpoints");
        return Err(TrainingError::Resume { path: folder.to_path_buf(), reason });
    }
    let run = T::Run::read(&run_file)?;
    let (start, (end, expected)) = last_two(folder)?;
    let sources = T::find_sources(&run)?;
    let mut task = T::build(&run, &sources, device)?;
    match &start {
        Some(checkpoint) => {
            restore(&mut task, checkpoint, run.seed())?;
        }
        None => task.begin(&run)?,
    }
    let pictures = Pictures::of(&T::pictures(&sources), Some(folder))?;
    if let Some(changes) = expected.data.as_ref().and_then(|earlier| pictures.changes(earlier, folder)) {
        return Err(TrainingError::ChangedData { path: folder.to_path_buf(), changes });
    }
    let (from, to) = (task.steps_done(), expected.step);
    let mut loader = Loader::start(run.workers(), from, T::batch_maker(&run, &sources));
    let mut interrupted = false;
    while task.steps_done() < to && !interrupted {
        task.step(loader.next_batch()?)?;
        interrupted = stops(task.steps_done() - from, to - from) && task.steps_done() < to;
    }
    let difference = if interrupted { None } else { compare(&task, &end, &expected)? };
    Ok(Verification {
        run: folder.to_path_buf(),
        from,
        to,
        steps: task.steps_done() - from,
        seconds: began.elapsed().as_secs_f64(),
        files: expected.sha256.into_keys().filter(|name| name != STATE).collect(),
        difference,
        interrupted,
    })
}

/// The last whole checkpoint but one, if there is one, and the last, with its state.
type LastTwo = (Option<PathBuf>, (PathBuf, State));

fn last_two(folder: &Path) -> Result<LastTwo, TrainingError> {
    let mut whole = checkpoints(folder).into_iter().rev().filter_map(|(_, path)| Some((verify(&path).ok()?, path)));
    let Some((state, last)) = whole.next() else {
        let reason = "the run has no whole checkpoint to compare with".to_owned();
        return Err(TrainingError::Resume { path: folder.to_path_buf(), reason });
    };
    Ok((whole.next().map(|(_, path)| path), (last, state)))
}

/// The first difference of what a task would write from a checkpoint.
fn compare<T: Task>(task: &T, checkpoint: &Path, expected: &State) -> Result<Option<Difference>, TrainingError> {
    let aside = tempfile::tempdir()
        .map_err(|error| TrainingError::Write { path: std::env::temp_dir(), reason: error.to_string() })?;
    let mut files = CheckpointFiles::new(aside.path());
    task.write_files(&mut files)?;
    let written = files.into_hashes();
    for (name, hash) in expected.sha256.iter().filter(|(name, _)| *name != STATE) {
        match written.get(name) {
            Some(found) if found == hash => {}
            Some(_) => return Ok(Some(first_difference(name, &checkpoint.join(name), &aside.path().join(name))?)),
            None => return Ok(Some(Difference::of_file(name, format!("{name}: the replay writes no such file")))),
        }
    }
    if let Some(name) = written.keys().find(|name| !expected.sha256.contains_key(*name)) {
        return Ok(Some(Difference::of_file(name, format!("{name}: the checkpoint has no such file"))));
    }
    Ok(state_difference(&serde_json::to_value(task.state()).unwrap_or_default(), &expected.own))
}

/// The first field of a state that differs.
fn state_difference(found: &Value, expected: &Map<String, Value>) -> Option<Difference> {
    let found = found.as_object()?;
    let differs = |(name, value): &(&String, &Value)| expected.get(*name) != Some(*value);
    let (name, value) = found.iter().find(differs)?;
    let then = expected.get(name).map_or_else(|| "nothing".to_owned(), Value::to_string);
    let detail = format!("{STATE}: {name} is {then}, the replay has {value}");
    Some(Difference { tensor: Some(name.clone()), ..Difference::of_file(STATE, detail) })
}

/// The first value, by the names of tensors, that differs between two files of arrays.
fn first_difference(name: &str, then: &Path, now: &Path) -> Result<Difference, TrainingError> {
    let (then, now) = (read_native(then)?.arrays, read_native(now)?.arrays);
    for (tensor, expected) in &then {
        let described = |detail: String| Difference {
            tensor: Some(tensor.clone()),
            ..Difference::of_file(name, format!("{name}: {tensor}: {detail}"))
        };
        let Some(found) = now.get(tensor) else {
            return Ok(described("the replay has no such tensor".to_owned()));
        };
        if found.shape != expected.shape {
            return Ok(described(format!("expected the shape {:?}, found {:?}", expected.shape, found.shape)));
        }
        let pairs = expected.values.iter().zip(&found.values);
        let mut differing = pairs.clone().enumerate().filter(|(_, (one, other))| one.to_bits() != other.to_bits());
        if let Some((index, (one, other))) = differing.next() {
            let count = 1 + differing.count();
            let largest = pairs.map(|(one, other)| (one - other).abs()).fold(0.0_f32, f32::max);
            let of = expected.values.len();
            return Ok(Difference {
                index: Some(index),
                expected: Some(*one).filter(|value| value.is_finite()),
                found: Some(*other).filter(|value| value.is_finite()),
                ..described(format!(
                    "value {index} is {one:e} in the checkpoint and {other:e} in the replay; {count} of {of} differ, by at most {largest:e}"
                ))
            });
        }
    }
    let more = now.keys().find(|tensor| !then.contains_key(*tensor));
    let detail = more.map_or_else(
        || format!("{name}: the values are the same, the files are not: another version may have written one"),
        |tensor| format!("{name}: {tensor}: the checkpoint has no such tensor"),
    );
    Ok(Difference { tensor: more.cloned(), ..Difference::of_file(name, detail) })
}
