//! Everything that is measured of one direction of a model.

use std::path::PathBuf;

use anyhow::Context;
use portraitist_face::Picture;
use portraitist_face::dataset::FoundPicture;
use portraitist_nn::config::Domain;
use serde::Serialize;

use super::crops::{Crop, Framing, Told};
use super::distances::{Features, distances, memorised};
use super::looks::{appearance, diversity, styles};
use super::measure::Measure;
use super::people::{Groups, exaggeration, identity, identity_scores};
use super::subject::Subject;
use super::tools::Tools;
use crate::arguments::RunMeasuring;
use crate::output::Console;

/// Columns of outputs in a grid.
const SHOWN_STYLES: usize = 4;
/// Best and worst outputs, and nearest neighbours, that are shown.
const SHOWN_EXAMPLES: usize = 4;

/// What was measured of a direction, and pictures that show it.
#[derive(Serialize)]
pub(super) struct Direction {
    #[serde(serialize_with = "name")]
    pub(super) to: Domain,
    /// Pictures that were translated.
    pub(super) inputs: usize,
    /// Real pictures that outputs were compared with.
    pub(super) references: usize,
    pub(super) measures: Vec<Measure>,
    /// The outputs in which the person is kept best and worst.
    pub(super) best: Vec<Example>,
    pub(super) worst: Vec<Example>,
    /// The outputs that are nearest to a picture of the training.
    pub(super) nearest: Vec<NearestPicture>,
    #[serde(skip)]
    pub(super) grid: Vec<GridRow>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn name<S: serde::Serializer>(domain: &Domain, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(domain.name())
}

/// An input, its output, and how alike the person is.
#[derive(Serialize)]
pub(super) struct Example {
    pub(super) input: String,
    pub(super) cosine: f64,
    #[serde(skip)]
    pub(super) pictures: [Picture; 2],
}

/// An output and the picture of the training that is nearest.
#[derive(Serialize)]
pub(super) struct NearestPicture {
    pub(super) input: String,
    pub(super) training: String,
    pub(super) distance: f64,
    #[serde(skip)]
    pub(super) output: Picture,
    #[serde(skip)]
    pub(super) path: PathBuf,
}

/// An input and its outputs with several styles.
pub(super) struct GridRow {
    pub(super) input: Picture,
    pub(super) outputs: Vec<Picture>,
}

/// The pictures of one direction.
pub(super) struct Pictures<'a> {
    pub(super) to: Domain,
    pub(super) inputs: &'a [Crop],
    /// Real pictures of the domain that is translated to.
    pub(super) real: &'a [Crop],
    /// Those that the model was trained on.
    pub(super) trained: &'a [FoundPicture],
}

/// Measures a direction.
///
/// # Errors
/// If a picture cannot be translated, or a network cannot look at it.
pub(super) fn measure(
    subject: &Subject,
    tools: &Tools,
    pictures: &Pictures<'_>,
    groups: &Groups,
    measuring: &RunMeasuring,
    told: &mut Told,
    console: &Console,
) -> anyhow::Result<Direction> {
    let &Pictures { to, inputs, real, trained } = pictures;
    let comparison = &measuring.comparison;
    let outputs = translated(subject, to, inputs, comparison.seed, console)?;
    let frame = subject.model.template();
    let scores = identity_scores(tools, &frame, inputs, &outputs, console)?;
    let mut measures = identity(tools, &scores, inputs, groups, comparison);
    let (shapes, warning) = exaggeration(tools, &frame, inputs, &outputs, comparison, console)?;
    if let Some(warning) = warning {
        told.warn(format!("{}, to {to}: {warning}", subject.name.display()), console);
    }
    measures.extend(shapes);
    let mut nearest = Vec::new();
    if inputs.len() >= 2 && real.len() >= 2 {
        let features = Features::of(tools, &outputs, real)?;
        measures.extend(distances(tools, &features, comparison, told, console)?);
        let framing = Framing::new(&subject.model, true)?;
        if let Some(found) = memorised(tools, &features, trained, &framing, comparison, console)? {
            measures.push(found.measure);
            nearest = nearest_pictures(found.nearest, inputs, &outputs);
        }
    } else {
        let (count, name) = (real.len(), subject.name.display());
        told.warn(
            format!("{name}, to {to}: {count} real pictures and {} inputs, so no distances", inputs.len()),
            console,
        );
    }
    measures.extend(diversity(tools, &subject.model, to, inputs, measuring, console)?);
    measures.extend(appearance(tools, &outputs, real, measuring));
    let [best, worst] = best_and_worst(inputs, &outputs, scores.cosines());
    let grid = grid(subject, to, inputs, measuring)?;
    Ok(Direction { to, inputs: inputs.len(), references: real.len(), measures, best, worst, nearest, grid })
}

fn translated(
    subject: &Subject,
    to: Domain,
    inputs: &[Crop],
    seed: u64,
    console: &Console,
) -> anyhow::Result<Vec<Picture>> {
    let bar = console.progress(inputs.len() as u64, "{bar:24} {pos}/{len} translated  {eta} left");
    let translate = |(index, input): (usize, &Crop)| {
        let style = styles(&subject.model, seed, index, 1).concat();
        let output = subject.model.translate(&input.picture, &style, to);
        bar.inc(1);
        Ok(output.with_context(|| input.path.display().to_string())?.picture)
    };
    let outputs = inputs.iter().enumerate().map(translate).collect();
    bar.finish_and_clear();
    outputs
}

/// The first inputs with the first styles: none of them is chosen.
fn grid(subject: &Subject, to: Domain, inputs: &[Crop], measuring: &RunMeasuring) -> anyhow::Result<Vec<GridRow>> {
    let row = |(index, input): (usize, &Crop)| {
        let styles = styles(&subject.model, measuring.comparison.seed, index, SHOWN_STYLES);
        let outputs = styles
            .iter()
            .map(|style| Ok(subject.model.translate(&input.picture, style, to)?.picture))
            .collect::<anyhow::Result<_>>()?;
        Ok(GridRow { input: input.picture.clone(), outputs })
    };
    // Without a page nobody looks at it.
    let shown = if measuring.out.is_some() { measuring.shown as usize } else { 0 };
    inputs.iter().take(shown).enumerate().map(row).collect()
}

fn best_and_worst(inputs: &[Crop], outputs: &[Picture], cosines: &[f64]) -> [Vec<Example>; 2] {
    let mut order: Vec<usize> = (0..cosines.len()).collect();
    order.sort_by(|a, b| cosines[*b].total_cmp(&cosines[*a]));
    let example = |index: &usize| Example {
        input: inputs[*index].path.display().to_string(),
        cosine: cosines[*index],
        pictures: [inputs[*index].picture.clone(), outputs[*index].clone()],
    };
    // Nothing is best and worst at once.
    let count = SHOWN_EXAMPLES.min(order.len() / 2);
    [order.iter().take(count).map(example).collect(), order.iter().rev().take(count).map(example).collect()]
}

fn nearest_pictures(found: Vec<(PathBuf, f64)>, inputs: &[Crop], outputs: &[Picture]) -> Vec<NearestPicture> {
    let mut pictures: Vec<NearestPicture> = found
        .into_iter()
        .zip(inputs.iter().zip(outputs))
        .map(|((path, distance), (input, output))| NearestPicture {
            input: input.path.display().to_string(),
            training: path.display().to_string(),
            distance,
            output: output.clone(),
            path,
        })
        .collect();
    pictures.sort_by(|a, b| a.distance.total_cmp(&b.distance));
    pictures.truncate(SHOWN_EXAMPLES);
    pictures
}
