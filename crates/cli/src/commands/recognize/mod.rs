//! `portraitist recognize`.

mod baselines;
mod embed;
mod evaluation;
mod identify;
mod metrics;
mod origin;
mod plot;
mod report;
mod train;
mod unfinished;
mod verify;

use std::process::ExitCode;

use crate::arguments::RecognizeCommand;
use crate::output::Console;

/// Runs the command.
pub(crate) fn run(command: &RecognizeCommand, console: &Console) -> anyhow::Result<ExitCode> {
    match command {
        RecognizeCommand::Embed(arguments) => embed::run(arguments, console),
        RecognizeCommand::Metrics(arguments) => metrics::run(arguments, console),
        RecognizeCommand::Verify(arguments) => verify::run(arguments, console),
        RecognizeCommand::Identify(arguments) => identify::run(arguments, console),
        RecognizeCommand::Train(arguments) => train::run(arguments, console),
    }
}
