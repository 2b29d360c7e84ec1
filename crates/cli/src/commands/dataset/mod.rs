//! `portraitist dataset`.

use std::process::ExitCode;

use crate::arguments::DatasetCommand;
use crate::output::Console;

mod synth;

/// Runs the command.
pub(crate) fn run(command: &DatasetCommand, console: &Console) -> anyhow::Result<ExitCode> {
    match command {
        DatasetCommand::Synth(arguments) => synth::run(arguments, console),
    }
}
