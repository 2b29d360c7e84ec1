//! `portraitist dataset`.

mod check;
mod coverage;
mod info;
mod pairs;
mod pose;
mod prepare;
mod synth;

use std::process::ExitCode;

use portraitist_face::Domain;
use portraitist_face::dataset::{Dataset, OpenOptions, Problem};

use crate::arguments::{DatasetArguments, DatasetCommand, DomainName};
use crate::output::{Console, advised};

impl From<DomainName> for Domain {
    fn from(name: DomainName) -> Self {
        match name {
            DomainName::Photo => Self::Photo,
            DomainName::Drawing => Self::Drawing,
        }
    }
}

/// Runs the command.
pub(crate) fn run(command: DatasetCommand, console: &Console) -> anyhow::Result<ExitCode> {
    match command {
        DatasetCommand::Info(arguments) => info::run(&arguments, console),
        DatasetCommand::Check(arguments) => check::run(&arguments, console),
        DatasetCommand::Overview(arguments) => info::overview(&arguments, console),
        DatasetCommand::Coverage(arguments) => coverage::run(&arguments, console),
        DatasetCommand::Pose(arguments) => pose::run(&arguments, console),
        DatasetCommand::Pairs(arguments) => pairs::run(&arguments, console),
        DatasetCommand::Prepare(arguments) => prepare::run(&arguments, console),
        DatasetCommand::Synth(arguments) => synth::run(&arguments, console),
    }
}

/// Opens a dataset and says what was taken from elsewhere.
pub(super) fn open(arguments: &DatasetArguments, console: &Console) -> anyhow::Result<Dataset> {
    let options = OpenOptions { base: arguments.base.clone(), domain: arguments.domain.into() };
    let dataset = Dataset::open(&arguments.dataset, &options)?;
    dataset.remarks.iter().for_each(|remark| console.say(remark));
    Ok(dataset)
}

/// As [`open`], for commands that are about pictures.
fn open_with_pictures(arguments: &DatasetArguments, console: &Console) -> anyhow::Result<Dataset> {
    let dataset = open(arguments, console)?;
    if dataset.entries().next().is_none() {
        let found = format!("{}: the lists name no pictures", arguments.dataset.display());
        return Err(advised(found, "see portraitist dataset --help for the layouts that are understood"));
    }
    Ok(dataset)
}

/// Tells each problem on stderr: errors as such, the rest as warnings.
fn tell(problems: &[Problem], console: &Console) {
    for Problem { picture, kind, detail } in problems {
        let text = if detail.contains(picture.as_str()) { detail.clone() } else { format!("{picture}: {detail}") };
        if kind.is_error() {
            console.fail(&anyhow::anyhow!("{text}"));
        } else {
            console.warn(&text);
        }
    }
}

/// 1 if something cannot be used.
fn status(problems: &[Problem]) -> ExitCode {
    if problems.iter().any(|problem| problem.kind.is_error()) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
