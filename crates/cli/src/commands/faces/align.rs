//! `portraitist align`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::ensure;
use portraitist_face::Decoded;
use portraitist_face::align::Cropper;
use portraitist_face::edit::Border;
use portraitist_face::landmarks::{FivePoints, read_five_points};
use portraitist_face::pipeline::FacePipeline;
use portraitist_face::transform::Point;
use serde::Serialize;

use super::{numbered, output_files, save};
use crate::arguments::AlignArguments;
use crate::faces::chosen_faces;
use crate::inputs::{Done, Failure, Input, Skipped, expand, for_each, say_skipped, sentences, status};
use crate::models::open_detector;
use crate::named::Named;
use crate::output::{Console, is_there, refuse_done};
use crate::settings::template;
use crate::streams::{check_output, is_stream, open_picture, write_picture};
use crate::translation::exaggeration::exaggerated;

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
    let points = match (&arguments.landmarks, arguments.points) {
        (Some(file), _) => Some(read_five_points(file)?),
        (None, points) => points,
    };
    let pipeline = FacePipeline::new(open_detector()?, Cropper::antialiased(template(arguments), Border::Zero));
    let mut inputs = expand(&arguments.inputs, Some(&arguments.out));
    let count = inputs.pictures.len();
    ensure!(points.is_none() || count == 1, "--points and --landmarks go with a single picture, found {count}");
    check_output(&arguments.out, count, console)?;
    ensure!(
        !is_stream(&arguments.out) || !arguments.choice.all_faces,
        "--all-faces writes several files, -o - takes one"
    );
    let outputs = output_files(&arguments.out, &inputs.pictures);
    let (mut crops, mut skipped) = (Vec::new(), Vec::new());
    let done = for_each(&mut inputs, console, |index, input, said| {
        let output = &outputs[index];
        if arguments.resume && is_there(output) {
            skipped.push(Skipped::new(&input.path, output));
            return Ok(());
        }
        align_one(&pipeline, arguments, points, input, output, &mut Written { crops: &mut crops, said })
    });
    let Done { failed, warnings, .. } = done;
    say_skipped(&skipped, console);
    let text = crops.iter().map(|crop: &Crop| crop.output.display().to_string()).collect::<Vec<_>>().join("\n");
    let status = status(&failed);
    console.result(&Alignment { crops, skipped, failed, warnings }, &text)?;
    Ok(status)
}

/// What has been written, and what is to be said.
struct Written<'a> {
    crops: &'a mut Vec<Crop>,
    said: &'a mut Vec<String>,
}

fn align_one(
    pipeline: &FacePipeline,
    arguments: &AlignArguments,
    points: Option<FivePoints>,
    input: &Input,
    output: &Path,
    written: &mut Written<'_>,
) -> anyhow::Result<()> {
    let to_stdout = is_stream(&arguments.out);
    refuse_done([output], arguments.force || to_stdout)?;
    let Decoded { picture, warnings } = open_picture(&input.path)?;
    written.said.extend(sentences(&input.path, &warnings));
    let mut said = Vec::new();
    let faces = chosen_faces(pipeline, &picture, points, arguments.choice, &mut said)?;
    written.said.extend(said.into_iter().map(|sentence| format!("{}: {sentence}", input.path.display())));
    for (index, face) in faces.iter().enumerate() {
        let output = numbered(output, index);
        let moved = face.points.map(|point| face.transform.apply(point));
        let crop = match &arguments.exaggerate {
            Some(amounts) => &exaggerated(&face.crop, &moved, amounts)?,
            None => &face.crop,
        };
        if to_stdout {
            write_picture(crop)?;
        } else {
            save(crop, &output, arguments.force)?;
        }
        let (input, output) = (Named::input(&input.path), Named::output(output));
        written.crops.push(Crop { input, output, matrix: face.transform.matrix(), points: moved.to_vec() });
    }
    Ok(())
}
