//! `portraitist serve`.

pub(super) mod page;
mod service;
mod token;

use std::process::ExitCode;

use anyhow::Context;

use crate::arguments::ServeArguments;
use crate::output::{Console, advised};
use crate::web::datasets::DatasetsPlace;
use crate::web::gallery::Gallery;
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
    let is_bounded = arguments.memory.is_some();
    if arguments.datasets.is_some() && is_bounded {
        // A picture of the viewer may be decoded while another one is drawn.
        budget = budget.halved();
    }
    let datasets = arguments.datasets.clone().map(|datasets| DatasetsPlace {
        datasets,
        data: arguments.data.clone(),
        pixels: budget.pixels,
        is_bounded,
    });
    let runs = arguments
        .runs
        .as_deref()
        .map(|folder| RunsFolder::new(folder).with_context(|| format!("{}: cannot read the runs", folder.display())));
    let runs = runs.transpose()?;
    let serving = page::Serving {
        address,
        model: &arguments.model,
        precision: arguments.precision.into(),
        budget,
        access: Access::new(address, &arguments.allowed_host, token.as_deref()),
        datasets,
        runs,
        gallery: gallery(arguments)?,
        opens: arguments.open,
    };
    page::run(serving, console)
}

/// The gallery, if there is to be one; otherwise what an earlier one kept too long goes.
fn gallery(arguments: &ServeArguments) -> anyhow::Result<Option<Gallery>> {
    let Some(data) = arguments.data.as_deref() else { return Ok(None) };
    let Some(kept_for) = arguments.gallery else {
        Gallery::sweep_below(data);
        return Ok(None);
    };
    let gallery = Gallery::open(data, kept_for);
    gallery.map(Some).with_context(|| format!("{}: cannot keep a gallery there", data.display()))
}
