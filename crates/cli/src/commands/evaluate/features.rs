//! `portraitist evaluate features`.

use std::process::ExitCode;

use anyhow::Context;

use super::report::{Compared, EvaluateOutput};
use super::sets::{FeatureSet, compare_sets};
use crate::arguments::EvaluateFeaturesArguments;
use crate::output::Console;

/// Runs the command.
pub(super) fn run(arguments: &EvaluateFeaturesArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let real = FeatureSet::read(&arguments.real)?;
    let (mut comparisons, mut warnings) = (Vec::new(), Vec::new());
    for path in &arguments.fake {
        let fake = FeatureSet::read(path)?;
        let comparison = compare_sets(&real, &fake, &arguments.comparison)
            .with_context(|| format!("{} and {}", arguments.real.display(), path.display()))?;
        comparison.warnings.iter().for_each(|warning| console.warn(warning));
        warnings.extend(comparison.warnings.iter().cloned());
        comparisons.push(Compared::new(None, [&arguments.real, path], None, comparison));
    }
    let output = EvaluateOutput::new(comparisons, Vec::new(), warnings);
    console.result(&output, &output.text())?;
    Ok(ExitCode::SUCCESS)
}
