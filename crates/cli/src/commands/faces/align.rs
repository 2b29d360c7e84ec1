//! `portraitist align`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::ensure;
use portraitist_face::Picture;
use portraitist_face::align::Cropper;
use portraitist_face::edit::Border;
use portraitist_face::pipeline::FacePipeline;
use portraitist_face::transform::Point;
use serde::Serialize;

use super::{output_files, save};
use crate::arguments::AlignArguments;
use crate::inputs::{Failure, Input, expand, for_each, status};
use crate::models::open_detector;
use crate::output::{Console, advised};
use crate::settings::template;

#[derive(Serialize)]
struct Alignment {
    crops: Vec<Crop>,
    failed: Vec<Failure>,
}

#[derive(Serialize)]
struct Crop {
    input: PathBuf,
    output: PathBuf,
    matrix: [[f64; 3]; 2],
    points: Vec<Point>,
}

/// Runs `align`.
pub(crate) fn align(arguments: &AlignArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let pipeline = FacePipeline::new(open_detector()?, Cropper::antialiased(template(arguments), Border::Zero));
    let (inputs, unusable) = expand(&arguments.inputs);
    ensure!(
        arguments.points.is_none() || inputs.len() == 1,
        "--points goes with a single picture, found {}",
        inputs.len()
    );
    let outputs = output_files(&arguments.out, &inputs);
    let (crops, failed) = for_each(&inputs, unusable, console, |index, input| {
        align_one(&pipeline, arguments, input, outputs[index].clone())
    });
    let text = crops.iter().map(|crop| crop.output.display().to_string()).collect::<Vec<_>>().join("\n");
    let status = status(&failed);
    console.result(&Alignment { crops, failed }, &text)?;
    Ok(status)
}

fn align_one(
    pipeline: &FacePipeline,
    arguments: &AlignArguments,
    input: &Input,
    output: PathBuf,
) -> anyhow::Result<Crop> {
    let picture = Picture::open(&input.path)?;
    let face = pipeline.face(&picture, arguments.points)?;
    let face = face.ok_or_else(|| advised("no face found", "give the five points with --points"))?;
    save(&face.crop, &output, arguments.force)?;
    let moved = face.points.map(|point| face.transform.apply(point)).to_vec();
    Ok(Crop { input: input.path.clone(), output, matrix: face.transform.matrix(), points: moved })
}
