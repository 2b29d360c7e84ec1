//! `portraitist translate`.

mod styles;

use std::borrow::Cow;
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use portraitist_face::files::{OutputNames, write_atomically};
use portraitist_face::pipeline::FaceCrop;
use portraitist_face::{Decoded, Picture};
use portraitist_nn::builtin::RECOGNIZER;
use portraitist_nn::config::Domain;
use portraitist_nn::translate::{Model, Translated};
use serde::Serialize;

use crate::arguments::TranslateArguments;
use crate::commands::faces::numbered;
use crate::inputs::{Done, Failure, Input, Skipped, expand, for_each, say_skipped, sentences, status};
use crate::models::{check_recognizer, open_recognizer};
use crate::named::Named;
use crate::npy::npy;
use crate::output::{Console, describe, is_there, refuse_done};
use crate::streams::{check_output, is_stream, open_picture, write_picture};
use crate::translation::exaggeration::{Exaggerating, false_accept_rate};
use crate::translation::translator::FaceTranslator;
use crate::translation::{Subject, Tools, View};

use styles::{Style, styles};

/// What `--json` prints.
#[derive(Serialize)]
struct TranslateOutput {
    outputs: Vec<Output>,
    /// What `--resume` left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    skipped: Vec<Skipped>,
    failed: Vec<Failure>,
    model_sha256: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct Output {
    #[serde(flatten)]
    input: Named,
    #[serde(flatten)]
    output: Named,
    to: &'static str,
    /// `null` for a style that no seed gave.
    seed: Option<u64>,
    /// What --style says: `random`, the name of a style, or a file.
    style: String,
    /// How alike input and output are to a recogniser, -1 to 1; `null` without one.
    similarity: Option<f32>,
    /// How far the person was exaggerated, 0 to 2: of several parts the most.
    exaggeration: f64,
    /// The smallest false accept rate at which input and output are verified to show the same person; `null` without the built-in
    /// recogniser.
    verified_at_far: Option<f32>,
}

/// Runs the command.
pub(crate) fn run(arguments: &TranslateArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let translator = translator(arguments)?;
    let is_measured = arguments.recognizer.as_os_str() != "none";
    if is_measured {
        check_recognizer(&arguments.recognizer)?;
    }
    // Only --json has a place for what it says.
    let wanted = console.is_json() && is_measured;
    let recognizer = wanted.then(|| open_recognizer(&arguments.recognizer, "cpu")).transpose()?;
    let exaggerating = Exaggerating::of(arguments)?;
    let recognizer = match recognizer {
        None if exaggerating.is_auto() => Some(open_recognizer(&arguments.recognizer, "cpu")?),
        other => other,
    };
    let recognizer = recognizer.map(|recognizer| recognizer.with_precision(arguments.precision.into()));
    let mut inputs = expand(&arguments.inputs, Some(&arguments.out));
    let count = inputs.pictures.len();
    ensure!(arguments.points.is_none() || count == 1, "--points goes with a single picture, found {count}");
    let odd = RefCell::new(Vec::new());
    let example = |path: &Path| {
        let Decoded { picture, warnings } = Decoded::open(path)?;
        odd.borrow_mut().extend(sentences(path, &warnings));
        if arguments.aligned {
            Ok(picture)
        } else {
            Ok(translator.face(&picture, None)?.map_or(picture, |face| face.crop))
        }
    };
    let styles = styles(arguments, &translator.model, example)?;
    inputs.warnings.extend(odd.take());
    check_output(&arguments.out, count * styles.len(), console)?;
    if is_stream(&arguments.out) {
        ensure!(!arguments.float, "--float needs a folder for the results, found standard output");
    } else {
        std::fs::create_dir_all(&arguments.out).with_context(|| format!("cannot make {}", arguments.out.display()))?;
    }
    // As many styles from a file as pictures: each picture has its own.
    let paired =
        styles.len() == count && styles.iter().all(|style| style.seed.is_none()) && arguments.interpolate.is_none();
    let endings = endings(arguments, if paired { 1 } else { styles.len() });
    // The example of a style is an input, too.
    let sources = inputs.pictures.iter().map(|input| input.path.as_path()).chain([arguments.style.as_path()]);
    let mut names = OutputNames::new(&arguments.out, sources);
    let stems = names.decide(inputs.pictures.iter().map(|input| &input.stem), &endings);
    let (mut outputs, mut skipped) = (Vec::new(), Vec::new());
    let Done { failed, warnings, .. } = for_each(&mut inputs, console, |index, input, warnings| {
        let styles = if paired { &styles[index..=index] } else { &styles[..] };
        let files = names.files(&stems[index], &endings);
        let mut written = Written { outputs: &mut outputs, skipped: &mut skipped, warnings };
        let tools = Tools { translator: &translator, recognizer: recognizer.as_ref(), exaggerating: &exaggerating };
        translate_one(&tools, arguments, input, styles, &files, &mut written)
    });
    let status = status(&failed);
    say_skipped(&skipped, console);
    let text = outputs.iter().map(described).collect::<Vec<_>>().join("\n");
    let output =
        TranslateOutput { outputs, skipped, failed, model_sha256: translator.model.sha256().to_owned(), warnings };
    console.result(&output, &text)?;
    Ok(status)
}

/// The translator, for crops of the size that is asked for.
fn translator(arguments: &TranslateArguments) -> anyhow::Result<FaceTranslator> {
    let translator = FaceTranslator::open(&arguments.model, arguments.precision.into())?;
    Ok(match (arguments.size, arguments.whole) {
        (None, false) => translator,
        // Of a whole picture the size is not that of the crop.
        (size, whole) => translator.sized(size.filter(|_| !whole).map(|size| size as usize)),
    })
}

/// The file, and what was done to the person.
fn described(output: &Output) -> String {
    let file = output.output.display().to_string();
    if output.exaggeration == 0.0 {
        return file;
    }
    let verified =
        output.verified_at_far.map_or_else(String::new, |far| format!(", verified at FAR {:.2} %", 100.0 * far));
    format!("{file} (exaggeration {:.2}{verified})", output.exaggeration)
}

/// What has been written so far, and what is to be said of it.
struct Written<'a> {
    outputs: &'a mut Vec<Output>,
    skipped: &'a mut Vec<Skipped>,
    warnings: &'a mut Vec<String>,
}

