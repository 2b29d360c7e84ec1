//! `portraitist demo`.

mod once;
mod page;
mod service;

use std::process::ExitCode;

use crate::arguments::DemoArguments;
use crate::output::Console;
use crate::translator::FaceTranslator;

/// Runs the command.
pub(crate) fn run(arguments: &DemoArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let translator = FaceTranslator::open(&arguments.model, arguments.precision.into())?;
    match &arguments.once {
        Some(folder) => once::run(&translator, folder, arguments, console),
        None => page::run(translator, arguments, console),
    }
}
