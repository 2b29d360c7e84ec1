//! Arguments of `portraitist train`, which `recognize train` takes, too.

use std::path::PathBuf;

use clap::Args;

/// Train a translator from a run file.
///
/// Makes the next numbered folder under --out with the resolved run file, a log (log.jsonl and
/// TensorBoard's events), sample grids and checkpoints. Ctrl-C writes a checkpoint and ends;
/// --resume goes on to the same bytes as if nothing had happened.
#[derive(Debug, Args)]
pub(crate) struct TrainArguments {
    /// The run file (TOML); see configs/ for examples.
    #[arg(required_unless_present = "verify")]
    pub(crate) run: Option<PathBuf>,
    /// Go on with the newest run of this name, at its newest whole checkpoint.
    #[arg(long)]
    pub(crate) resume: bool,
    /// With --resume: go on though the pictures are not those that the run was trained on so far.
    #[arg(long, requires = "resume")]
    pub(crate) allow_changed_data: bool,
    /// Train nothing: do the steps between the last two checkpoints of the run in this folder again, and compare every byte of weights, EMA
    /// and optimisers. Says the first difference by the tensor's name; the exit code is 1 then.
    #[arg(long, value_name = "RUN", conflicts_with_all = ["run", "resume", "dry_run"])]
    pub(crate) verify: Option<PathBuf>,
    /// Folder of runs.
    #[arg(long, default_value = "runs", value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Where to train: cpu, or `cuda[:index]` or wgpu where the program was built with them.
    #[arg(long, default_value = "cpu")]
    pub(crate) device: String,
    /// Check the run file, the pictures and the networks, and stop before the first step.
    #[arg(long)]
    pub(crate) dry_run: bool,
}
