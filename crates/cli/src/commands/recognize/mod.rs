//! `portraitist recognize`.

mod baselines;
mod metrics;
mod plot;
mod report;

use std::process::ExitCode;

use crate::arguments::RecognizeCommand;
use crate::output::Console;

/// Runs the command.
pub(crate) fn run(command: &RecognizeCommand, console: &Console) -> anyhow::Result<ExitCode> {
    match command {
        RecognizeCommand::Metrics(arguments) => metrics::run(arguments, console),
    }
}
