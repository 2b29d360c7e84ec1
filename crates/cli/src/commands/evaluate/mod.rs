//! `portraitist evaluate`.

mod explain;
mod features;
mod merge;
mod passes;
mod pictures;
mod report;
mod runs;
mod sets;

use std::process::ExitCode;

use crate::arguments::EvaluateCommand;
use crate::output::Console;

/// Runs the command.
pub(crate) fn run(command: &EvaluateCommand, console: &Console) -> anyhow::Result<ExitCode> {
    match command {
        EvaluateCommand::Pictures(arguments) if arguments.explain => explain::run(arguments, console),
        EvaluateCommand::Pictures(arguments) => pictures::run(arguments, console),
        EvaluateCommand::Features(arguments) => features::run(arguments, console),
        EvaluateCommand::Merge(arguments) => merge::run(arguments, console),
        EvaluateCommand::Run(arguments) => runs::run(arguments, console),
        EvaluateCommand::Compare(arguments) => runs::compare(arguments, console),
    }
}
