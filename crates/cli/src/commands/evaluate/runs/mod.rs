//! `portraitist evaluate run` and `portraitist evaluate compare`.

mod crops;
mod direction;
mod distances;
mod looks;
mod measure;
mod output;
mod page;
mod people;
mod subject;
mod tools;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use portraitist_face::files::write_atomically;
use portraitist_nn::config::Domain;

use self::crops::{Crop, Framing, Told, drawn};
use self::direction::{Pictures, measure};
use self::measure::Stamp;
use self::output::{MeasuredRun, RunsOutput};
use self::people::Groups;
use self::subject::{Sets, Subject, no_pictures};
use self::tools::Tools;
use super::report::today;
use crate::arguments::{EvaluateCompareArguments, EvaluateRunArguments, RunMeasuring};
use crate::inputs::status;
use crate::output::{Console, refuse_existing};

/// Measures runs, each on its own pictures.
pub(super) fn run(arguments: &EvaluateRunArguments, console: &Console) -> anyhow::Result<ExitCode> {
    evaluate(&arguments.runs, &arguments.measuring, false, console)
}

/// Measures runs on the same pictures.
pub(super) fn compare(arguments: &EvaluateCompareArguments, console: &Console) -> anyhow::Result<ExitCode> {
    evaluate(&arguments.runs, &arguments.measuring, true, console)
}

fn evaluate(
    names: &[PathBuf],
    measuring: &RunMeasuring,
    side_by_side: bool,
    console: &Console,
) -> anyhow::Result<ExitCode> {
    refuse_existing(measuring.out.as_deref(), measuring.force)?;
    let groups = Groups::read(measuring.groups.as_deref())?;
    let subjects = names.iter().map(|name| Subject::open(name)).collect::<anyhow::Result<Vec<_>>>()?;
    let mut told = Told::default();
    let sets = pictures_of(&subjects, measuring, side_by_side)?;
    let stamp = Stamp { device: format!("cpu {}", portraitist_nn::device::instruction_set()), date: today() };
    let tools = Tools::read(measuring, stamp)?;
    let mut runs = Vec::new();
    for (subject, sets) in subjects.iter().zip(&sets) {
        let measured = measured(subject, sets, &tools, &groups, measuring, &mut told, console)
            .with_context(|| subject.name.display().to_string())?;
        runs.push(measured);
    }
    let sizes: Vec<_> = subjects.iter().map(|subject| subject.model.template()).collect();
    if side_by_side && sizes.windows(2).any(|pair| pair[0] != pair[1]) {
        told.warn(
            "the models have different frames: distances and patterns are those of differently cut pictures".to_owned(),
            console,
        );
    }
    let output = RunsOutput::new(runs, measuring, &tools.stamp, told);
    if let Some(path) = &measuring.out {
        let page = page::page(&output, side_by_side)?;
        write_atomically(path, page.as_bytes(), measuring.force)?;
    }
    let text = if side_by_side { output.table() } else { output.text() };
    console.result(&output, &text)?;
    Ok(status(&output.failed))
}

/// The pictures of each run: those given, else its own; side by side those of the first run that has some.
fn pictures_of(subjects: &[Subject], measuring: &RunMeasuring, side_by_side: bool) -> anyhow::Result<Vec<Sets>> {
    let given = Sets::given(measuring)?;
    if let Some(given) = given {
        return Ok(vec![given; subjects.len()]);
    }
    let own = subjects.iter().map(Subject::test_sets).collect::<anyhow::Result<Vec<_>>>()?;
    if side_by_side {
        let first = own.into_iter().flatten().next().ok_or_else(|| no_pictures(&subjects[0]))?;
        return Ok(vec![first; subjects.len()]);
    }
    own.into_iter().zip(subjects).map(|(own, subject)| own.ok_or_else(|| no_pictures(subject))).collect()
}

/// Everything about a run.
fn measured(
    subject: &Subject,
    sets: &Sets,
    tools: &Tools,
    groups: &Groups,
    measuring: &RunMeasuring,
    told: &mut Told,
    console: &Console,
) -> anyhow::Result<MeasuredRun> {
    for warning in &sets.warnings {
        told.warn(warning.clone(), console);
    }
    let seed = measuring.comparison.seed;
    let framing = Framing::new(&subject.model, sets.aligned)?;
    let mut read = |domain: Domain| {
        let chosen = drawn(sets.of(domain), measuring.inputs as usize, seed, &format!("evaluated {domain}s"));
        let mut crops: Vec<Crop> = Vec::with_capacity(chosen.len());
        framing.read(&chosen, told, console, |some| {
            crops.extend(some);
            Ok(())
        })?;
        ensure!(
            crops.len() >= 2 || chosen.is_empty(),
            "expected at least 2 {domain}s with a face that can be read, found {} of {}",
            crops.len(),
            chosen.len()
        );
        Ok(crops)
    };
    let (photos, drawings) = (read(Domain::Photo)?, read(Domain::Drawing)?);
    let training = subject.training_sets();
    let mut directions = Vec::new();
    for (to, inputs, real) in [(Domain::Drawing, &photos, &drawings), (Domain::Photo, &drawings, &photos)] {
        if inputs.is_empty() {
            continue;
        }
        let trained = drawn(training.of(to), measuring.trained as usize, seed, &format!("trained {to}s"));
        let pictures = Pictures { to, inputs, real, trained: &trained };
        directions.push(measure(subject, tools, &pictures, groups, measuring, told, console)?);
    }
    MeasuredRun::new(subject, directions)
}
