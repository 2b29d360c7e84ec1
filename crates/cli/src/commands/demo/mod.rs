//! `portraitist demo`.

mod once;

use std::process::ExitCode;

use anyhow::ensure;

use crate::arguments::DemoArguments;
use crate::commands::serve::page::{self, Serving};
use crate::output::Console;
use crate::translation::translator::FaceTranslator;
use crate::web::limits::DEFAULT_ADDRESS;
use crate::web::{Access, Budget};

/// Runs the command.
pub(crate) fn run(arguments: &DemoArguments, console: &Console) -> anyhow::Result<ExitCode> {
    if let Some(folder) = &arguments.once {
        let translator = FaceTranslator::open(&arguments.model, arguments.precision.into())?;
        return once::run(&translator, folder, arguments, console);
    }
    let address = arguments.addr;
    ensure!(
        address.ip().is_loopback(),
        "--addr must be on loopback, such as {DEFAULT_ADDRESS}, found {address}: serve has --token-file for others"
    );
    let serving = Serving {
        address,
        model: &arguments.model,
        precision: arguments.precision.into(),
        budget: Budget::default(),
        access: Access::new(address, &[], None),
        datasets: None,
        runs: None,
        gallery: None,
        opens: !arguments.no_open,
    };
    page::run(serving, console)
}
