//! Arguments of `portraitist evaluate run` and `portraitist evaluate compare`.

use std::path::PathBuf;

use clap::Args;

use super::comparison::{ComparisonArguments, ModeName};

/// Measure runs and models: diversity, identity kept, exaggeration, distances to real pictures, memorisation, patterns of upsampling,
/// colourfulness.
///
/// Each is measured in both directions, photos to drawings and drawings to photos, on the run's own test pictures where it has some, or
/// on those of --photos and --drawings. With -o, one HTML file shows everything: the curves of the log, pictures, and each number with
/// how it was measured.
#[derive(Debug, Args)]
pub(crate) struct EvaluateRunArguments {
    /// Run folders, checkpoint folders, weights files, or names of built-in models.
    #[arg(required = true, value_name = "RUN")]
    pub(crate) runs: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) measuring: RunMeasuring,
}

/// Measure several runs or models on the same pictures with the same seeds, side by side.
///
/// The pictures are those of --photos and --drawings, or the test pictures of the first run that has some.
#[derive(Debug, Args)]
pub(crate) struct EvaluateCompareArguments {
    /// Run folders, checkpoint folders, weights files, or names of built-in models.
    #[arg(required = true, num_args = 2.., value_name = "RUN")]
    pub(crate) runs: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) measuring: RunMeasuring,
}

/// On what and how runs are measured.
#[derive(Debug, Args)]
pub(crate) struct RunMeasuring {
    /// Write a report of one HTML file, with all pictures and plots in it.
    #[arg(short, long, value_name = "FILE.html")]
    pub(crate) out: Option<PathBuf>,
    /// Photos to measure on: a folder or a list; in each, the face is found and aligned. Instead of the run's own test pictures.
    #[arg(long, value_name = "DIR")]
    pub(crate) photos: Option<PathBuf>,
    /// Drawings to measure on.
    #[arg(long, value_name = "DIR")]
    pub(crate) drawings: Option<PathBuf>,
    /// The pictures of --photos and --drawings are face crops already: they are resized and cut as in training.
    #[arg(long)]
    pub(crate) aligned: bool,
    /// A table of groups: a line each with a person or a picture's name, a tab or comma, and the group. Identity is measured in each
    /// group, too.
    #[arg(long, value_name = "TABLE")]
    pub(crate) groups: Option<PathBuf>,
    /// Networks whose features are compared with those of real pictures. By default likeness and face-mesh, and pytorch-fid where its
    /// weights are there.
    #[arg(long, value_enum, value_name = "NAME", value_delimiter = ',')]
    pub(crate) mode: Vec<ModeName>,
    /// A weights file of an Inception network.
    #[arg(long, value_name = "FILE")]
    pub(crate) weights: Vec<PathBuf>,
    /// VGG16's weights (a PyTorch file): diversity is then measured by them instead of the built-in recogniser.
    #[arg(long, value_name = "FILE")]
    pub(crate) vgg16: Option<PathBuf>,
    /// Pictures of each domain that are translated, drawn by the seed where there are more.
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(2..=10_000))]
    pub(crate) inputs: u32,
    /// Pictures, the first of those, that are translated with several random styles for diversity and MS-SSIM; 0 for none.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub(crate) varied: u32,
    /// Pairs of styles for each of them.
    #[arg(long, value_name = "N", default_value_t = 19, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) pairs: u32,
    /// Pictures that the run was trained on among which nearest neighbours are looked for, drawn by the seed where there are more; 0
    /// for none.
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub(crate) trained: u32,
    /// Rows of a grid of pictures: the first inputs, not chosen ones.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) shown: u32,
    #[command(flatten)]
    pub(crate) comparison: ComparisonArguments,
    /// Replace a report that exists.
    #[arg(long)]
    pub(crate) force: bool,
}