fn translate_one(
    tools: &Tools<'_>,
    arguments: &TranslateArguments,
    input: &Input,
    styles: &[Style],
    files: &[PathBuf],
    written: &mut Written<'_>,
) -> anyhow::Result<()> {
    // The pictures come first, then their numbers.
    let (targets, numbers) = files.split_at(styles.len());
    let is_to_do = |index: usize| {
        !arguments.resume || [targets.get(index), numbers.get(index)].into_iter().flatten().any(|file| !is_there(file))
    };
    let to_do: Vec<(&Style, &PathBuf)> =
        styles.iter().zip(targets).enumerate().filter(|(index, _)| is_to_do(*index)).map(|(_, pair)| pair).collect();
    if to_do.is_empty() {
        written.skipped.extend(targets.first().map(|target| Skipped::new(&input.path, target)));
        return Ok(());
    }
    let overwrites = arguments.force || arguments.resume || is_stream(&arguments.out);
    refuse_done(files.iter().map(PathBuf::as_path), overwrites)?;
    let Decoded { picture, warnings } = open_picture(&input.path)?;
    written.warnings.extend(sentences(&input.path, &warnings));
    let faces: Vec<Option<FaceCrop>> = if arguments.aligned {
        vec![None]
    } else {
        let mut said = Vec::new();
        let faces = tools.translator.chosen_faces(&picture, arguments.points, arguments.choice, &mut said)?;
        written.warnings.extend(said.iter().map(|sentence| format!("{}: {sentence}", input.path.display())));
        faces.into_iter().map(Some).collect()
    };
    if let Some(folder) = targets.first().and_then(|path| path.parent()).filter(|_| !is_stream(&arguments.out)) {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    for (index, face) in faces.iter().enumerate() {
        let to_do: Vec<(&Style, PathBuf)> = to_do.iter().map(|(style, path)| (*style, numbered(path, index))).collect();
        let source = Source { input, picture: &picture, face: face.as_ref() };
        translate_face(tools, arguments, &source, &to_do, written)?;
    }
    Ok(())
}

/// A face to translate: the crop, or the whole picture where there is none.
struct Source<'a> {
    input: &'a Input,
    picture: &'a Picture,
    face: Option<&'a FaceCrop>,
}

