//! `portraitist dataset pairs`.

use std::process::ExitCode;

use portraitist_face::protocol::verification::{Pair, restricted_view2, sample_pairs, unrestricted_view2};
use serde::Serialize;

use super::open::open;
use crate::arguments::{PairsArguments, VerificationName};
use crate::output::Console;

#[derive(Serialize)]
struct Pairs {
    folds_length: Vec<usize>,
    /// First picture, second picture, 1 for the same person.
    pairs: Vec<(String, String, u8)>,
}

/// Runs the command.
pub(crate) fn run(arguments: &PairsArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let dataset = open(&arguments.dataset, console)?;
    let protocols = dataset.require_protocols()?;
    let folds = match arguments.protocol {
        VerificationName::Restricted => restricted_view2(protocols)?,
        VerificationName::Unrestricted => {
            sample_pairs(&unrestricted_view2(protocols)?, arguments.fold_length as usize, arguments.seed)?
        }
    };
    let row = |pair: &Pair| (pair.first.to_string(), pair.second.to_string(), u8::from(pair.same));
    let pairs: Vec<_> = folds.iter().flatten().map(row).collect();
    let text = pairs.iter().map(|(first, second, same)| format!("{first}\t{second}\t{same}"));
    let text = text.collect::<Vec<_>>().join("\n");
    console.result(&Pairs { folds_length: folds.iter().map(Vec::len).collect(), pairs }, &text)?;
    Ok(ExitCode::SUCCESS)
}
