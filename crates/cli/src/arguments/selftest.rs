//! Arguments of `portraitist selftest`.

use std::path::PathBuf;

use clap::Args;

/// Compare what this machine computes with golden values inside the program.
///
/// Every kind of kernel (convolution, Winograd, attention, normalisation, bf16, ...) and every built-in network, on a synthetic face, against what
/// the portable code computed. Prints the largest deviation of each, as a share of the largest golden value, and the instruction set. The exit
/// code is 1 if one deviates by more than is allowed.
#[derive(Debug, Args)]
pub(crate) struct SelfTestArguments {
    /// Where translators, recognisers and training run: cpu, or `cuda[:index]` or wgpu where the program was built with them. Kernels and
    /// what finds faces are always on the CPU.
    #[arg(long, default_value = "cpu")]
    pub(crate) device: String,
    /// Compare with the golden values of a file instead.
    #[arg(long, value_name = "FILE", conflicts_with = "write_golden")]
    pub(crate) golden: Option<PathBuf>,
    /// Compare with nothing, and write what this machine computes as golden values.
    #[arg(long, value_name = "FILE")]
    pub(crate) write_golden: Option<PathBuf>,
    /// Replace the file of --write-golden.
    #[arg(long, requires = "write_golden")]
    pub(crate) force: bool,
}
