//! Opens the dataset that a command is about.

use portraitist_face::dataset::Dataset;

use crate::arguments::DatasetArguments;
use crate::output::{Console, advised};
use crate::settings::open_options;

/// Opens a dataset and says what was taken from elsewhere.
pub(crate) fn open(arguments: &DatasetArguments, console: &Console) -> anyhow::Result<Dataset> {
    let dataset = Dataset::open(&arguments.dataset, &open_options(arguments))?;
    dataset.remarks.iter().for_each(|remark| console.say(remark));
    Ok(dataset)
}

/// As [`open`], for commands that are about pictures.
pub(super) fn open_with_pictures(arguments: &DatasetArguments, console: &Console) -> anyhow::Result<Dataset> {
    let dataset = open(arguments, console)?;
    if dataset.entries().next().is_none() {
        let found = format!("{}: the lists name no pictures", arguments.dataset.display());
        return Err(advised(found, "see portraitist dataset --help for the layouts that are understood"));
    }
    Ok(dataset)
}
