//! Arguments of `portraitist recognize`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use portraitist_nn::metrics::bootstrap;

use super::dataset::DatasetArguments;
use super::train::TrainArguments;
use super::values::{PlotFile, PrecisionName, VerificationName, parse_fold_length, plot_parser};

/// Tell people apart, and measure how well.
#[derive(Debug, Subcommand)]
pub(crate) enum RecognizeCommand {
    /// Train a recogniser from a run file.
    ///
    /// Makes the next numbered folder under --out with the resolved run file, a log (log.jsonl and
    /// TensorBoard's events) and checkpoints. Ctrl-C writes a checkpoint and ends; --resume goes on to the
    /// same bytes as if nothing had happened.
    Train(TrainArguments),
    Embed(EmbedArguments),
    Metrics(MetricsArguments),
    Verify(VerifyArguments),
    Identify(IdentifyArguments),
}

/// Turn faces into embeddings: rows of numbers whose directions tell people apart.
///
/// In each picture the face is found (of several the first by size and score) and aligned to the recogniser's frame (`likeness`: dlib's,
/// 150x150; SphereFace: 96x112). Rows are
/// written in the order of the inputs; inputs without a face have none, and --json says which row is whose.
/// While it works, rows are kept in FILE.npy.unfinished: the same call goes on there after an interruption, and removes
/// that file when all is done.
#[derive(Debug, Args)]
pub(crate) struct EmbedArguments {
    /// Pictures, folders (with their subfolders) or globs; - for a picture on standard input.
    #[arg(required = true)]
    pub(crate) inputs: Vec<PathBuf>,
    /// The file to write: .npy, float32, `[pictures, numbers]`; - for standard output.
    #[arg(short, long, value_name = "FILE.npy")]
    pub(crate) out: PathBuf,
    /// A run folder of `recognize train`, a checkpoint folder, a weights file (sphere20a*.pth included), or the
    /// built-in recogniser.
    #[arg(long, default_value = portraitist_nn::builtin::RECOGNIZER)]
    pub(crate) model: PathBuf,
    /// The pictures are aligned crops already: take them whole.
    #[arg(long)]
    pub(crate) aligned: bool,
    /// How the mirror image of a face takes part in an embedding.
    #[arg(long, value_enum, default_value_t = MirroredName::Ignore)]
    pub(crate) mirrored: MirroredName,
    /// Batch size: faces that go through the network in one forward call.
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) batch: u32,
    /// What the network multiplies.
    #[arg(long, value_enum, default_value_t = PrecisionName::F32)]
    pub(crate) precision: PrecisionName,
    /// Replace a file that exists.
    #[arg(long)]
    pub(crate) force: bool,
    /// Nothing is done if the file is there. What an interrupted call has embedded is always used again.
    #[arg(long, conflicts_with = "force")]
    pub(crate) resume: bool,
}

/// Measure scores that any recogniser gave.
///
/// SCORES is text: a score (higher means more alike) and, after a tab, 1 for the same person or 0 for
/// different people on each line; where two more columns name both people, intervals come from resampling people.
/// An empty line begins a new fold. The threshold of each fold is the best on all the others.
#[derive(Debug, Args)]
pub(crate) struct MetricsArguments {
    /// The scores; - for standard input.
    pub(crate) scores: PathBuf,
    /// Pairs of each fold, instead of empty lines.
    #[arg(long, value_name = "N,N,...", value_delimiter = ',', value_parser = parse_fold_length)]
    pub(crate) folds: Option<Vec<usize>>,
    #[command(flatten)]
    pub(crate) rules: RuleArguments,
    #[command(flatten)]
    pub(crate) resampling: ResamplingArguments,
    #[command(flatten)]
    pub(crate) report: ReportArguments,
}

/// Are two pictures the same person? Measures a recogniser by a verification protocol.
///
/// The dataset has WebCaricature's EvaluationProtocols. Faces are aligned by their landmarks, as `dataset
/// prepare --template sphereface` aligns them. Restricted compares the listed pairs; unrestricted all pairs of
/// each fold's people. View 2 reports mean and deviation over its folds, the threshold of each being the best
/// on all others; view 1 reports on its second half with the threshold of the first. People whom the
/// recogniser was trained on are refused.
#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    #[command(flatten)]
    pub(crate) evaluation: EvaluationArguments,
    /// The protocol.
    #[arg(long, value_enum, default_value_t = VerificationName::Restricted)]
    pub(crate) protocol: VerificationName,
    /// Which pictures the unrestricted protocol compares.
    #[arg(long, value_enum, default_value_t = BetweenName::All)]
    pub(crate) between: BetweenName,
    /// Align, draw pairs (of the unrestricted protocol), compare and compute as the original does. Prints what
    /// it prints; --json says mode original-2018.
    #[arg(long, alias = "as-seed", conflicts_with_all = ["between", "mirrored", "aligned"])]
    pub(crate) as_original: bool,
    /// With --as-original: pairs of the same person, and as many of different people, drawn for each fold of the
    /// unrestricted protocol.
    #[arg(long, default_value_t = 1000, value_name = "N", requires = "as_original",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) fold_length: u32,
    /// With --as-original: seed of these draws, that of numpy's RandomState.
    #[arg(long, default_value_t = 1, value_name = "N", requires = "as_original")]
    pub(crate) seed: u32,
    /// Write the scores with the people compared, as `recognize metrics` reads them.
    #[arg(long, value_name = "FILE")]
    pub(crate) scores: Option<PathBuf>,
}

