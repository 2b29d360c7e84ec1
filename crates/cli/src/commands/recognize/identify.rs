//! `portraitist recognize identify`.

use std::fmt::Write;
use std::process::ExitCode;

use anyhow::ensure;
use portraitist_face::align::Fit;
use portraitist_face::protocol::identification::{Direction, Set};
use portraitist_nn::metrics::identification::{self, IdentificationIntervals, IdentificationReport, evaluate};
use portraitist_nn::recognition::{IdentificationTask, Similarity, View, sets};
use serde::Serialize;

use super::evaluation::{Examination, explained};
use super::origin::Origin;
use super::plot;
use super::report::{Row, markdown_rows, remarks, table};
use crate::arguments::{IdentifyArguments, PlotFile};
use crate::commands::dataset::open::open;
use crate::output::Console;

/// What `--json` prints.
#[derive(Serialize)]
struct Output<'a> {
    #[serde(flatten)]
    report: &'a IdentificationReport,
    #[serde(skip_serializing_if = "Option::is_none")]
    intervals: Option<&'a IdentificationIntervals>,
    #[serde(flatten)]
    origin: &'a Origin,
}

/// Runs the command.
pub(crate) fn run(arguments: &IdentifyArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let IdentifyArguments { evaluation, direction, set } = arguments;
    let direction = Direction::from(*direction);
    let dataset = open(&evaluation.dataset, console)?;
    let examination = Examination::open(evaluation)?;
    ensure!(
        set.is_none() || examination.view() == View::Test,
        "--set names one of view 2's sets; view 1 has a single one"
    );
    let chosen = set.map_or_else(|| sets(examination.view()), |number| vec![Set::Numbered(number)]);
    let task = IdentificationTask::new(&dataset, direction, &chosen, evaluation.skip_missing).map_err(explained)?;
    examination.check_outputs(&dataset, task.index(), None)?;
    let mut origin = examination.origin(direction.name(), task.index());
    origin.direction = Some(direction.name());
    origin.set = *set;
    origin.warnings.extend(task.repeats());
    examination.check_leak(&dataset, &task.tested_people(), &[], &mut origin)?;
    let features = examination.features(task.index(), Fit::Reflective, &mut origin, console)?;
    let placed = task.place(&features, Similarity::Cosine)?;
    let mut report = evaluate(&placed);
    report.warnings.append(&mut origin.warnings);
    report.warnings.iter().for_each(|warning| console.warn(warning));
    let resampling = &evaluation.resampling;
    let intervals = identification::intervals(&placed, resampling.resamples, resampling.bootstrap_seed);

    let rows = rows(&report, intervals.as_ref());
    let closing = closing(&report, intervals.as_ref());
    let files = &evaluation.report;
    if let Some(PlotFile { path, format }) = &files.plot {
        files.write(path, plot::identification(&report, &origin, *format)?)?;
    }
    if let Some(path) = &files.markdown {
        files.write(path, markdown(&report, &rows, &closing, &origin))?;
    }
    let text = format!("{}\n{closing}", table(&rows, &origin.leak_remark()));
    console.result(&Output { report: &report, intervals: intervals.as_ref(), origin: &origin }, &text)?;
    Ok(ExitCode::SUCCESS)
}

fn rows(report: &IdentificationReport, intervals: Option<&IdentificationIntervals>) -> Vec<Row> {
    vec![
        Row { name: "rank 1", summary: report.rank1, interval: intervals.and_then(|intervals| intervals.rank1) },
        Row { name: "rank 10", summary: report.rank10, interval: intervals.and_then(|intervals| intervals.rank10) },
    ]
}

fn closing(report: &IdentificationReport, intervals: Option<&IdentificationIntervals>) -> String {
    let count = report.sets.len();
    let sets = if count == 1 { "figures of 1 set".to_owned() } else { format!("mean ± deviation over {count} sets") };
    let probes: usize = report.sets.iter().map(|set| set.num_probes).sum();
    let sizes = || report.sets.iter().map(|set| set.num_people);
    let (least, most) = (sizes().min().unwrap_or(0), sizes().max().unwrap_or(0));
    let people = if least == most { least.to_string() } else { format!("{least} to {most}") };
    let mut text = format!("{sets}, {probes} probes, galleries of {people} people");
    if let Some(IdentificationIntervals { people, resamples, .. }) = intervals {
        let _ = write!(text, "; 95 % intervals from {resamples} draws of {people} people"); // strings cannot fail
    }
    text
}

fn markdown(report: &IdentificationReport, rows: &[Row], closing: &str, origin: &Origin) -> String {
    let mut text = format!("# Identification: {}\n\n", origin.what);
    text.push_str(&markdown_rows(rows, &origin.leak_remark()));
    let _ = writeln!(text, "\n{closing}.");
    text.push_str(
        "\nThe original measured no identification; no published figures could be checked at their source.\n",
    );
    text.push_str(&remarks(&report.warnings, origin));
    text
}
