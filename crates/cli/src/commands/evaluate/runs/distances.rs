//! How near outputs are to real pictures, and to those of the training.

use std::path::PathBuf;

use anyhow::Context;
use portraitist_face::Picture;
use portraitist_face::dataset::FoundPicture;
use portraitist_nn::evaluation::Mode;
use portraitist_nn::metrics::generation::{Comparison, Estimate, FeatureRows};
use portraitist_nn::metrics::translation::{Neighbour, mean_estimate, nearest_rows};

use super::crops::{Crop, Framing, Told};
use super::measure::Measure;
use super::tools::Tools;
use crate::arguments::ComparisonArguments;
use crate::commands::evaluate::passes::Variant;
use crate::commands::evaluate::sets::{FeatureSet, compare_sets};
use crate::output::Console;

/// Features of outputs and real pictures, in the order of the modes.
pub(super) struct Features {
    outputs: Vec<FeatureRows>,
    real: Vec<FeatureRows>,
}

impl Features {
    /// Makes them.
    ///
    /// # Errors
    /// If a network gives features that are no numbers.
    pub(super) fn of(tools: &Tools, outputs: &[Picture], real: &[Crop]) -> anyhow::Result<Self> {
        let real: Vec<Picture> = real.iter().map(|crop| crop.picture.clone()).collect();
        let rows = |pictures: &[Picture], what: &str| {
            tools
                .modes
                .iter()
                .map(|mode| features(tools, *mode, pictures))
                .collect::<anyhow::Result<Vec<_>>>()
                .with_context(|| what.to_owned())
        };
        Ok(Self { outputs: rows(outputs, "the outputs")?, real: rows(&real, "the real pictures")? })
    }
}

fn features(tools: &Tools, mode: Mode, pictures: &[Picture]) -> anyhow::Result<FeatureRows> {
    let variant = Variant::of(mode);
    Ok(tools.networks.of(variant)?.features(pictures, variant.preparation)?)
}

/// Distances of the outputs to real pictures by every mode.
///
/// # Errors
/// For fewer than two pictures of a set.
pub(super) fn distances(
    tools: &Tools,
    features: &Features,
    comparison: &ComparisonArguments,
    told: &mut Told,
    console: &Console,
) -> anyhow::Result<Vec<Measure>> {
    let mut measures = Vec::new();
    for (mode, (outputs, real)) in tools.modes.iter().zip(features.outputs.iter().zip(&features.real)) {
        let [real, outputs] = [real, outputs].map(|rows| FeatureSet::Rows(rows.clone()));
        let found = compare_sets(&real, &outputs, comparison)?;
        for warning in &found.warnings {
            let text = format!("{}: {warning}", mode.name());
            if !told.warnings.contains(&text) {
                told.warn(text, console);
            }
        }
        let sha256 = tools.networks.of(Variant::of(*mode))?.sha256().to_owned();
        measures.extend(of_comparison(tools, *mode, &found).into_iter().map(|measure| measure.by(&sha256)));
    }
    Ok(measures)
}

fn of_comparison(tools: &Tools, mode: Mode, found: &Comparison) -> Vec<Measure> {
    let count = found.num_fake.unwrap_or(0) as usize;
    let names = if mode.is_fid() {
        ["fid", "fid_infinity", "kid"]
    } else {
        ["frechet_distance", "frechet_distance_infinity", "kernel_distance"]
    };
    let exact = |value: f64| Estimate { value, interval: None };
    // The interval of the Fréchet distance is about that of infinitely many pictures.
    let infinite = found.extrapolation.as_ref();
    let infinite = infinite.map(|infinite| Estimate { value: infinite.fid, interval: found.frechet.interval });
    let nearest = found
        .one_nearest_neighbour
        .map(|one| Estimate { value: one.accuracy, interval: found.one_nearest_neighbour_interval });
    let named = [
        (names[0], Some(exact(found.frechet.value))),
        (names[1], infinite),
        (names[2], found.kernel),
        ("one_nearest_neighbour", nearest),
        ("precision", found.precision),
        ("recall", found.recall),
        ("density", found.density),
        ("coverage", found.coverage),
    ];
    let is_number = |found: &Estimate| found.value.is_finite();
    let measure = |(name, found): (_, Option<Estimate>)| {
        Some(tools.stamp.estimate(name, mode.name(), found.filter(is_number)?, count))
    };
    named.into_iter().filter_map(measure).collect()
}

/// The nearest pictures of the training.
pub(super) struct Memorised {
    pub(super) measure: Measure,
    /// For each output, the picture of the training that is nearest and its distance.
    pub(super) nearest: Vec<(PathBuf, f64)>,
}

/// Looks for each output's nearest picture among those of the training, by the features of the first mode. `None` without such
/// pictures.
///
/// # Errors
/// If a network gives features that are no numbers.
pub(super) fn memorised(
    tools: &Tools,
    features: &Features,
    trained: &[FoundPicture],
    framing: &Framing,
    comparison: &ComparisonArguments,
    console: &Console,
) -> anyhow::Result<Option<Memorised>> {
    let Some(mode) = tools.modes.first().copied() else { return Ok(None) };
    let network = tools.networks.of(Variant::of(mode))?;
    let (mut rows, mut paths) = (FeatureRows::new(network.dim()), Vec::new());
    // What was wrong with them was said when they were learned from.
    framing.read(trained, &mut Told::default(), console, |crops| {
        let pictures: Vec<Picture> = crops.iter().map(|crop| crop.picture.clone()).collect();
        rows.extend(self::features(tools, mode, &pictures)?.values())?;
        paths.extend(crops.into_iter().map(|crop| crop.path));
        Ok(())
    })?;
    if rows.is_empty() {
        return Ok(None);
    }
    let distances = |found: &[Neighbour]| found.iter().map(|neighbour| neighbour.distance).collect::<Vec<_>>();
    let found = nearest_rows(&features.outputs[0], &rows)?;
    let real = nearest_rows(&features.real[0], &rows)?;
    let (resamples, seed) = (comparison.resamples, comparison.seed);
    let Some(estimate) = mean_estimate(&distances(&found), resamples, seed) else { return Ok(None) };
    let form = format!("{} features, among {} pictures", mode.name(), rows.len());
    let real = mean_estimate(&distances(&real), 0, seed).map(|found| found.value);
    let measure =
        tools.stamp.measure("nearest_training_distance", form, estimate).by(network.sha256()).beside_real(real);
    let nearest = found.iter().map(|neighbour| (paths[neighbour.index].clone(), neighbour.distance)).collect();
    Ok(Some(Memorised { measure, nearest }))
}
