//! `portraitist dataset synth`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use portraitist_face::Error;
use portraitist_face::synthetic::{unfinished_folder, write_dataset};
use portraitist_face::text::serialize_lossy;
use serde::Serialize;

use crate::arguments::SynthArguments;
use crate::interruption;
use crate::output::{Console, advised};
use crate::settings::dataset_plan;

/// What `--json` prints.
#[derive(Serialize)]
struct SynthOutput {
    #[serde(serialize_with = "serialize_lossy")]
    dataset: PathBuf,
    people: u32,
    photos: u64,
    drawings: u64,
    #[serde(serialize_with = "serialize_lossy")]
    manifest: PathBuf,
    seconds: f64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// Below this many people some protocol files lack folds or pairs.
const PEOPLE_FOR_ALL_FOLDS: u32 = 20;

/// Runs the command.
pub(crate) fn run(arguments: &SynthArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let plan = dataset_plan(arguments)?;
    let looks_after_every_picture = interruption::Loop::begin();
    let bar = console.progress(plan.pictures(), "{bar:24} {pos}/{len} pictures  {per_sec}  {eta} left");
    let start = Instant::now();
    let done = AtomicU64::new(0);
    let going_on = |count: u64| {
        bar.set_position(count);
        done.fetch_max(count, Ordering::Relaxed);
        !interruption::is_asked()
    };
    let result = write_dataset(&plan, &arguments.destination, arguments.force, &going_on);
    bar.finish_and_clear();
    drop(looks_after_every_picture);
    let summary = result.map_err(|error| match error {
        Error::Stopped => {
            interruption::stop();
            let kept = unfinished_folder(&arguments.destination);
            let done = done.load(Ordering::Relaxed);
            let message =
                format!("interrupted: {done} of {} pictures are made, in {}", plan.pictures(), kept.display());
            advised(message, "run the same command again to go on, or remove that folder")
        }
        Error::FolderExists { .. } => advised(error.to_string(), "replace an earlier synthetic dataset with --force"),
        other => other.into(),
    })?;
    let mut warnings = Vec::new();
    if plan.identities < PEOPLE_FOR_ALL_FOLDS {
        let people = if plan.identities == 1 { "1 person".to_owned() } else { format!("{} people", plan.identities) };
        let warning =
            format!("{people}: verification has fewer than ten folds; it takes {PEOPLE_FOR_ALL_FOLDS} people for all");
        console.warn(&warning);
        warnings.push(warning);
    }
    let text = format!(
        "{}: {} people, {} photos, {} drawings",
        arguments.destination.display(),
        summary.people,
        summary.photos,
        summary.drawings
    );
    let output = SynthOutput {
        dataset: arguments.destination.clone(),
        people: summary.people,
        photos: summary.photos,
        drawings: summary.drawings,
        manifest: summary.manifest,
        seconds: start.elapsed().as_secs_f64(),
        warnings,
    };
    console.result(&output, &text)?;
    Ok(ExitCode::SUCCESS)
}
