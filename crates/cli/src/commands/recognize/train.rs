//! `portraitist recognize train`.

use std::process::ExitCode;

use portraitist_nn::training::StepReport;
use portraitist_nn::training::recognizer::{CheckReport, RunFile, Trainer};

use crate::arguments::TrainArguments;
use crate::commands::train::{Phrases, reported, train};
use crate::output::Console;

/// Runs the command.
pub(crate) fn run(arguments: &TrainArguments, console: &Console) -> anyhow::Result<ExitCode> {
    train::<Trainer>(arguments, &Phrases { step: step_phrase, summary: summary_phrase }, console)
}

fn step_phrase(report: &StepReport) -> String {
    let (loss, accuracy) = (reported(report, "loss"), reported(report, "accuracy"));
    format!("loss {loss:.3}  {:.1} % right  {:.0} pictures/s", 100.0 * accuracy, report.pictures_per_second)
}

fn summary_phrase(run: &RunFile, report: &CheckReport) -> String {
    let CheckReport { people, pictures, held_out_people, held_out_pictures, .. } = report;
    let (parameters, trained) = (report.network_parameters, report.trained_parameters);
    format!(
        "{}: {pictures} crops of {people} people, {held_out_pictures} of {held_out_people} held-out ones, {parameters} \
         parameters in the network, {trained} trained (the classifier's included), {} steps; nothing was written",
        run.name, run.steps
    )
}
