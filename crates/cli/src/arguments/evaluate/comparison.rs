//! How sets of pictures are compared.

use clap::{Args, ValueEnum};
use portraitist_nn::evaluation::Mode;
use portraitist_nn::metrics::bootstrap;

/// The ways in which features are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModeName {
    /// FID as pytorch-fid 0.3 measures it.
    PytorchFid,
    /// FID as clean-fid measures it: antialiased resizing.
    Clean,
    /// FID as torch-fidelity measures it: TensorFlow 1's resizing.
    TorchFidelity,
    /// FID as the original measured it in 2018: torchvision's weights, clipped JPEGs, whole batches.
    #[value(name = "original-2018")]
    Original2018,
    /// Not a FID: the built-in recogniser's embeddings of whole pictures.
    Likeness,
    /// Not a FID: the face mesh's last feature map.
    FaceMesh,
    /// Not a FID: VGG16's relu5_3, from --weights or models/vgg16.pth.
    Vgg16,
}

impl From<ModeName> for Mode {
    fn from(name: ModeName) -> Self {
        match name {
            ModeName::PytorchFid => Self::PytorchFid,
            ModeName::Clean => Self::Clean,
            ModeName::TorchFidelity => Self::TorchFidelity,
            ModeName::Original2018 => Self::Original2018,
            ModeName::Likeness => Self::Likeness,
            ModeName::FaceMesh => Self::FaceMesh,
            ModeName::Vgg16 => Self::Vgg16,
        }
    }
}

/// How sets are compared.
#[derive(Debug, Args)]
pub(crate) struct ComparisonArguments {
    /// Draws of each bootstrap, from which intervals of 95 % come; 0 for no intervals and no extrapolation to infinitely many pictures.
    #[arg(long, value_name = "N", default_value_t = bootstrap::RESAMPLES, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub(crate) resamples: u32,
    /// Random subsets whose KIDs have the mean and deviation that torch-fidelity prints; 0 for none.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub(crate) kid_subsets: u32,
    /// Pictures of each; by default 1,000, or half of a smaller set.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    pub(crate) kid_subset_size: Option<u32>,
    /// Pictures of each set that are compared pair by pair (KID, neighbours); of larger sets some are drawn at random.
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    pub(crate) pairwise: u32,
    /// Fixes what is drawn at random.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
}
