//! `portraitist recognize verify`.

use std::process::ExitCode;

use anyhow::Context;
use portraitist_nn::metrics::verification::write_scores;
use portraitist_nn::recognition::{Pairs, VerificationTask};

use super::evaluation::{Examination, explained};
use super::report::present_verification;
use crate::arguments::{RuleArguments, VerifyArguments};
use crate::commands::dataset::open::open;
use crate::output::{Console, refuse_existing};
use crate::settings::verification;

/// Runs the command.
pub(crate) fn run(arguments: &VerifyArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let VerifyArguments { evaluation, as_original, .. } = arguments;
    refuse_existing(arguments.scores.as_deref(), evaluation.report.force)?;
    let (pairs, fit, similarity) = verification(arguments);
    let dataset = open(&evaluation.dataset, console)?;
    let examination = Examination::open(evaluation)?;
    let task =
        VerificationTask::new(&dataset, pairs, examination.view(), evaluation.skip_missing).map_err(explained)?;
    examination.check_outputs(&dataset, task.index(), arguments.scores.as_deref())?;
    let mut origin = examination.origin(pairs.protocol(), task.index());
    if let Pairs::Unrestricted(between) = pairs {
        origin.between = Some(between.name());
    }
    origin.warnings.extend(task.repeats());
    examination.check_leak(&dataset, &task.tested_people(), &task.threshold_people(), &mut origin)?;
    let features = examination.features(task.index(), fit, &mut origin, console)?;
    let place = || format!("{}: the {} protocol", evaluation.dataset.dataset.display(), pairs.protocol());
    let scored = task.score(&features, similarity).with_context(place)?;
    if let Some(path) = &arguments.scores {
        write_scores(path, &scored, evaluation.report.force)?;
    }
    let rules = RuleArguments { as_original: *as_original };
    present_verification(&scored, &rules, &evaluation.resampling, &evaluation.report, origin, console)?;
    Ok(ExitCode::SUCCESS)
}
