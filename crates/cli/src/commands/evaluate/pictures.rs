//! `portraitist evaluate pictures`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use portraitist_nn::evaluation::{Mode, PublishedWeights, find_weights};
use portraitist_nn::metrics::generation::write_rows;
use portraitist_nn::networks::InceptionKind;
use serde_json::{Value, json};

use super::passes::{Measured, Variant, measure, read_networks, whole_batches};
use super::report::{Compared, EvaluateOutput};
use super::sets::{FeatureSet, compare_sets};
use crate::arguments::EvaluatePicturesArguments;
use crate::inputs::status;
use crate::output::{Console, advised, refuse_existing};

/// Runs the command.
pub(super) fn run(arguments: &EvaluatePicturesArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let saved = [&arguments.save_stats, &arguments.save_features];
    refuse_existing(saved.into_iter().flatten().map(|path| path.as_path()), arguments.force)?;
    let modes = chosen_modes(arguments, console);
    let variants: Vec<Variant> = modes.iter().map(|mode| Variant::of(*mode)).collect();
    let networks = read_networks(&variants, arguments)?;
    let real = measure(&arguments.real, false, &variants, &networks, console)?;
    let Measured { sets: reals, mut failed, mut warnings } = real;
    let reals = kept(reals, &modes, arguments.batch as usize, &arguments.real, &mut warnings, console);
    let written = save(arguments, &reals[0])?;
    let mut comparisons = Vec::new();
    for fake in &arguments.fake {
        let Measured { sets, failed: unread, warnings: said } = measure(fake, true, &variants, &networks, console)?;
        failed.extend(unread);
        warnings.extend(said);
        let fakes = kept(sets, &modes, arguments.batch as usize, fake, &mut warnings, console);
        for ((mode, variant), (real, generated)) in modes.iter().zip(&variants).zip(reals.iter().zip(&fakes)) {
            let comparison = compare_sets(real, generated, &arguments.comparison)
                .with_context(|| format!("{} and {}", arguments.real.display(), fake.display()))?;
            comparison.warnings.iter().for_each(|warning| console.warn(warning));
            warnings.extend(comparison.warnings.iter().cloned());
            let sha256 = networks.of(*variant)?.sha256().to_owned();
            warnings.extend(unpublished(*mode, &sha256));
            comparisons.push(Compared::new(Some(*mode), [&arguments.real, fake], Some(sha256), comparison));
        }
    }
    let status = status(&failed);
    let mut output = EvaluateOutput::new(comparisons, failed, warnings);
    output.written = written;
    console.result(&output, &output.text())?;
    Ok(status)
}

/// The modes asked for; without any, FID where its weights are there.
fn chosen_modes(arguments: &EvaluatePicturesArguments, console: &Console) -> Vec<Mode> {
    if !arguments.mode.is_empty() {
        return arguments.mode.iter().map(|mode| Mode::from(*mode)).collect();
    }
    if !arguments.weights.is_empty() || find_weights(InceptionKind::Fid, None).is_some() {
        return vec![Mode::PytorchFid];
    }
    let published = PublishedWeights::of(InceptionKind::Fid);
    console.warn(&format!(
        "no models/{} here ({}, SHA-256 {}): not FID, but distances over the built-in recogniser's embeddings",
        published.file, published.url, published.sha256
    ));
    vec![Mode::Likeness]
}

/// Leaves out what a mode leaves out: of `original-2018` the pictures of a last batch that is not full.
fn kept(
    sets: Vec<FeatureSet>,
    modes: &[Mode],
    batch: usize,
    path: &Path,
    warnings: &mut Vec<String>,
    console: &Console,
) -> Vec<FeatureSet> {
    let mut keep = |(set, mode): (FeatureSet, &Mode)| {
        let drops = mode.preparation().is_some_and(|preparation| preparation.drops_last_batch);
        let (Some(count), true) = (set.len(), drops) else { return set };
        let whole = whole_batches(count, batch);
        if whole < count {
            let text = format!(
                "{}: {} of {count} pictures were left out, the last batch of {batch} that was not full, as {} does",
                path.display(),
                count - whole,
                mode.name()
            );
            console.warn(&text);
            warnings.push(text);
        }
        set.truncated(whole)
    };
    sets.into_iter().zip(modes).map(&mut keep).collect()
}

/// A remark on weights that are not the published ones.
fn unpublished(mode: Mode, sha256: &str) -> Option<String> {
    let published = PublishedWeights::of(mode.preparation()?.network);
    (!published.is(sha256)).then(|| {
        format!("the weights (SHA-256 {sha256}) are not the published {}: the distance is comparable only with others by them", published.file)
    })
}

/// Writes statistics and features of the real pictures where asked to.
fn save(arguments: &EvaluatePicturesArguments, set: &FeatureSet) -> anyhow::Result<Vec<Value>> {
    let mut written = Vec::new();
    if let Some(path) = &arguments.save_stats {
        let statistics = set.statistics()?;
        statistics.write(path, arguments.force)?;
        written
            .push(json!({"output": path.to_string_lossy(), "num": statistics.count, "feature_dim": statistics.dim()}));
    }
    if let Some(path) = &arguments.save_features {
        let FeatureSet::Rows(rows) = set else {
            return Err(advised(
                format!("{}: statistics hold no features that could be written", arguments.real.display()),
                "give the pictures, or leave out --save-features",
            ));
        };
        write_rows(rows, path, arguments.force)?;
        written.push(json!({"output": path.to_string_lossy(), "num": rows.len(), "feature_dim": rows.dim()}));
    }
    Ok(written)
}
