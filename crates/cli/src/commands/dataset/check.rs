//! `portraitist dataset check`.

use std::process::ExitCode;

use portraitist_face::Domain;
use portraitist_face::check::check;
use portraitist_face::dataset::Problem;
use serde::Serialize;

use super::open::open_with_pictures;
use super::problems::{print_problems, status};
use crate::arguments::DatasetArguments;
use crate::output::Console;

#[derive(Serialize)]
struct Check {
    people: usize,
    drawings: usize,
    photos: usize,
    problems: Vec<Problem>,
    warnings: Vec<String>,
}

/// Runs the command: 1 if something cannot be used; what is only worth a look does not count.
pub(crate) fn run(arguments: &DatasetArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let dataset = open_with_pictures(arguments, console)?;
    let bar = console.progress(dataset.entries().count() as u64, "{bar:24} {pos}/{len} {eta} left");
    let problems = check(&dataset, || bar.inc(1));
    bar.finish_and_clear();
    print_problems(&problems, console);
    let status = status(&problems);
    let count = |domain| dataset.entries().filter(|(_, entry)| entry.domain == domain).count();
    let (people, drawings, photos) = (dataset.people.len(), count(Domain::Drawing), count(Domain::Photo));
    let text = format!("{people} people, {drawings} drawings, {photos} photos, {} problems", problems.len());
    console.result(&Check { people, drawings, photos, problems, warnings: dataset.remarks }, &text)?;
    Ok(status)
}