fn translate_face(
    tools: &Tools<'_>,
    arguments: &TranslateArguments,
    &Source { input, picture, face }: &Source<'_>,
    to_do: &[(&Style, PathBuf)],
    written: &mut Written<'_>,
) -> anyhow::Result<()> {
    let translator = tools.translator;
    let to: Domain = arguments.to.into();
    let view = match face {
        Some(face) if arguments.whole => {
            let longer = arguments.size.map(|size| size as usize);
            let (whole, frame) = translator.whole(picture, face, longer, Model::MAX_LARGE_PIXELS)?;
            View { picture: Cow::Owned(whole), frame, points: None }
        }
        face => {
            let crop = face.map_or(picture, |face| &face.crop);
            View { picture: Cow::Borrowed(crop), frame: translator.frame, points: None }
        }
    };
    let subject = Subject::new(*tools, &view, to)?;
    // Without --recognizer likeness nobody measured what a similarity means.
    let is_measured = arguments.recognizer.as_os_str() == RECOGNIZER;
    for (style, path) in to_do {
        let (translated, exaggeration) = subject.translate(&style.code, &|| Ok(()))?;
        write(translator, arguments, picture, face, &translated, path)?;
        // A picture that is written is done, whether it can be compared or not.
        let similarity =
            subject.similarity(&translated.picture).map_err(|error| written.warn(path, &error)).ok().flatten();
        let (input, output) = (Named::input(&input.path), Named::output(path));
        let verified_at_far = similarity.filter(|_| is_measured).map(false_accept_rate);
        written.outputs.push(Output {
            input,
            output,
            to: to.name(),
            seed: style.seed,
            style: arguments.style.to_string_lossy().into_owned(),
            similarity,
            exaggeration,
            verified_at_far,
        });
    }
    Ok(())
}

impl Written<'_> {
    fn warn(&mut self, output: &Path, error: &anyhow::Error) {
        self.warnings.push(format!("{}: no similarity: {}", output.display(), describe(error)));
    }
}

fn write(
    translator: &FaceTranslator,
    arguments: &TranslateArguments,
    picture: &Picture,
    face: Option<&FaceCrop>,
    translated: &Translated,
    path: &Path,
) -> anyhow::Result<()> {
    let pasted = face.filter(|_| arguments.paste).map(|face| translator.paste(picture, face, &translated.picture));
    let pasted = pasted.transpose()?;
    let shown = pasted.as_ref().unwrap_or(&translated.picture);
    if is_stream(&arguments.out) {
        return write_picture(shown);
    }
    // Of a picture and its numbers one may be there: both are the same as before.
    let overwrite = arguments.force || arguments.resume;
    if arguments.float {
        let bytes = npy(&translated.planes, &[3, translated.height as u64, translated.width as u64])?;
        write_atomically(path.with_extension("npy"), &bytes, overwrite)?;
    }
    shown.save(path, overwrite)?;
    Ok(())
}

/// Behind the stems: `-drawing.png`, or `-drawing-0001.png`, `-drawing-0002.png`, … for several styles; then, with `--float`,
/// as many that end in `.npy`.
fn endings(arguments: &TranslateArguments, num_styles: usize) -> Vec<String> {
    let to: Domain = arguments.to.into();
    let kinds: &[&str] = if arguments.float { &["png", "npy"] } else { &["png"] };
    let of_kind = |kind: &&str| {
        let kind = (*kind).to_owned();
        (1..=num_styles).map(move |number| match num_styles {
            1 => format!("-{to}.{kind}"),
            _ => format!("-{to}-{number:04}.{kind}"),
        })
    };
    kinds.iter().flat_map(of_kind).collect()
}
