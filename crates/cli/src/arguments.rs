//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Turns face photos into drawings and drawings into face photos while the person stays recognisable.
#[derive(Debug, Parser)]
#[command(name = "portraitist", version, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Arguments {
    /// Print the result as one JSON object on stdout.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print no progress and no remarks; errors and warnings still appear.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Train(TrainArguments),
}

/// Train a translator from a run file.
///
/// Makes the next numbered folder under --out with the resolved run file, a log (log.jsonl and
/// TensorBoard's events), sample grids and checkpoints. Ctrl-C writes a checkpoint and ends;
/// --resume goes on to the same bytes as if nothing had happened.
#[derive(Debug, Args)]
pub(crate) struct TrainArguments {
    /// The run file (TOML), or an original config.yaml's conversion; see configs/.
    pub(crate) run: PathBuf,
    /// Go on with the newest run of this name, at its newest whole checkpoint.
    #[arg(long)]
    pub(crate) resume: bool,
    /// Folder of runs.
    #[arg(long, default_value = "runs", value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Where to train: cpu, or cuda[:index] or wgpu where the program was built with them.
    #[arg(long, default_value = "cpu")]
    pub(crate) device: String,
    /// Check the run file, the pictures and the networks, and stop before the first step.
    #[arg(long)]
    pub(crate) dry_run: bool,
}
