//! `portraitist landmarks`.

mod evaluate;
mod train;

use std::process::ExitCode;

use crate::arguments::LandmarksCommand;
use crate::output::Console;

/// Runs a `landmarks` command.
pub(crate) fn run(command: &LandmarksCommand, console: &Console) -> anyhow::Result<ExitCode> {
    match command {
        LandmarksCommand::Train(arguments) => train::run(arguments, console),
        LandmarksCommand::Evaluate(arguments) => evaluate::run(arguments, console),
    }
}
