//! Arguments of `portraitist weights`.

use std::path::PathBuf;

use clap::Subcommand;

/// Inspect weights files, and convert the original's.
#[derive(Debug, Subcommand)]
pub(crate) enum WeightsCommand {
    /// Show what a weights file holds: PyTorch checkpoints and safetensors.
    Inspect {
        /// The file; - for standard input.
        input: PathBuf,
    },
    /// Convert the original's files: gen_*.pt or dis_*.pt (beside their config.yaml) to a model file,
    /// a config.yaml to a run file.
    Convert {
        /// The file; - for weights on standard input.
        input: PathBuf,
        /// Where to write; by default beside the input, as .safetensors or .toml. - writes weights to standard output.
        output: Option<PathBuf>,
        /// Store 16-bit numbers: half the size, about three digits.
        #[arg(long)]
        half: bool,
        /// Leave out the classifier of a recogniser: embeddings stay as they are, the file becomes smaller.
        #[arg(long)]
        embedding_only: bool,
        /// Replace a file that exists.
        #[arg(long)]
        force: bool,
    },
}
