//! `portraitist dataset`.

mod check;
mod coverage;
mod draw;
mod info;
mod landmarks;
pub(crate) mod open;
mod pairs;
mod pose;
mod prepare;
mod problems;
mod synth;

use std::process::ExitCode;

use crate::arguments::DatasetCommand;
use crate::output::Console;

/// Runs the command.
pub(crate) fn run(command: DatasetCommand, console: &Console) -> anyhow::Result<ExitCode> {
    match command {
        DatasetCommand::Info(arguments) => info::run(&arguments, console),
        DatasetCommand::Check(arguments) => check::run(&arguments, console),
        DatasetCommand::Overview(arguments) => info::overview(&arguments, console),
        DatasetCommand::Coverage(arguments) => coverage::run(&arguments, console),
        DatasetCommand::Pose(arguments) => pose::run(&arguments, console),
        DatasetCommand::Landmarks(arguments) => landmarks::run(&arguments, console),
        DatasetCommand::Pairs(arguments) => pairs::run(&arguments, console),
        DatasetCommand::Prepare(arguments) => prepare::run(&arguments, console),
        DatasetCommand::Draw(arguments) => draw::run(&arguments, console),
        DatasetCommand::Synth(arguments) => synth::run(&arguments, console),
    }
}
