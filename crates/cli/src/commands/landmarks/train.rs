//! `portraitist landmarks train`.

use std::process::ExitCode;

use portraitist_nn::training::StepReport;
use portraitist_nn::training::landmarks::{CheckReport, RunFile, Trainer};

use crate::arguments::TrainArguments;
use crate::commands::train::{Phrases, reported, train};
use crate::output::Console;

/// Runs the command.
pub(crate) fn run(arguments: &TrainArguments, console: &Console) -> anyhow::Result<ExitCode> {
    train::<Trainer>(arguments, &Phrases { step: step_phrase, summary: summary_phrase }, console)
}

fn step_phrase(report: &StepReport) -> String {
    let (loss, error) = (reported(report, "loss"), reported(report, "error_percent"));
    format!("loss {loss:.3}  error {error:.1} % of the eye distance  {:.0} windows/s", report.pictures_per_second)
}

fn summary_phrase(run: &RunFile, report: &CheckReport) -> String {
    let CheckReport { photos, drawings, held_out, parameters } = report;
    format!(
        "{}: {photos} photos, {drawings} drawings, {held_out} held-out faces, {parameters} parameters, {} steps; nothing was written",
        run.name, run.steps
    )
}
