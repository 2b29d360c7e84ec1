//! `portraitist recognize verify`.

use std::process::ExitCode;

use anyhow::Context;
use portraitist_face::align::Fit;
use portraitist_nn::metrics::write_scores;
use portraitist_nn::recognition::{Pairs, Similarity, VerificationTask};

use super::evaluation::{Examination, explained};
use super::report::present_verification;
use crate::arguments::{RuleArguments, VerificationName, VerifyArguments};
use crate::commands::dataset;
use crate::output::{Console, refuse_existing};

/// Runs the command.
pub(crate) fn run(arguments: &VerifyArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let VerifyArguments { evaluation, as_seed, .. } = arguments;
    refuse_existing(arguments.scores.as_deref(), evaluation.report.force)?;
    let pairs = match arguments.protocol {
        VerificationName::Restricted => Pairs::Restricted,
        VerificationName::Unrestricted if *as_seed => {
            Pairs::Drawn { fold_length: arguments.fold_length as usize, seed: arguments.seed }
        }
        VerificationName::Unrestricted => Pairs::Unrestricted(arguments.between.into()),
    };
    let dataset = dataset::open(&evaluation.dataset, console)?;
    let examination = Examination::open(evaluation)?;
    let task =
        VerificationTask::new(&dataset, pairs, examination.view(), evaluation.skip_missing).map_err(explained)?;
    let mut origin = examination.origin(pairs.protocol(), task.roll());
    if let Pairs::Unrestricted(between) = pairs {
        origin.between = Some(between.name());
    }
    examination.check_leak(&dataset, &task.tested_people(), &task.threshold_people(), &mut origin)?;
    let (fit, similarity) =
        if *as_seed { (Fit::Original2018, Similarity::Seed2018) } else { (Fit::Reflective, Similarity::Cosine) };
    let features = examination.features(task.roll(), fit, &mut origin, console)?;
    let place = || format!("{}: the {} protocol", evaluation.dataset.dataset.display(), pairs.protocol());
    let scored = task.score(&features, similarity).with_context(place)?;
    if let Some(path) = &arguments.scores {
        write_scores(path, &scored, evaluation.report.force)?;
    }
    let rules = RuleArguments { as_seed: *as_seed };
    present_verification(&scored, &rules, &evaluation.resampling, &evaluation.report, origin, console)?;
    Ok(ExitCode::SUCCESS)
}
