//! `portraitist recognize metrics`.

use std::process::ExitCode;

use anyhow::Context;
use portraitist_nn::metrics::verification::read_scores;

use super::origin::Origin;
use super::report::present_verification;
use crate::arguments::MetricsArguments;
use crate::output::{Console, advised};
use crate::streams::InputFile;

/// Runs the command.
pub(crate) fn run(arguments: &MetricsArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let scores = &arguments.scores;
    arguments.report.check([scores.as_path()])?;
    let file = InputFile::of(scores)?;
    let scored = file.named(read_scores(file.path(), arguments.folds.as_deref()));
    let scored = scored.with_context(|| scores.display().to_string())?;
    if arguments.rules.as_original && scored.folds().len() < 2 {
        let found = format!("{}: one fold, and no other to choose its threshold on", scores.display());
        return Err(advised(found, "separate folds by empty lines, or give their lengths with --folds"));
    }
    let origin = Origin { what: scores.display().to_string(), ..Origin::default() };
    present_verification(&scored, &arguments.rules, &arguments.resampling, &arguments.report, origin, console)?;
    Ok(ExitCode::SUCCESS)
}
