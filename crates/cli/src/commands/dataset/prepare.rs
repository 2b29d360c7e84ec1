//! `portraitist dataset prepare`.

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::ensure;
use portraitist_face::Error;
use portraitist_face::dataset::{Dataset, OpenOptions};
use portraitist_face::prepare::{Options, Report, prepare};
use serde::Serialize;

use super::problems::{print_problems, status};
use crate::arguments::PrepareArguments;
use crate::interruption;
use crate::models::open_detector;
use crate::output::{Console, advised};
use crate::settings::recipe;

#[derive(Serialize)]
struct Prepared {
    #[serde(flatten)]
    report: Report,
    warnings: Vec<String>,
}

/// What is told of a run that was interrupted.
#[derive(Serialize)]
struct Stopped<'a> {
    destination: &'a Path,
    pictures_done: usize,
    of: usize,
}

/// Runs the command.
pub(crate) fn run(arguments: &PrepareArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let recipe = recipe(arguments)?;
    let (source, destination) = (&arguments.source, &arguments.destination);
    ensure!(!same_folder(source, destination), "{}: source and destination are the same folder", destination.display());
    let options = OpenOptions {
        base: arguments.base.clone(),
        domain: arguments.domain.into(),
        left_out: vec![destination.clone()],
    };
    let dataset = Dataset::open(source, &options)?;
    dataset.remarks.iter().for_each(|remark| console.say(remark));
    let count = dataset.entries().count();
    ensure!(count > 0, "{}: the lists name no pictures", source.display());
    let looks_after_every_picture = interruption::Loop::begin();
    let done = AtomicUsize::new(0);
    let bar = console.progress(count as u64, "{bar:24} {pos}/{len} {per_sec} {eta} left");
    let going_on = || {
        bar.inc(1);
        done.fetch_add(1, Ordering::Relaxed);
        !interruption::stops_here()
    };
    let options = Options { redo: arguments.redo, force: arguments.force };
    let report = prepare(&dataset, &recipe, &open_detector()?, destination, options, going_on);
    bar.finish_and_clear();
    drop(looks_after_every_picture);
    if let Err(Error::Stopped) = report {
        let pictures_done = done.into_inner();
        let text = format!("interrupted: {pictures_done} of {count} pictures; {GO_ON}");
        console.say(&text);
        console.result(&Stopped { destination, pictures_done, of: count }, "")?;
        return Ok(ExitCode::FAILURE);
    }
    let report = report.map_err(explained)?;
    print_problems(&report.problems, console);
    let status = status(&report.problems);
    let text = describe(&report);
    let mut warnings = dataset.remarks;
    if let Some(first) = report.strangers.first() {
        let count = report.strangers.len();
        let warning = format!(
            "{count} files below {}/crops are none of this dataset's ({first}, …); they stay, and training does not use them",
            destination.display()
        );
        console.warn(&warning);
        warnings.push(warning);
    }
    console.result(&Prepared { report, warnings }, &text)?;
    Ok(status)
}

/// What can be done about an error.
fn explained(error: Error) -> anyhow::Error {
    match error {
        Error::Occupied { .. } | Error::Locked { .. } => error.into(),
        other => advised(other.to_string(), GO_ON),
    }
}

const GO_ON: &str = "what was done stays; run the same command again to go on";

fn same_folder(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

fn describe(report: &Report) -> String {
    let mut text = format!("{} pictures kept, {} new or changed\n", report.kept, report.changed);
    for (reason, count) in &report.dropped {
        text.push_str(&format!("{count:>8} dropped: {reason}\n"));
    }
    let [test, train] = ["test", "train"].map(|side| report.people.get(side).copied().unwrap_or(0));
    text.push_str(&format!("{train} people to train with, {test} to test with\n{}", report.manifest.display()));
    text
}
