//! Arguments of `portraitist evaluate`.

mod comparison;
mod runs;
mod sets;

use clap::Subcommand;

pub(crate) use comparison::ComparisonArguments;
pub(crate) use runs::{EvaluateCompareArguments, EvaluateRunArguments, RunMeasuring};
pub(crate) use sets::{EvaluateFeaturesArguments, EvaluatePicturesArguments, MergeArguments};

/// Measure how near generated pictures are to real ones, and what models make of faces.
#[derive(Debug, Subcommand)]
pub(crate) enum EvaluateCommand {
    Pictures(EvaluatePicturesArguments),
    Features(EvaluateFeaturesArguments),
    Merge(MergeArguments),
    Run(EvaluateRunArguments),
    Compare(EvaluateCompareArguments),
}
