//! `portraitist dataset coverage`.

use std::process::ExitCode;

use portraitist_face::dataset::Problem;
use portraitist_face::protocol::coverage::{Available, Count, Protocols};
use serde::Serialize;

use super::open::open;
use super::problems::{print_problems, status};
use crate::arguments::DatasetArguments;
use crate::output::Console;

#[derive(Serialize)]
struct Coverage {
    files: Vec<File>,
    folders: Vec<File>,
    entries: i64,
    missing: i64,
    ratio: f64,
    problems: Vec<Problem>,
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct File {
    file: String,
    entries: i64,
    missing: i64,
    ratio: f64,
}

impl File {
    fn new((file, count): (String, Count)) -> Self {
        let file = file.trim_end_matches('/').to_owned();
        Self { file, entries: count.entries, missing: count.missing, ratio: count.ratio() }
    }
}

/// Runs the command. Entries that are missing are what was asked for; lines that cannot be understood make it fail.
pub(crate) fn run(arguments: &DatasetArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let dataset = open(arguments, console)?;
    let protocols = Protocols::read(dataset.require_protocols()?)?;
    let coverage = protocols.count(&Available::of(&dataset));
    let problems = [dataset.problems, protocols.problems].concat();
    print_problems(&problems, console);
    let status = status(&problems);
    let total = coverage.total();
    let line =
        |file: &File| format!("{:>8} {:>8} {:>7.2}%  {}", file.missing, file.entries, 100.0 * file.ratio, file.file);
    let folders: Vec<File> = coverage.folders().into_iter().map(File::new).collect();
    let files: Vec<File> = coverage.files.into_iter().map(File::new).collect();
    let all = File::new(("all".to_owned(), total));
    let rows: Vec<String> = files.iter().chain(&folders).chain([&all]).map(line).collect();
    let text = format!(" missing  entries    share\n{}", rows.join("\n"));
    let (entries, missing, ratio) = (total.entries, total.missing, total.ratio());
    console
        .result(&Coverage { files, folders, entries, missing, ratio, problems, warnings: dataset.remarks }, &text)?;
    Ok(status)
}
