//! `portraitist demo --once`: example drawings in a folder.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use portraitist_face::files::OutputNames;
use portraitist_face::{Decoded, Picture, bundled_portrait};
use portraitist_nn::config::Domain;
use portraitist_nn::random::style_code;
use serde::Serialize;

use crate::arguments::DemoArguments;
use crate::inputs::{Failure, Skipped, say_skipped, sentences, status};
use crate::interruption;
use crate::named::Named;
use crate::output::{Console, is_there, refuse_done};
use crate::translation::translator::FaceTranslator;

/// Styles that each photo is drawn in.
const STYLES_PER_PHOTO: u64 = 3;

#[derive(Serialize)]
struct Once {
    outputs: Vec<Drawn>,
    /// What `--resume` left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    skipped: Vec<Skipped>,
    failed: Vec<Failure>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct Drawn {
    #[serde(flatten)]
    input: Named,
    #[serde(flatten)]
    output: Named,
    seed: u64,
}

/// Draws the bundled portrait and the photos given.
pub(super) fn run(
    translator: &FaceTranslator,
    folder: &Path,
    arguments: &DemoArguments,
    console: &Console,
) -> anyhow::Result<ExitCode> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut names = OutputNames::new(folder, &arguments.photos);
    let photos = arguments.photos.iter().map(|path| PathBuf::from(path.file_stem().unwrap_or_default()));
    let stems = names.decide([PathBuf::from("portrait")].into_iter().chain(photos), &endings());
    let mut stems = stems.iter().map(|stem| names.files(stem, &endings()));
    let (mut outputs, mut skipped, mut failed, mut warnings) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut draw = |path: &Path, photo: &dyn Fn() -> portraitist_face::Result<Decoded>| {
        let files = stems.next().unwrap_or_default();
        if arguments.resume && files.iter().all(|file| is_there(file)) {
            return skipped.extend(files.first().map(|file| Skipped::new(path, file)));
        }
        let overwrite = arguments.force || arguments.resume;
        let free = refuse_done(files.iter().map(PathBuf::as_path), overwrite);
        let drawn = free.and_then(|()| Ok(photo()?)).and_then(|Decoded { picture, warnings: odd }| {
            let said: Vec<String> = sentences(path, &odd).collect();
            said.iter().for_each(|warning| console.warn(warning));
            warnings.extend(said);
            draw_photo(translator, &picture, &files, overwrite)
        });
        match drawn {
            Ok(drawn) => {
                let named = |(seed, output): (u64, PathBuf)| Drawn {
                    input: Named::input(path),
                    output: Named::output(output),
                    seed,
                };
                outputs.extend(drawn.into_iter().map(named));
            }
            Err(error) => {
                failed.push(Failure::new(path, &error));
                console.fail(&error.context(path.display().to_string()));
            }
        }
    };
    let bundled = "bundled portrait";
    draw(Path::new(bundled), &|| Decoded::decode(bundled, bundled_portrait()));
    let _looking_at_each = interruption::Loop::begin();
    for (index, path) in arguments.photos.iter().enumerate() {
        if interruption::stops_here() {
            console.say(&format!("interrupted: {index} of {} photos were drawn", arguments.photos.len()));
            break;
        }
        draw(path, &|| Decoded::open(path));
    }
    say_skipped(&skipped, console);
    let text = outputs.iter().map(|drawn| drawn.output.display().to_string()).collect::<Vec<_>>().join("\n");
    let status = status(&failed);
    console.result(&Once { outputs, skipped, failed, warnings }, &text)?;
    Ok(status)
}

/// Behind the stem of a photo: the face, the face in its picture, and a drawing for each style.
fn endings() -> Vec<String> {
    let drawings = (1..=STYLES_PER_PHOTO).map(|seed| format!("-drawing-{seed}.png"));
    ["-photo.png".to_owned(), "-in-picture.png".to_owned()].into_iter().chain(drawings).collect()
}

/// `files` has one for each of [`endings`].
fn draw_photo(
    translator: &FaceTranslator,
    photo: &Picture,
    files: &[PathBuf],
    overwrite: bool,
) -> anyhow::Result<Vec<(u64, PathBuf)>> {
    let [face_file, whole_file, drawing_files @ ..] = files else { bail!("no names for the results") };
    let face = translator.require_face(photo, None)?;
    face.crop.save(face_file, overwrite)?;
    let mut drawn = Vec::new();
    for (seed, path) in (1..=STYLES_PER_PHOTO).zip(drawing_files) {
        let style = style_code(seed, translator.model.config().generator.style_dim);
        let drawing = translator.translate(&face.crop, &style, Domain::Drawing)?.picture;
        drawing.save(path, overwrite)?;
        if seed == 1 {
            translator.paste(photo, &face, &drawing)?.save(whole_file, overwrite)?;
        }
        drawn.push((seed, path.clone()));
    }
    Ok(drawn)
}
