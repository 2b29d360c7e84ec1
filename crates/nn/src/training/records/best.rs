//! The best checkpoint of a run, by a measure that its run file names.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::losses::NamedValues;
use crate::training::checkpoint::{Beside, RunFacts, save_at};
use crate::training::error::TrainingError;
use crate::training::task::Task;

/// Its folder in a run folder: a checkpoint like any other, which is never pruned.
const BEST: &str = "best";
/// By what it is the best, beside its weights.
const MEASURE: &str = "measure.json";

/// The best checkpoint of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// What was measured; less is better.
    pub measure: String,
    /// Its value.
    pub value: f64,
    /// The step that it was measured at.
    pub step: u64,
    /// The checkpoint's folder.
    #[serde(skip)]
    pub checkpoint: PathBuf,
}

/// The best checkpoint of a run folder by `measure`, if one was kept.
pub(super) fn read(run_folder: &Path, measure: &str) -> Option<Best> {
    let checkpoint = run_folder.join(BEST);
    let best: Best = serde_json::from_slice(&fs::read(checkpoint.join(MEASURE)).ok()?).ok()?;
    (best.measure == measure).then_some(Best { checkpoint, ..best })
}

/// Keeps the task's weights if `values` say that they are better than the best so far. Of two equal ones the first is kept.
///
/// # Errors
/// [`TrainingError::Write`]; the best so far stays.
pub(super) fn keep(
    task: &impl Task,
    run_folder: &Path,
    measure: &str,
    values: &NamedValues,
    facts: &RunFacts,
) -> Result<(), TrainingError> {
    let found = values.iter().find(|(name, _)| name == measure).map(|(_, value)| f64::from(*value));
    let Some(value) = found.filter(|value| value.is_finite()) else { return Ok(()) };
    if read(run_folder, measure).is_some_and(|best| best.value <= value) {
        return Ok(());
    }
    let target = run_folder.join(BEST);
    let best = Best { measure: measure.to_owned(), value, step: task.steps_done(), checkpoint: target.clone() };
    let text = serde_json::to_vec_pretty(&best)
        .map_err(|error| TrainingError::Write { path: target.join(MEASURE), reason: error.to_string() })?;
    save_at(task, run_folder, &target, facts, Some(Beside { name: MEASURE, text: &text }))
}
