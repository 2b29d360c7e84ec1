//! Arguments of `portraitist landmarks`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::dataset::DatasetArguments;
use super::train::TrainArguments;

/// Train the network that finds the points of drawn faces, and measure how well points are found.
#[derive(Debug, Subcommand)]
pub(crate) enum LandmarksCommand {
    /// Train the network for drawings from a run file.
    ///
    /// Makes the next numbered folder under --out with the resolved run file, a log (log.jsonl and
    /// TensorBoard's events) and checkpoints. Ctrl-C writes a checkpoint and ends; --resume goes on to the
    /// same bytes as if nothing had happened.
    Train(TrainArguments),
    Evaluate(LandmarksEvaluateArguments),
}

/// Compare the points that `detect` finds with those that a dataset has.
///
/// DATASET is a dataset with WebCaricature's 17 points, or a table (.csv): the picture's file, then x and y of
/// its 468, 68, 17 or 5 points in pixels. Errors are percent of the distance of the outer eye corners.
#[derive(Debug, Args)]
pub(crate) struct LandmarksEvaluateArguments {
    #[command(flatten)]
    pub(crate) dataset: DatasetArguments,
    /// The folder of a table's pictures, instead of its own.
    #[arg(long, value_name = "DIR")]
    pub(crate) pictures: Option<PathBuf>,
}
