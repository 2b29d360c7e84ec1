//! Arguments of `portraitist recognize`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use portraitist_nn::metrics::bootstrap;

use super::TrainArguments;

/// Tell people apart, and measure how well.
#[derive(Debug, Subcommand)]
pub(crate) enum RecognizeCommand {
    /// Train a recogniser from a run file.
    ///
    /// Makes the next numbered folder under --out with the resolved run file, a log (log.jsonl and
    /// TensorBoard's events) and checkpoints. Ctrl-C writes a checkpoint and ends; --resume goes on to the
    /// same bytes as if nothing had happened.
    Train(TrainArguments),
    Metrics(MetricsArguments),
}

/// Measure scores that any recogniser gave.
///
/// SCORES is text: a score (higher means more alike) and, after a tab, 1 for the same person or 0 for
/// different people on each line; where two more columns name both people, intervals are drawn over people.
/// An empty line begins a new fold. The threshold of each fold is the best on all the others.
#[derive(Debug, Args)]
pub(crate) struct MetricsArguments {
    /// The scores.
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

/// By whose rules.
#[derive(Debug, Args)]
pub(crate) struct RuleArguments {
    /// Compute as the original does: fixed thresholds, its index for false accept rates, equal scores as
    /// wins. Prints what it prints; --json says mode seed-2018.
    #[arg(long)]
    pub(crate) as_seed: bool,
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
    /// Draw the curve.
    #[arg(long, value_name = "FILE.svg", value_parser = parse_svg)]
    pub(crate) plot: Option<PathBuf>,
    /// Write a table with the published figures beside.
    #[arg(long, value_name = "FILE.md")]
    pub(crate) markdown: Option<PathBuf>,
    /// Replace files that exist.
    #[arg(long)]
    pub(crate) force: bool,
}

fn parse_fold_length(text: &str) -> Result<usize, String> {
    let length = text.trim().parse().ok().filter(|length| (1..=1_000_000_000).contains(length));
    length.ok_or_else(|| "expected numbers of pairs from 1 on, parted by commas".to_owned())
}

fn parse_svg(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    let is_svg = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("svg"));
    if is_svg { Ok(path) } else { Err("expected a file that ends in .svg; plots are drawn as SVG".to_owned()) }
}
