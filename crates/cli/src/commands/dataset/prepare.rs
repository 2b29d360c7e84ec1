//! `portraitist dataset prepare`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::ensure;
use portraitist_face::dataset::{Dataset, OpenOptions};
use portraitist_face::prepare::{Report, prepare};
use serde::Serialize;

use super::problems::{print_problems, status};
use crate::arguments::PrepareArguments;
use crate::models::open_detector;
use crate::output::{Console, advised};
use crate::settings::recipe;

#[derive(Serialize)]
struct Prepared {
    #[serde(flatten)]
    report: Report,
    warnings: Vec<String>,
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
    let bar = console.progress(count as u64, "{bar:24} {pos}/{len} {per_sec} {eta} left");
    let report = prepare(&dataset, &recipe, &open_detector()?, destination, || bar.inc(1))
        .map_err(|error| advised(error.to_string(), "what was done stays; run the same command again to go on"))?;
    bar.finish_and_clear();
    print_problems(&report.problems, console);
    let status = status(&report.problems);
    let text = describe(&report);
    console.result(&Prepared { report, warnings: dataset.remarks }, &text)?;
    Ok(status)
}

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
