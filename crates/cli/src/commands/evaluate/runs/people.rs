//! Whether the person is kept: identity and shape.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use anyhow::{Context, ensure};
use portraitist_face::Picture;
use portraitist_face::landmarks::mesh::{IBUG, Point3};
use portraitist_face::shape::ShapeSpace;
use portraitist_face::template::Template;
use portraitist_face::text::read_text;
use portraitist_nn::builtin::RECOGNIZER;
use portraitist_nn::metrics::translation::{
    Displacement, IdentityKept, IdentityScores, growth, identity_kept, mean_estimate,
};
use portraitist_nn::recognition::cosine;

use super::crops::Crop;
use super::measure::Measure;
use super::tools::Tools;
use crate::arguments::ComparisonArguments;
use crate::output::Console;
use crate::translation::similarity::embedding_in_frame;

/// Groups by person or picture.
#[derive(Debug, Default)]
pub(super) struct Groups(HashMap<String, String>);

impl Groups {
    /// Reads a table.
    pub(super) fn read(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else { return Ok(Self::default()) };
        let text = read_text(path)?;
        let mut groups = HashMap::new();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let columns = line.split_once('\t').or_else(|| line.rsplit_once(','));
            let (name, group) = columns.map(|(name, group)| (name.trim(), group.trim())).unwrap_or_default();
            ensure!(
                !name.is_empty() && !group.is_empty(),
                "{}: line {}: expected a person or picture, a tab or comma, and a group, found {line:?}",
                path.display(),
                index + 1
            );
            groups.insert(name.to_owned(), group.to_owned());
        }
        ensure!(!groups.is_empty(), "{}: expected a line for each person or picture, found none", path.display());
        Ok(Self(groups))
    }

    /// The group of a picture: by its person, its file's name, or that without the ending.
    fn of(&self, crop: &Crop) -> Option<&str> {
        let text = |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().into_owned());
        let names = [Some(crop.person.clone()), text(crop.path.file_name()), text(crop.path.file_stem())];
        names.into_iter().flatten().find_map(|name| self.0.get(&name)).map(String::as_str)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// How alike inputs and outputs are to the recogniser.
///
/// # Errors
/// If the recogniser cannot look at a picture.
pub(super) fn identity_scores(
    tools: &Tools,
    frame: &Template,
    inputs: &[Crop],
    outputs: &[Picture],
    console: &Console,
) -> anyhow::Result<IdentityScores> {
    let bar = console.progress((inputs.len() + outputs.len()) as u64, "{bar:24} {pos}/{len} faces recognised");
    let embed = |picture: &Picture| {
        bar.inc(1);
        embedding_in_frame(&tools.recognizer, picture, frame)
    };
    let of_inputs: Vec<Vec<f32>> = inputs
        .iter()
        .map(|input| embed(&input.picture).with_context(|| input.path.display().to_string()))
        .collect::<anyhow::Result<_>>()?;
    let of_outputs: Vec<Vec<f32>> = outputs
        .iter()
        .zip(inputs)
        .map(|(output, input)| embed(output).with_context(|| format!("the output of {}", input.path.display())))
        .collect::<anyhow::Result<_>>()?;
    bar.finish_and_clear();
    let mut numbers = BTreeMap::new();
    let people = inputs
        .iter()
        .map(|input| {
            let next = numbers.len();
            *numbers.entry(input.person.as_str()).or_insert(next)
        })
        .collect();
    let cosines: Vec<f64> = of_outputs
        .iter()
        .flat_map(|output| of_inputs.iter().map(move |input| f64::from(cosine(output, input))))
        .collect();
    Ok(IdentityScores::new(people, &cosines))
}

