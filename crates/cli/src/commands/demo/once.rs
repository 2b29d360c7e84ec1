//! `portraitist demo --once`: example drawings in a folder.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use portraitist_face::{Decoded, Picture, bundled_portrait};
use portraitist_nn::config::Domain;
use portraitist_nn::random::style_code;
use serde::Serialize;

use crate::arguments::DemoArguments;
use crate::inputs::{Failure, sentences, status};
use crate::named::Named;
use crate::output::Console;
use crate::translator::FaceTranslator;

/// Styles that each photo is drawn in.
const STYLES_PER_PHOTO: u64 = 3;

#[derive(Serialize)]
struct Once {
    outputs: Vec<Drawn>,
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
    let (mut outputs, mut failed, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
    let mut draw = |path: &Path, photo: portraitist_face::Result<Decoded>, stem: &str| {
        let drawn = photo.map_err(Into::into).and_then(|Decoded { picture, warnings: odd }| {
            let said: Vec<String> = sentences(path, &odd).collect();
            said.iter().for_each(|warning| console.warn(warning));
            warnings.extend(said);
            draw_photo(translator, &picture, folder, stem, arguments.force)
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
    draw(Path::new(bundled), Decoded::decode(bundled, bundled_portrait()), "portrait");
    for path in &arguments.photos {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        draw(path, Decoded::open(path), &stem);
    }
    let text = outputs.iter().map(|drawn| drawn.output.display().to_string()).collect::<Vec<_>>().join("\n");
    let status = status(&failed);
    console.result(&Once { outputs, failed, warnings }, &text)?;
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
