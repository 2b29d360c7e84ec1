//! `portraitist demo --once`: example drawings in a folder.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use portraitist_face::{Picture, bundled_portrait};
use portraitist_nn::config::Domain;
use portraitist_nn::random::style_code;
use serde::Serialize;

use crate::arguments::DemoArguments;
use crate::inputs::{Failure, status};
use crate::interruption;
use crate::output::Console;
use crate::translator::FaceTranslator;

/// Styles that each photo is drawn in.
const STYLES_PER_PHOTO: u64 = 3;

#[derive(Serialize)]
struct Once {
    outputs: Vec<Drawn>,
    failed: Vec<Failure>,
}

#[derive(Serialize)]
struct Drawn {
    input: String,
    output: PathBuf,
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
    let (mut outputs, mut failed) = (Vec::new(), Vec::new());
    let mut draw = |name: &str, photo: anyhow::Result<Picture>, stem: &str| {
        let drawn = photo.and_then(|photo| draw_photo(translator, &photo, folder, stem, arguments.force));
        match drawn {
            Ok(drawn) => {
                let drawn = drawn.into_iter().map(|(seed, output)| Drawn { input: name.to_owned(), output, seed });
                outputs.extend(drawn);
            }
            Err(error) => {
                failed.push(Failure::new(name, &error));
                console.fail(&error.context(name.to_owned()));
            }
        }
    };
    draw("bundled portrait", Picture::decode("bundled portrait", bundled_portrait()).map_err(Into::into), "portrait");
    let _looking_at_each = interruption::Loop::begin();
    for (index, path) in arguments.photos.iter().enumerate() {
        if interruption::stops_here() {
            console.say(&format!("interrupted: {index} of {} photos were drawn", arguments.photos.len()));
            break;
        }
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        draw(&path.display().to_string(), Picture::open(path).map_err(Into::into), &stem);
    }
    let text = outputs.iter().map(|drawn| drawn.output.display().to_string()).collect::<Vec<_>>().join("\n");
    let status = status(&failed);
    console.result(&Once { outputs, failed }, &text)?;
    Ok(status)
}

fn draw_photo(
    translator: &FaceTranslator,
    photo: &Picture,
    folder: &Path,
    stem: &str,
    overwrite: bool,
) -> anyhow::Result<Vec<(u64, PathBuf)>> {
    let face = translator.require_face(photo, None)?;
    face.crop.save(folder.join(format!("{stem}-photo.png")), overwrite)?;
    let mut drawn = Vec::new();
    for seed in 1..=STYLES_PER_PHOTO {
        let style = style_code(seed, translator.model.config().generator.style_dim);
        let drawing = translator.translate(&face.crop, &style, Domain::Drawing)?.picture;
        let path = folder.join(format!("{stem}-drawing-{seed}.png"));
        drawing.save(&path, overwrite)?;
        if seed == 1 {
            let whole = translator.paste(photo, &face, &drawing)?;
            whole.save(folder.join(format!("{stem}-in-picture.png")), overwrite)?;
        }
        drawn.push((seed, path));
    }
    Ok(drawn)
}
