//! `portraitist dataset prepare`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use portraitist_face::dataset::{Dataset, OpenOptions};
use portraitist_face::prepare::recipe::{Fit, Recipe, TemplateName};
use portraitist_face::prepare::{Report, prepare};
use serde::Serialize;

use crate::arguments::PrepareArguments;
use crate::output::{Console, advised};
use crate::portrait::open_detector;

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
    let options = OpenOptions { base: arguments.base.clone(), domain: arguments.domain.into() };
    let dataset = Dataset::open(source, &options)?;
    dataset.remarks.iter().for_each(|remark| console.say(remark));
    let count = dataset.entries().count();
    ensure!(count > 0, "{}: the lists name no pictures", source.display());
    let bar = console.progress(count as u64, "{bar:24} {pos}/{len} {per_sec} {eta} left");
    let report = prepare(&dataset, &recipe, &open_detector()?, destination, || bar.inc(1))
        .map_err(|error| advised(error.to_string(), "what was done stays; run the same command again to go on"))?;
    bar.finish_and_clear();
    super::tell(&report.problems, console);
    let status = super::status(&report.problems);
    let text = describe(&report);
    console.result(&Prepared { report, warnings: dataset.remarks }, &text)?;
    Ok(status)
}

/// The recipe file, or the original's settings, with the options given.
fn recipe(arguments: &PrepareArguments) -> anyhow::Result<Recipe> {
    let mut recipe = match &arguments.recipe {
        Some(path) => Recipe::read(path)?,
        None => Recipe::default(),
    };
    if let Some(name) = &arguments.template {
        recipe.template = match name.as_str() {
            "seed" => TemplateName::Original,
            "sphereface" => TemplateName::Sphereface,
            "viewer" => TemplateName::Viewer,
            _ => return Err(advised(format!("unknown template {name}"), "there are seed, sphereface and viewer")),
        };
    }
    recipe.filter.enabled &= !arguments.no_filter;
    recipe.filter.max_distance_share = arguments.rate.unwrap_or(recipe.filter.max_distance_share);
    recipe.filter.max_yaw_degrees = arguments.max_yaw.unwrap_or(recipe.filter.max_yaw_degrees);
    recipe.estimate_drawings |= arguments.estimate_drawings;
    recipe.flip |= arguments.flip;
    recipe.split.test_share = arguments.test_share.unwrap_or(recipe.split.test_share);
    recipe.split.seed = arguments.seed.unwrap_or(recipe.split.seed);
    if arguments.as_seed {
        recipe.fit = Fit::Original2018;
    }
    recipe.check().context("recipe")?;
    Ok(recipe)
}

fn same_folder(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

fn describe(report: &Report) -> String {
    let mut text = format!("{} pictures kept, {} made or judged anew\n", report.kept, report.changed);
    for (reason, count) in &report.dropped {
        text.push_str(&format!("{count:>8} dropped: {reason}\n"));
    }
    let [test, train] = ["test", "train"].map(|side| report.people.get(side).copied().unwrap_or(0));
    text.push_str(&format!("{train} people to train with, {test} to test with\n{}", report.manifest.display()));
    text
}
