//! Arguments of `portraitist bench`.

use clap::Args;

use super::values::{PrecisionName, parse_ceiling};

/// Time the networks at fixed sizes.
///
/// Each case runs in a process of its own after a warm-up, with random weights and pictures: translation,
/// one iteration of training (also with `optimizer.activation_checkpointing`), VGG16's features and SphereFace-20's embeddings. The
/// results are times, the process's largest memory, and the direct algorithms' arithmetic (GFLOP) with its rate.
/// Translation of 512x512 and 1024x1024 shows the memory of large pictures; it runs only with --all or when a text names the size.
#[derive(Debug, Args)]
pub(crate) struct BenchArguments {
    /// The cases to run, by parts of their names: `translate`, `train`, `checkpointing`, `vgg`, `recognize`, `224x192`, "train 64x64
    /// batch 4 dim 16". By default all but the large pictures.
    pub(crate) cases: Vec<String>,
    /// Of those, only cases with this in their name.
    #[arg(long, value_name = "TEXT")]
    pub(crate) only: Option<String>,
    /// The large pictures, too.
    #[arg(long)]
    pub(crate) all: bool,
    /// Timed runs of each case; by default 10, for training 5.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) runs: Option<u32>,
    /// Untimed runs before them.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub(crate) warmups: u32,
    /// What translation and recognition multiply; training and VGG16 are in f32.
    #[arg(long, value_enum, default_value_t = PrecisionName::F32)]
    pub(crate) precision: PrecisionName,
    /// The processor's ceiling in GFLOP/s, to print which share of it was reached.
    #[arg(long, value_name = "GFLOPS", value_parser = parse_ceiling)]
    pub(crate) ceiling: Option<f64>,
    /// Run this one case in this very process.
    #[arg(long, hide = true)]
    pub(crate) case: Option<String>,
}
