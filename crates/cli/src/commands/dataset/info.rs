//! `portraitist dataset info` and `overview`.

use std::process::ExitCode;

use portraitist_face::check::{Summary, summarise};
use portraitist_face::dataset::overview;
use portraitist_face::text::serialize_lossy_option;
use serde::Serialize;

use super::open::{open, open_with_pictures};
use super::problems::{print_problems, status};
use crate::arguments::DatasetArguments;
use crate::output::Console;

#[derive(Serialize)]
struct Info {
    #[serde(flatten)]
    summary: Summary,
    /// File names of protocols, or none.
    #[serde(serialize_with = "serialize_lossy_option")]
    protocols: Option<std::path::PathBuf>,
    warnings: Vec<String>,
}

/// Runs `info`.
pub(crate) fn run(arguments: &DatasetArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let dataset = open_with_pictures(arguments, console)?;
    let bar = console.progress(dataset.entries().count() as u64, "{bar:24} {pos}/{len} {eta} left");
    let summary = summarise(&dataset, || bar.inc(1));
    bar.finish_and_clear();
    print_problems(&summary.problems, console);
    let status = status(&summary.problems);
    let sizes = summary.sizes.map_or_else(String::new, |sizes| {
        let [smallest, median, largest] =
            [sizes.smallest, sizes.median, sizes.largest].map(|[width, height]| format!("{width}x{height}"));
        format!("\nsizes {smallest} to {largest}, median {median}, {} different", sizes.different)
    });
    let text = format!(
        "{} people, {} drawings, {} photos, {} with landmarks\n{} in colour, {} grey{sizes}",
        summary.people, summary.drawings, summary.photos, summary.landmarks, summary.colour, summary.grey
    );
    let info = Info { summary, protocols: dataset.protocols, warnings: dataset.remarks };
    console.result(&info, &text)?;
    Ok(status)
}

/// Runs `overview`.
pub(crate) fn overview(arguments: &DatasetArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let dataset = open(arguments, console)?;
    print_problems(&dataset.problems, console);
    let overview = overview::overview(&dataset);
    let line = |name: &String| {
        let pictures = &overview.image_names[name];
        format!("{name}\t{}\t{}", pictures.c.join(" "), pictures.p.join(" "))
    };
    let text = overview.people_names.iter().map(line).collect::<Vec<_>>().join("\n");
    console.result(&overview, &text)?;
    Ok(status(&dataset.problems))
}