/// What is kept of the identity: in all outputs, and in each group.
pub(super) fn identity(
    tools: &Tools,
    scores: &IdentityScores,
    inputs: &[Crop],
    groups: &Groups,
    comparison: &ComparisonArguments,
) -> Vec<Measure> {
    let kept =
        |is_member: &dyn Fn(usize) -> bool| identity_kept(scores, is_member, comparison.resamples, comparison.seed);
    let mut measures: Vec<Measure> = kept(&|_| true).map(|kept| of_kept(tools, kept)).unwrap_or_default();
    if groups.is_empty() {
        return measures;
    }
    let of_inputs: Vec<&str> = inputs.iter().map(|input| groups.of(input).unwrap_or("no group")).collect();
    let names: BTreeSet<&str> = of_inputs.iter().copied().collect();
    for name in names {
        let found = kept(&|index| of_inputs[index] == name).map(|kept| of_kept(tools, kept)).unwrap_or_default();
        measures.extend(found.into_iter().map(|measure| measure.of_group(name)));
    }
    measures
}

fn of_kept(tools: &Tools, kept: IdentityKept) -> Vec<Measure> {
    let named = [
        ("identity_cosine", Some(kept.cosine)),
        ("identity_vr_far_0_01", kept.verification_rate),
        ("identity_rank1", kept.rank_1),
    ];
    let measure = |(name, found)| Some(tools.stamp.measure(name, RECOGNIZER, found?).by(tools.recognizer.sha256()));
    named.into_iter().filter_map(measure).collect()
}

/// How far shapes are from the mean face before and after; faces that are not found in input or output are left out, and counted.
///
/// # Errors
/// If the detector fails.
pub(super) fn exaggeration(
    tools: &Tools,
    frame: &Template,
    inputs: &[Crop],
    outputs: &[Picture],
    comparison: &ComparisonArguments,
    console: &Console,
) -> anyhow::Result<(Vec<Measure>, Option<String>)> {
    let bar = console.progress(inputs.len() as u64, "{bar:24} {pos}/{len} shapes");
    let mut pairs = Vec::new();
    for (input, output) in inputs.iter().zip(outputs) {
        let found = [&input.picture, output].map(|picture| displacement(tools, frame, picture));
        let [input, output] = found;
        if let (Some(input), Some(output)) = (input?, output?) {
            pairs.push((input, output));
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    let missing = inputs.len() - pairs.len();
    let warning = (missing > 0).then(|| {
        format!(
            "in {missing} of {} pairs no face was found in input or output: their shapes do not count",
            inputs.len()
        )
    });
    let (resamples, seed) = (comparison.resamples, comparison.seed);
    let distances: Vec<[f64; 2]> =
        pairs.iter().map(|(input, output)| [input.mean_distance(), output.mean_distance()]).collect();
    let mean =
        |value: fn(&[f64; 2]) -> f64| mean_estimate(&distances.iter().map(value).collect::<Vec<_>>(), resamples, seed);
    let named = [
        ("displacement_input", mean(|[input, _]| *input)),
        ("displacement_output", mean(|[_, output]| *output)),
        ("exaggeration", mean(|[input, output]| output - input)),
        ("shape_growth", growth(pairs.iter().map(|(input, output)| (input, output)), resamples, seed)),
    ];
    let mode = "face mesh, 68 points";
    Ok((named.into_iter().filter_map(|(name, found)| Some(tools.stamp.measure(name, mode, found?))).collect(), warning))
}

/// A face's landmarks against the mean face, in the head's frame. `None` where no face is found.
fn displacement(tools: &Tools, frame: &Template, picture: &Picture) -> anyhow::Result<Option<Displacement>> {
    let Some(face) = tools.detector.find_in_frame(picture, frame)? else { return Ok(None) };
    let space = ShapeSpace::learned();
    let Some(pose) = space.pose(&face.points) else { return Ok(None) };
    let points: Vec<Point3> = IBUG.iter().map(|vertex| pose.into_head(face.points.points()[*vertex])).collect();
    let mean: Vec<Point3> = IBUG.iter().map(|vertex| space.mean()[*vertex]).collect();
    Ok(Some(Displacement::of(&points, &mean)))
}