/// Who of a gallery is it? Measures a recogniser by an identification protocol.
///
/// Each probe is looked up in a gallery of people. People with equal similarities come in every order equally
/// often. View 2 reports mean and deviation over its ten sets, view 1 has one set. People whom the recogniser
/// was trained on are refused.
#[derive(Debug, Args)]
pub(crate) struct IdentifyArguments {
    #[command(flatten)]
    pub(crate) evaluation: EvaluationArguments,
    /// c2p looks drawings up among photos, p2c photos among drawings.
    #[arg(long, value_enum)]
    pub(crate) direction: DirectionName,
    /// This one of view 2's ten sets only, for a recogniser trained with that set's people.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=10))]
    pub(crate) set: Option<u8>,
}

/// What verification and identification have in common.
#[derive(Debug, Args)]
pub(crate) struct EvaluationArguments {
    #[command(flatten)]
    pub(crate) dataset: DatasetArguments,
    /// The recogniser: a run folder of recognize train, a checkpoint folder, or a weights file
    /// (sphere20a*.pth or safetensors).
    #[arg(long, default_value = portraitist_nn::builtin::RECOGNIZER)]
    pub(crate) model: PathBuf,
    /// 1 for development, 2 for figures that are reported.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=2))]
    pub(crate) view: u8,
    /// Measure on people who were in training all the same; every number then says so.
    #[arg(long)]
    pub(crate) allow_leak: bool,
    /// The namespace of the people's names, as in the run file of the recogniser's training; for synthetic
    /// datasets "synthetic SEED", for others none. People trained on without a namespace are compared as well.
    #[arg(long, value_name = "NAME")]
    pub(crate) namespace: Option<String>,
    /// Leave out pictures that the dataset lacks, and say how many; the figures are then not those of
    /// the protocol.
    #[arg(long)]
    pub(crate) skip_missing: bool,
    /// The pictures are aligned crops already: take them whole.
    #[arg(long)]
    pub(crate) aligned: bool,
    /// How the mirror image of a face takes part in an embedding.
    #[arg(long, value_enum, default_value_t = MirroredName::Ignore)]
    pub(crate) mirrored: MirroredName,
    /// Keep embeddings in this folder, and use those that are there. Embeddings of faces are personal data:
    /// without this nothing is kept.
    #[arg(long, value_name = "DIR")]
    pub(crate) cache: Option<PathBuf>,
    /// Where to compute: cpu, or `cuda[:index]` or wgpu where the program was built with them.
    #[arg(long, default_value = "cpu")]
    pub(crate) device: String,
    #[command(flatten)]
    pub(crate) resampling: ResamplingArguments,
    #[command(flatten)]
    pub(crate) report: ReportArguments,
}

/// Kinds of pictures that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BetweenName {
    /// All pictures with all others.
    All,
    /// Drawings with photos.
    DrawingPhoto,
    /// Photos with photos.
    PhotoPhoto,
    /// Drawings with drawings.
    DrawingDrawing,
}

/// Directions of identification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DirectionName {
    /// Drawings are looked up among photos.
    C2p,
    /// Photos are looked up among drawings.
    P2c,
}

/// How a crop and its mirror image become one embedding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MirroredName {
    /// The crop alone, as the original does.
    Ignore,
    /// The mean of both embeddings.
    Average,
    /// One embedding after the other.
    Concatenate,
}

/// By whose rules.
#[derive(Debug, Args)]
pub(crate) struct RuleArguments {
    /// Compute as the original does: fixed thresholds, its index for false accept rates, equal scores as
    /// wins. Prints what it prints; --json says mode original-2018.
    #[arg(long, alias = "as-seed")]
    pub(crate) as_original: bool,
}

/// Intervals.
#[derive(Debug, Args)]
pub(crate) struct ResamplingArguments {
    /// Draws of people for the 95 % intervals; 0 for no intervals.
    #[arg(long, value_name = "N", default_value_t = bootstrap::RESAMPLES,
          value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub(crate) resamples: u32,
    /// Seed of those draws; the same seed gives the same intervals.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) bootstrap_seed: u64,
}

/// Files beside what is printed.
#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// Draw the curve, as SVG or as PNG by the name's ending.
    #[arg(long, value_name = "FILE.svg|FILE.png", value_parser = plot_parser())]
    pub(crate) plot: Option<PlotFile>,
    /// Write a table in Markdown, with published figures for comparison.
    #[arg(long, value_name = "FILE.md")]
    pub(crate) markdown: Option<PathBuf>,
    /// Replace files that exist.
    #[arg(long)]
    pub(crate) force: bool,
}
