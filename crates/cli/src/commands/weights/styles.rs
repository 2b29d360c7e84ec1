//! `portraitist weights styles`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use portraitist_face::Decoded;
use portraitist_face::text::serialize_lossy;
use portraitist_nn::builtin;
use portraitist_nn::config::Domain;
use portraitist_nn::inference::InferencePrecision;
use portraitist_nn::translate::Model;
use portraitist_nn::weights::{FloatKind, ModelConfig, ModelFile, read_model, write_native};
use serde::Serialize;

use crate::arguments::StylesArguments;
use crate::inputs::{Input, expand, sentences};
use crate::interruption;
use crate::output::{Console, refuse_existing, refuse_input};
use crate::translation::translator::FaceTranslator;

/// What `--json` prints.
#[derive(Serialize)]
struct Named {
    #[serde(serialize_with = "serialize_lossy")]
    output: PathBuf,
    styles: BTreeMap<String, Style>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct Style {
    pictures: usize,
    code: Vec<f32>,
    /// Standard deviation of the pictures' codes, the mean over their numbers: how far they are from one style.
    spread: f64,
}

/// Runs the command.
pub(super) fn run(arguments: &StylesArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let translator = FaceTranslator::open(&arguments.model, InferencePrecision::default())?;
    let mut file = model_file(&arguments.model)?;
    if let Some(input) = Model::locate(&arguments.model)? {
        refuse_input(&arguments.out, [input.as_path()])?;
    }
    // Before anything is looked at: that may take long.
    refuse_existing([arguments.out.as_path()], arguments.force)?;
    let mut names = BTreeSet::new();
    for (name, _) in &arguments.examples {
        ensure!(names.insert(name), "--of {name}: the name is there twice");
    }
    let domain: Domain = arguments.domain.into();
    let (mut styles, mut warnings) = (BTreeMap::new(), Vec::new());
    for (name, pictures) in &arguments.examples {
        let codes = codes(&translator, pictures, domain, arguments.aligned, &mut warnings)?;
        ensure!(!codes.is_empty(), "{}: no picture for the style {name}", pictures.display());
        styles.insert(name.clone(), summary(&codes));
    }
    warnings.iter().for_each(|warning| console.warn(warning));
    let ModelConfig::Translator(config) = &mut file.config else {
        bail!("{}: no translator", arguments.model.display())
    };
    config.styles.of_mut(domain).extend(styles.iter().map(|(name, style)| (name.clone(), style.code.clone())));
    config.validate().map_err(|reason| anyhow::anyhow!("{}: {reason}", arguments.model.display()))?;
    let is_half = file.arrays.values().any(|array| array.dtype == "F16");
    let floats = if is_half { FloatKind::Half } else { FloatKind::Single };
    write_native(&file, floats, &arguments.out, arguments.force)?;
    let lines = styles
        .iter()
        .map(|(name, style)| format!("{name:20} {:4} pictures, spread {:.2}", style.pictures, style.spread));
    let text = [arguments.out.display().to_string()].into_iter().chain(lines).collect::<Vec<_>>().join("\n");
    console.result(&Named { output: arguments.out.clone(), styles, warnings }, &text)?;
    Ok(ExitCode::SUCCESS)
}

fn model_file(name: &Path) -> anyhow::Result<ModelFile> {
    if let Some(path) = Model::locate(name)? {
        return Ok(read_model(&path)?);
    }
    let known = name.to_str().and_then(|name| Some((name, builtin::bytes(name)?)));
    let (name, bytes) = known.with_context(|| format!("no model at {}", name.display()))?;
    Ok(ModelFile::from_bytes(bytes, name)?)
}

/// The style code of each picture. One that cannot be read ends the call: a style would quietly be another.
fn codes(
    translator: &FaceTranslator,
    pictures: &Path,
    domain: Domain,
    aligned: bool,
    said: &mut Vec<String>,
) -> anyhow::Result<Vec<Vec<f32>>> {
    let inputs = expand(&[pictures.to_owned()], None);
    if let Some(failure) = inputs.unusable.first() {
        bail!("{}", failure.error);
    }
    said.extend(inputs.warnings);
    let code = |input: &Input| {
        ensure!(!interruption::stops_here(), "interrupted: nothing was written");
        let Decoded { picture, warnings } = Decoded::open(&input.path)?;
        said.extend(sentences(&input.path, &warnings));
        let crop = if aligned { None } else { translator.face(&picture, None)?.map(|face| face.crop) };
        let code = translator.model.style_of(crop.as_ref().unwrap_or(&picture), domain);
        code.with_context(|| input.path.display().to_string())
    };
    inputs.pictures.iter().map(code).collect()
}

fn summary(codes: &[Vec<f32>]) -> Style {
    let count = codes.len() as f64;
    let numbers = codes.first().map_or(0, Vec::len);
    let mean = |number: usize| codes.iter().map(|code| f64::from(code[number])).sum::<f64>() / count;
    let means: Vec<f64> = (0..numbers).map(mean).collect();
    let square =
        |code: &Vec<f32>| code.iter().zip(&means).map(|(value, mean)| (f64::from(*value) - mean).powi(2)).sum::<f64>();
    let spread = (codes.iter().map(square).sum::<f64>() / (count * numbers.max(1) as f64)).sqrt();
    Style { pictures: codes.len(), code: means.into_iter().map(|mean| mean as f32).collect(), spread }
}
