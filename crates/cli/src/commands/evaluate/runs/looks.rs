//! What shows in pictures themselves: variety, patterns, colours.

use portraitist_face::Picture;
use portraitist_nn::config::Domain;
use portraitist_nn::metrics::translation::{
    Checkerboard, LayerFeatures, Plane, colourfulness, mean_estimate, ms_ssim, perceptual_distance,
};
use portraitist_nn::random::{normals, stream};
use portraitist_nn::translate::Model;
use rayon::prelude::*;

use super::crops::Crop;
use super::measure::Measure;
use super::tools::Tools;
use crate::arguments::RunMeasuring;
use crate::output::Console;

/// The random styles of an input, the same for every model with as many style dimensions; the first is that of the input's output.
pub(super) fn styles(model: &Model, seed: u64, input: usize, count: usize) -> Vec<Vec<f32>> {
    let dim = model.config().generator.style_dim;
    let mut random = stream(seed, "styles of an evaluated input", input as u64);
    (0..count).map(|_| normals(&mut random, dim)).collect()
}

fn luminance(picture: &Picture) -> Plane {
    Plane::luminance(picture.width(), picture.height(), picture.pixels())
}

/// Colours and patterns of outputs, beside those of real pictures.
pub(super) fn appearance(tools: &Tools, outputs: &[Picture], real: &[Crop], measuring: &RunMeasuring) -> Vec<Measure> {
    let (resamples, seed) = (measuring.comparison.resamples, measuring.comparison.seed);
    let of = |pictures: &[&Picture]| -> [Vec<f64>; 3] {
        let found: Vec<(Option<Checkerboard>, f64)> = pictures
            .par_iter()
            .map(|picture| (Checkerboard::of(&luminance(picture)), colourfulness(picture.pixels())))
            .collect();
        let patterns = || found.iter().filter_map(|(pattern, _)| *pattern);
        [
            patterns().map(|pattern| pattern.period_2_db).collect(),
            patterns().map(|pattern| pattern.period_4_db).collect(),
            found.iter().map(|(_, colours)| *colours).collect(),
        ]
    };
    let generated = of(&outputs.iter().collect::<Vec<_>>());
    let references = of(&real.iter().map(|crop| &crop.picture).collect::<Vec<_>>());
    let pattern = "luminance, Hann window";
    let named = [
        ("checkerboard_period_2_db", pattern),
        ("checkerboard_period_4_db", pattern),
        ("colourfulness", "Hasler and Süsstrunk 2003"),
    ];
    let mut measures = Vec::new();
    for ((name, mode), (values, references)) in named.into_iter().zip(generated.iter().zip(&references)) {
        let real = mean_estimate(references, 0, seed).map(|found| found.value);
        let found = mean_estimate(values, resamples, seed);
        measures.extend(found.map(|found| tools.stamp.measure(name, mode, found).beside_real(real)));
    }
    measures
}

/// How varied the outputs of one input are: the first inputs with pairs of random styles.
///
/// # Errors
/// If a picture cannot be translated.
pub(super) fn diversity(
    tools: &Tools,
    model: &Model,
    to: Domain,
    inputs: &[Crop],
    measuring: &RunMeasuring,
    console: &Console,
) -> anyhow::Result<Vec<Measure>> {
    let (resamples, seed) = (measuring.comparison.resamples, measuring.comparison.seed);
    let inputs = &inputs[..inputs.len().min(measuring.varied as usize)];
    let bar = console.progress(inputs.len() as u64, "{bar:24} {pos}/{len} inputs varied  {eta} left");
    let (mut distances, mut similarities, mut scales) = (Vec::new(), Vec::new(), 0);
    for (index, input) in inputs.iter().enumerate() {
        let mut before: Option<(Vec<LayerFeatures>, Plane)> = None;
        let (mut distance, mut similarity) = (0.0, Vec::new());
        for style in styles(model, seed, index, measuring.pairs as usize + 1) {
            let picture = model.translate(&input.picture, &style, to)?.picture;
            let now = (tools.perceptual.layers(&picture)?, luminance(&picture));
            if let Some((layers, plane)) = &before {
                distance += perceptual_distance(layers, &now.0);
                let found = ms_ssim(plane, &now.1);
                scales = found.map_or(scales, |found| found.scales);
                similarity.extend(found.map(|found| found.value));
            }
            before = Some(now);
        }
        distances.push(distance / f64::from(measuring.pairs));
        if !similarity.is_empty() {
            similarities.push(similarity.iter().sum::<f64>() / similarity.len() as f64);
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    let pairs = measuring.pairs;
    let form = format!("lpips-form over {}, {pairs} pairs an input", tools.perceptual.backbone().name());
    let diversity = mean_estimate(&distances, resamples, seed)
        .map(|found| tools.stamp.measure("diversity", form, found).by(tools.perceptual.sha256()));
    let form = format!("{scales} scales of luminance, {pairs} pairs an input");
    let similarity = mean_estimate(&similarities, resamples, seed);
    Ok(diversity.into_iter().chain(similarity.map(|found| tools.stamp.measure("ms_ssim", form, found))).collect())
}
