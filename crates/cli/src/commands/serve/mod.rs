//! `portraitist serve`.

pub(super) mod page;
mod service;
mod token;

use std::process::ExitCode;

use anyhow::Context;

use crate::arguments::ServeArguments;
use crate::output::{Console, advised};
use crate::web::datasets::DatasetsState;
use crate::web::runs::RunsFolder;
use crate::web::{Access, Budget};

/// Runs the command.
pub(crate) fn run(arguments: &ServeArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let address = arguments.addr;
    let token = arguments.token_file.as_deref().map(|path| token::read(path, console)).transpose()?;
    if !address.ip().is_loopback() && token.is_none() {
        let hint = "put a long random text into a file and name it with --token-file";
        return Err(advised(format!("--addr {address} is reached from other computers, which needs a token"), hint));
    }
    let mut budget = match arguments.memory {
        None => Budget::default(),
        Some(bytes) => Budget::within(bytes).map_err(|least| {
            let error = format!("--memory: the server does not fit into {} MiB", bytes >> 20);
            advised(error, format!("it needs at least {} MiB", least.div_ceil(1 << 20)))
        })?,
    };
    let data = arguments.data.as_deref();
    let datasets = arguments.datasets.as_deref().map(|folder| {
        // A picture of the viewer may be decoded while another one is drawn.
        budget.pixels /= if arguments.memory.is_some() { 2 } else { 1 };
        DatasetsState::open(folder, data, budget.pixels)
    });
    let runs = arguments
        .runs
        .as_deref()
        .map(|folder| RunsFolder::new(folder).with_context(|| format!("{}: cannot read the runs", folder.display())));
    let (datasets, runs) = (datasets.transpose()?, runs.transpose()?);
    let serving = page::Serving {
        address,
        model: &arguments.model,
        precision: arguments.precision.into(),
        budget,
        access: Access::new(address, &arguments.allowed_host, token.as_deref()),
        datasets,
        runs,
        opens: arguments.open,
    };
    page::run(serving, console)
}
