//! `portraitist align`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::ensure;
use portraitist_face::Decoded;
use portraitist_face::align::Cropper;
use portraitist_face::edit::Border;
use portraitist_face::pipeline::FacePipeline;
use portraitist_face::transform::Point;
use serde::Serialize;

use super::{output_files, save};
use crate::arguments::AlignArguments;
use crate::inputs::{Done, Failure, Input, Skipped, expand, for_each, say_skipped, sentences, status};
use crate::models::open_detector;
use crate::named::Named;
use crate::output::{Console, advised, is_there, refuse_done};
use crate::settings::template;
use crate::streams::{check_output, is_stream, open_picture, write_picture};

#[derive(Serialize)]
struct Alignment {
    crops: Vec<Crop>,
    /// What `--resume` left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    skipped: Vec<Skipped>,
    failed: Vec<Failure>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct Crop {
    #[serde(flatten)]
    input: Named,
    #[serde(flatten)]
    output: Named,
    matrix: [[f64; 3]; 2],
    points: Vec<Point>,
}

/// Runs `align`.
pub(crate) fn align(arguments: &AlignArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let pipeline = FacePipeline::new(open_detector()?, Cropper::antialiased(template(arguments), Border::Zero));
    let mut inputs = expand(&arguments.inputs, Some(&arguments.out));
    let count = inputs.pictures.len();
    ensure!(arguments.points.is_none() || count == 1, "--points goes with a single picture, found {count}");
    check_output(&arguments.out, count, console)?;
    let outputs = output_files(&arguments.out, &inputs.pictures);
    let mut skipped = Vec::new();
    let done = for_each(&mut inputs, console, |index, input, said| {
        let output = &outputs[index];
        if arguments.resume && is_there(output) {
            skipped.push(Skipped::new(&input.path, output));
            return Ok(None);
        }
        align_one(&pipeline, arguments, input, output.clone(), said).map(Some)
    });
    let Done { results, failed, warnings } = done;
    let crops: Vec<Crop> = results.into_iter().flatten().collect();
    say_skipped(&skipped, console);
    let text = crops.iter().map(|crop| crop.output.display().to_string()).collect::<Vec<_>>().join("\n");
    let status = status(&failed);
    console.result(&Alignment { crops, skipped, failed, warnings }, &text)?;
    Ok(status)
}

fn align_one(
    pipeline: &FacePipeline,
    arguments: &AlignArguments,
    input: &Input,
    output: PathBuf,
    said: &mut Vec<String>,
) -> anyhow::Result<Crop> {
    let to_stdout = is_stream(&arguments.out);
    refuse_done([output.as_path()], arguments.force || to_stdout)?;
    let Decoded { picture, warnings } = open_picture(&input.path)?;
    said.extend(sentences(&input.path, &warnings));
    let face = pipeline.face(&picture, arguments.points)?;
    let face = face.ok_or_else(|| advised("no face found", "give the five points with --points"))?;
    if to_stdout {
        write_picture(&face.crop)?;
    } else {
        save(&face.crop, &output, arguments.force)?;
    }
    let moved = face.points.map(|point| face.transform.apply(point)).to_vec();
    let (input, output) = (Named::input(&input.path), Named::output(output));
    Ok(Crop { input, output, matrix: face.transform.matrix(), points: moved })
}
