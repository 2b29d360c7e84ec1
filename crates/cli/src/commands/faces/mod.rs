//! `portraitist detect` and `portraitist align`.

mod align;
mod detect;
mod overlay;

use std::path::{Path, PathBuf};

use anyhow::Context;
use portraitist_face::Picture;

use crate::inputs::{Input, output_names};

pub(crate) use align::align;
pub(crate) use detect::detect;

/// Where the results of inputs belong: a PNG each below `folder`.
fn output_files(folder: &Path, inputs: &[Input]) -> Vec<PathBuf> {
    let mut names = output_names(folder, inputs);
    let stems = names.decide(inputs.iter().map(|input| &input.stem), &[".png"]);
    stems.iter().flat_map(|stem| names.files(stem, &[".png"])).collect()
}

/// Writes a picture, whose folders are made.
fn save(picture: &Picture, output: &Path, overwrite: bool) -> anyhow::Result<()> {
    if let Some(folder) = output.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    Ok(picture.save(output, overwrite)?)
}

/// The name of the result of a picture's face: the second and later faces have their number behind the stem.
pub(crate) fn numbered(output: &Path, index: usize) -> PathBuf {
    if index == 0 {
        return output.to_path_buf();
    }
    let stem = output.file_stem().unwrap_or_default().to_string_lossy();
    let ending = output.extension().unwrap_or_default().to_string_lossy();
    output.with_file_name(format!("{stem}_face{}.{ending}", index + 1))
}
