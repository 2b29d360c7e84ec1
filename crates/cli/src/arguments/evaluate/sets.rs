//! Arguments of `portraitist evaluate pictures`, `evaluate features` and `evaluate merge`.

use std::path::PathBuf;

use clap::Args;

use super::comparison::{ComparisonArguments, ModeName};

/// Compare folders of pictures: FID, KID, 1-nearest-neighbour accuracy, precision and recall, density and coverage.
///
/// Sets are folders (with their subfolders) or globs, or files of statistics (.npz with mu and sigma) or of features. FID needs the
/// weights of its Inception network, which cannot be part of this program: a file given with --weights, or below models/ under its
/// published name. Without them the pictures are compared by the built-in recogniser, under its own name.
#[derive(Debug, Args)]
pub(crate) struct EvaluatePicturesArguments {
    /// The real pictures.
    pub(crate) real: PathBuf,
    /// The generated pictures: one or more sets, each compared with the real ones.
    #[arg(required_unless_present_any = ["save_stats", "save_features"])]
    pub(crate) fake: Vec<PathBuf>,
    /// How features are made; several modes share one pass over the pictures. By default pytorch-fid where its weights are there,
    /// else likeness.
    #[arg(long, value_enum, value_name = "NAME", value_delimiter = ',')]
    pub(crate) mode: Vec<ModeName>,
    /// A weights file; twice for modes that need two networks.
    #[arg(long, value_name = "FILE")]
    pub(crate) weights: Vec<PathBuf>,
    /// Split the difference between two modes into its causes, by changing one at a time: --mode FROM,TO, by default
    /// pytorch-fid,clean.
    #[arg(long)]
    pub(crate) explain: bool,
    /// Write mean and covariance of the real pictures: .npz with mu and sigma, as pytorch-fid reads and writes it, and num.
    #[arg(long, value_name = "FILE.npz")]
    pub(crate) save_stats: Option<PathBuf>,
    /// Write the features of the real pictures: .npy, float32, `[pictures, features]`.
    #[arg(long, value_name = "FILE.npy")]
    pub(crate) save_features: Option<PathBuf>,
    /// Pictures of a batch, for original-2018, which leaves out a last batch that is not full.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) batch: u32,
    #[command(flatten)]
    pub(crate) comparison: ComparisonArguments,
    /// Replace files that exist.
    #[arg(long)]
    pub(crate) force: bool,
}

/// Compare rows of features, or statistics: the same mathematics on .npy and .npz files of any network.
#[derive(Debug, Args)]
pub(crate) struct EvaluateFeaturesArguments {
    /// Of the real pictures: .npy rows `[pictures, features]`, or .npz with mu and sigma.
    pub(crate) real: PathBuf,
    /// Of the generated pictures: one or more files.
    #[arg(required = true)]
    pub(crate) fake: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) comparison: ComparisonArguments,
}

/// Merge statistics of parts of a set, made on several machines, into those of the whole.
#[derive(Debug, Args)]
pub(crate) struct MergeArguments {
    /// Files of --save-stats, or of features.
    #[arg(required = true)]
    pub(crate) statistics: Vec<PathBuf>,
    /// The file to write.
    #[arg(short, long, value_name = "FILE.npz")]
    pub(crate) out: PathBuf,
    /// Replace a file that exists.
    #[arg(long)]
    pub(crate) force: bool,
}
