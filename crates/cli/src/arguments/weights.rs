//! Arguments of `portraitist weights`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use portraitist_nn::config::NamedStyles;

use super::values::DomainName;

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
    /// Give names to styles of a translator, each the mean of the styles of example pictures, for `translate --style`
    /// NAME.
    Styles(StylesArguments),
}

/// Arguments of `weights styles`.
#[derive(Args, Debug)]
pub(crate) struct StylesArguments {
    /// A run folder, a checkpoint folder, a weights file, or a built-in model's name.
    pub(crate) model: PathBuf,
    /// Where to write the model with its styles, a .safetensors file.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// A name and the pictures in that style: a file, a folder or a glob. Once for each name; a name that the model has
    /// is replaced, others are kept.
    #[arg(long = "of", required = true, value_name = "NAME=PICTURES", value_parser = parse_examples)]
    pub(crate) examples: Vec<(String, PathBuf)>,
    /// What the pictures are.
    #[arg(long, value_enum, default_value_t = DomainName::Drawing)]
    pub(crate) domain: DomainName,
    /// The pictures are face crops already. Without it the face is found and cut out; a picture without one is taken whole.
    #[arg(long)]
    pub(crate) aligned: bool,
    /// Replace a file that exists.
    #[arg(long)]
    pub(crate) force: bool,
}

fn parse_examples(text: &str) -> Result<(String, PathBuf), String> {
    let (name, pictures) = text.split_once('=').ok_or_else(|| format!("expected NAME=PICTURES, found {text:?}"))?;
    NamedStyles::check_name(name)?;
    Ok((name.to_owned(), PathBuf::from(pictures)))
}
