//! `portraitist dataset check`.

mod people;
mod report;

use std::process::ExitCode;

use anyhow::Context;
use portraitist_face::Domain;
use portraitist_face::check::check;
use portraitist_face::dataset::Problem;
use portraitist_face::files::write_atomically;
use serde::Serialize;

use super::open::open_with_pictures;
use super::problems::{print_problems, status};
use crate::arguments::CheckArguments;
use crate::output::{Console, refuse_existing, refuse_input};

#[derive(Serialize)]
struct Check {
    people: usize,
    drawings: usize,
    photos: usize,
    problems: Vec<Problem>,
    warnings: Vec<String>,
}

/// Runs the command: 1 if something cannot be used; what is only worth a look does not count.
pub(crate) fn run(arguments: &CheckArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let results = [&arguments.report, &arguments.list].into_iter().flatten().map(std::path::PathBuf::as_path);
    refuse_existing(results.clone(), arguments.force)?;
    let dataset = open_with_pictures(&arguments.dataset, console)?;
    for result in results {
        refuse_input(result, dataset.entries().map(|(_, entry)| entry.picture.as_path()))?;
    }
    let bar = console.progress(dataset.entries().count() as u64, "{bar:24} {pos}/{len} {eta} left");
    let mut problems = check(&dataset, || bar.inc(1));
    bar.finish_and_clear();
    if arguments.faces {
        problems.extend(people::look(&dataset, &arguments.recognizer, console)?);
    }
    print_problems(&problems, console);
    let status = status(&problems);
    let count = |domain| dataset.entries().filter(|(_, entry)| entry.domain == domain).count();
    let (people, drawings, photos) = (dataset.people.len(), count(Domain::Drawing), count(Domain::Photo));
    let text = format!("{people} people, {drawings} drawings, {photos} photos, {} problems", problems.len());
    if let Some(path) = &arguments.list {
        let lines: String = problems.iter().map(list_line).collect();
        write_atomically(path, lines.as_bytes(), arguments.force).with_context(|| path.display().to_string())?;
    }
    if let Some(path) = &arguments.report {
        let page = report::page(&dataset, &problems, &text);
        write_atomically(path, page.as_bytes(), arguments.force).with_context(|| path.display().to_string())?;
    }
    console.result(&Check { people, drawings, photos, problems, warnings: dataset.remarks }, &text)?;
    Ok(status)
}

/// Picture, kind and detail, parted by tabs.
fn list_line(problem: &Problem) -> String {
    let plain = |text: &str| text.replace(['\t', '\n', '\r'], " ");
    format!("{}\t{}\t{}\n", plain(&problem.picture), problem.kind.name(), plain(&problem.detail))
}
