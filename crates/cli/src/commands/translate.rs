//! `portraitist translate`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use portraitist_face::Picture;
use portraitist_face::picture::write_atomically;
use portraitist_nn::config::Domain;
use portraitist_nn::recognition::Recognizer;
use portraitist_nn::translate::Translated;
use serde::Serialize;

use crate::arguments::TranslateArguments;
use crate::inputs::{Failure, Input, expand};
use crate::npy::npy;
use crate::output::Console;
use crate::portrait::{Face, Studio};
use crate::recognizer::{likeness, open_recognizer};
use crate::style::{Style, styles};

/// What `--json` prints.
#[derive(Serialize)]
struct TranslateOutput {
    outputs: Vec<Output>,
    failed: Vec<Failure>,
    model_sha256: String,
}

#[derive(Serialize)]
struct Output {
    input: PathBuf,
    output: PathBuf,
    to: &'static str,
    /// `null` for a style that no seed gave.
    seed: Option<u64>,
    /// How alike input and output are to a recogniser, -1 to 1; `null` without one.
    similarity: Option<f32>,
}

/// Runs the command.
pub(crate) fn run(arguments: &TranslateArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let studio = Studio::open(&arguments.model)?;
    let recognizer =
        (arguments.recognizer != "none").then(|| open_recognizer(&arguments.recognizer, "cpu")).transpose()?;
    let (inputs, mut failed) = expand(&arguments.inputs);
    ensure!(
        arguments.points.is_none() || inputs.len() == 1,
        "--points goes with a single picture, found {}",
        inputs.len()
    );
    let example = |path: &Path| {
        let picture = Picture::open(path)?;
        if arguments.aligned { Ok(picture) } else { Ok(studio.face(&picture, None)?.map_or(picture, |face| face.crop)) }
    };
    let styles = styles(arguments, &studio.model, example)?;
    std::fs::create_dir_all(&arguments.out).with_context(|| format!("cannot make {}", arguments.out.display()))?;
    // As many styles from a file as pictures: each picture has its own.
    let paired = styles.len() == inputs.len()
        && styles.iter().all(|style| style.seed.is_none())
        && arguments.interpolate.is_none();
    let bar = console.progress(inputs.len() as u64, "{bar:24} {pos}/{len} {wide_msg} {eta} left");
    let mut outputs = Vec::new();
    for (index, input) in inputs.iter().enumerate() {
        bar.set_message(input.path.display().to_string());
        let styles = if paired { &styles[index..=index] } else { &styles[..] };
        let result =
            translate_one(&studio, recognizer.as_ref(), arguments, input, styles).map(|made| outputs.extend(made));
        if let Err(error) = result {
            let failure = Failure::new(input.path.display().to_string(), &error);
            bar.suspend(|| console.fail(&error.context(failure.input.clone())));
            failed.push(failure);
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    let words = failed.iter().filter(|failure| !inputs.iter().any(|input| input.path == Path::new(&failure.input)));
    words.for_each(|failure| console.fail(&anyhow::anyhow!("{}", failure.error)));
    let status = if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    let text = outputs.iter().map(|output| output.output.display().to_string()).collect::<Vec<_>>().join("\n");
    let output = TranslateOutput { outputs, failed, model_sha256: studio.model.sha256().to_owned() };
    console.result(&output, &text)?;
    Ok(status)
}

fn translate_one(
    studio: &Studio,
    recognizer: Option<&Recognizer>,
    arguments: &TranslateArguments,
    input: &Input,
    styles: &[Style],
) -> anyhow::Result<Vec<Output>> {
    let to: Domain = arguments.to.into();
    let targets: Vec<PathBuf> =
        (0..styles.len()).map(|index| target(arguments, input, to, index, styles.len())).collect();
    let floats = targets.iter().filter(|_| arguments.float).map(|path| path.with_extension("npy"));
    let taken = targets.iter().cloned().chain(floats).find(|path| path.exists());
    if let Some(taken) = taken.filter(|_| !arguments.force) {
        return Err(crate::output::advised(format!("{} exists already", taken.display()), "replace it with --force"));
    }
    let picture = Picture::open(&input.path)?;
    let face = if arguments.aligned { None } else { Some(studio.require_face(&picture, arguments.points)?) };
    if let Some(folder) = targets.first().and_then(|path| path.parent()) {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let mut outputs = Vec::with_capacity(styles.len());
    for (style, path) in styles.iter().zip(targets) {
        let crop = face.as_ref().map_or(&picture, |face| &face.crop);
        let translated = studio.translate(crop, &style.code, to)?;
        write(studio, arguments, &picture, face.as_ref(), &translated, &path)?;
        let compare = |recognizer| likeness(recognizer, crop, &translated.picture, &studio.model.template());
        let similarity = recognizer.map(compare).transpose()?;
        outputs.push(Output { input: input.path.clone(), output: path, to: to.name(), seed: style.seed, similarity });
    }
    Ok(outputs)
}

fn write(
    studio: &Studio,
    arguments: &TranslateArguments,
    picture: &Picture,
    face: Option<&Face>,
    translated: &Translated,
    path: &Path,
) -> anyhow::Result<()> {
    match face.filter(|_| arguments.paste) {
        Some(face) => studio.paste(picture, face, &translated.picture)?.save(path, arguments.force)?,
        None => translated.picture.save(path, arguments.force)?,
    }
    if arguments.float {
        let bytes = npy(&translated.planes, &[3, translated.height as u64, translated.width as u64])?;
        write_atomically(path.with_extension("npy"), &bytes, arguments.force)?;
    }
    Ok(())
}

/// `STEM-drawing.png`, or `STEM-drawing-0001.png` where there are several styles.
fn target(arguments: &TranslateArguments, input: &Input, to: Domain, index: usize, count: usize) -> PathBuf {
    let stem = input.stem.file_name().unwrap_or_default().to_string_lossy();
    let number = if count > 1 { format!("-{:04}", index + 1) } else { String::new() };
    arguments.out.join(&input.stem).with_file_name(format!("{stem}-{to}{number}.png"))
}
