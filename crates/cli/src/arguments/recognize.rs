//! Arguments of `portraitist recognize`.

use clap::Subcommand;

use super::TrainArguments;

/// Tell people apart, and measure how well.
#[derive(Debug, Subcommand)]
pub(crate) enum RecognizeCommand {
    /// Train a recogniser from a run file.
    ///
    /// Makes the next numbered folder under --out with the resolved run file, a log (log.jsonl and
    /// TensorBoard's events) and checkpoints. Ctrl-C writes a checkpoint and ends; --resume goes on to the
    /// same bytes as if nothing had happened.
    Train(TrainArguments),
}
