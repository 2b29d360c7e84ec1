//! `portraitist evaluate merge`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use portraitist_nn::metrics::generation::{FeatureError, Moments};
use serde::Serialize;

use super::sets::FeatureSet;
use crate::arguments::MergeArguments;
use crate::named::Named;
use crate::output::{Console, refuse_existing, refuse_input};

/// What `--json` prints.
#[derive(Serialize)]
struct MergeOutput {
    #[serde(flatten)]
    output: Named,
    num: u64,
    feature_dim: usize,
    parts: usize,
}

/// Runs the command.
pub(super) fn run(arguments: &MergeArguments, console: &Console) -> anyhow::Result<ExitCode> {
    refuse_existing([arguments.out.as_path()], arguments.force)?;
    refuse_input(&arguments.out, arguments.statistics.iter().map(|path| path.as_path()))?;
    let mut merged: Option<(Moments, usize)> = None;
    for path in &arguments.statistics {
        let (part, dim) = moments(path)?;
        match &mut merged {
            None => merged = Some((part, dim)),
            Some((merged, expected)) => {
                ensure!(
                    dim == *expected,
                    "{}: expected statistics of {expected} features as in {}, found {dim}",
                    path.display(),
                    arguments.statistics[0].display()
                );
                merged.merge(&part);
            }
        }
    }
    let (merged, feature_dim) = merged.context("there is nothing to merge")?;
    merged.statistics()?.write(&arguments.out, arguments.force)?;
    let (num, parts) = (merged.count(), arguments.statistics.len());
    let text = format!("{}: {num} pictures of {parts} files", arguments.out.display());
    console.result(&MergeOutput { output: Named::output(&arguments.out), num, feature_dim, parts }, &text)?;
    Ok(ExitCode::SUCCESS)
}

fn moments(path: &Path) -> anyhow::Result<(Moments, usize)> {
    match FeatureSet::read(path)? {
        FeatureSet::Rows(rows) => Ok((Moments::of(&rows), rows.dim())),
        FeatureSet::Statistics(statistics) => {
            let moments = statistics.moments().ok_or_else(|| FeatureError::NoCount { path: path.to_path_buf() })?;
            Ok((moments, statistics.dim()))
        }
    }
}
