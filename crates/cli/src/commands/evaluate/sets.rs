//! What is compared: rows of features, or statistics alone.

use std::path::Path;

use anyhow::Context;
use portraitist_nn::metrics::generation::{
    Comparison, ComparisonSettings, FeatureError, FeatureFile, FeatureRows, Moments, Statistics, SubsetSettings,
    compare, compare_statistics, read_features,
};

use crate::arguments::ComparisonArguments;

/// A set of pictures as it is compared.
#[derive(Debug)]
pub(super) enum FeatureSet {
    Rows(FeatureRows),
    Statistics(Statistics),
}

impl FeatureSet {
    /// Reads a file of features or statistics.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        match read_features(path).with_context(|| path.display().to_string())? {
            FeatureFile::Rows(rows) => Ok(Self::Rows(rows)),
            FeatureFile::Statistics(statistics) => Ok(Self::Statistics(statistics)),
        }
    }

    /// Mean and covariance.
    pub(super) fn statistics(&self) -> Result<Statistics, FeatureError> {
        match self {
            Self::Rows(rows) => Moments::of(rows).statistics(),
            Self::Statistics(statistics) => Ok(statistics.clone()),
        }
    }

    /// The first rows of a set of rows.
    pub(super) fn truncated(self, count: usize) -> Self {
        match self {
            Self::Rows(rows) if count < rows.len() => Self::Rows(rows.select(&(0..count).collect::<Vec<_>>())),
            other => other,
        }
    }

    /// Pictures, where that is known.
    pub(super) fn len(&self) -> Option<usize> {
        match self {
            Self::Rows(rows) => Some(rows.len()),
            Self::Statistics(statistics) => statistics.count.map(|count| count as usize),
        }
    }
}

/// Compares two sets by all that can be had of them.
pub(super) fn compare_sets(
    real: &FeatureSet,
    fake: &FeatureSet,
    arguments: &ComparisonArguments,
) -> Result<Comparison, FeatureError> {
    match (real, fake) {
        (FeatureSet::Rows(real), FeatureSet::Rows(fake)) => {
            compare(real, fake, comparison_settings(arguments, real.len().min(fake.len())))
        }
        _ => {
            let mut comparison = compare_statistics(&real.statistics()?, &fake.statistics()?)?;
            comparison
                .warnings
                .push("KID and measures by neighbours need features of both sets, not statistics".to_owned());
            Ok(comparison)
        }
    }
}

/// Subsets of at most so many pictures unless asked otherwise.
const SUBSET_SIZE: usize = 1000;

/// The settings for sets of which the smaller one has `least` pictures.
fn comparison_settings(arguments: &ComparisonArguments, least: usize) -> ComparisonSettings {
    // Subsets that are all of a set would all be the same.
    let usual = if least > SUBSET_SIZE { SUBSET_SIZE } else { (least / 2).max(2) };
    let size = arguments.kid_subset_size.map_or(usual, |size| size as usize);
    let subsets = SubsetSettings { count: arguments.kid_subsets as usize, size, ..SubsetSettings::default() };
    ComparisonSettings {
        resamples: arguments.resamples,
        subsets,
        most_pairwise: arguments.pairwise as usize,
        seed: arguments.seed,
    }
}
