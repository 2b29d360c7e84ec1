//! `portraitist detect` and `portraitist align`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use portraitist_face::Decoded;
use portraitist_face::align::Cropper;
use portraitist_face::edit::Border;
use portraitist_face::pipeline::FacePipeline;
use portraitist_face::transform::Point;
use serde::Serialize;

use crate::arguments::{AlignArguments, DetectArguments};
use crate::inputs::{Done, Failure, Input, expand, for_each, output_names, sentences, status};
use crate::models::open_detector;
use crate::named::Named;
use crate::output::{Console, advised};
use crate::settings::template;

#[derive(Serialize)]
struct Detection {
    pictures: Vec<DetectedPicture>,
    failed: Vec<Failure>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct DetectedPicture {
    #[serde(flatten)]
    input: Named,
    width: usize,
    height: usize,
    faces: Vec<DetectedFace>,
}

/// A face; what this version cannot measure is `null`.
#[derive(Serialize)]
struct DetectedFace {
    #[serde(rename = "box")]
    bounds: [f64; 4],
    score: f64,
    points5: [Point; 5],
    points17: Option<Vec<Point>>,
    points68: Option<Vec<Point>>,
    pose: Option<()>,
}

#[derive(Serialize)]
struct Alignment {
    crops: Vec<Crop>,
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

/// Runs `detect`.
pub(crate) fn detect(arguments: &DetectArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let detector = open_detector()?;
    let mut inputs = expand(&arguments.inputs, None);
    let done = for_each(&mut inputs, console, |_, input, said| {
        let Decoded { picture, warnings } = Decoded::open(&input.path)?;
        said.extend(sentences(&input.path, &warnings));
        let faces = detector.detect(&picture)?.into_iter().map(|face| DetectedFace {
            bounds: [face.bounds.x, face.bounds.y, face.bounds.width, face.bounds.height],
            score: face.score,
            points5: face.points,
            points17: None,
            points68: None,
            pose: None,
        });
        let (width, height) = (picture.width(), picture.height());
        Ok(DetectedPicture { input: Named::input(&input.path), width, height, faces: faces.collect() })
    });
    let Done { results: pictures, failed, warnings } = done;
    let line = |picture: &DetectedPicture| {
        let boxes = picture.faces.iter().map(|face| {
            let [x, y, width, height] = face.bounds;
            format!("\n  {width:.0}x{height:.0} at {x:.0},{y:.0} score {:.1}", face.score)
        });
        format!("{}: {} faces{}", picture.input.display(), picture.faces.len(), boxes.collect::<String>())
    };
    let text = pictures.iter().map(line).collect::<Vec<_>>().join("\n");
    let status = status(&failed);
    console.result(&Detection { pictures, failed, warnings }, &text)?;
    Ok(status)
}

/// Runs `align`.
pub(crate) fn align(arguments: &AlignArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let pipeline = FacePipeline::new(open_detector()?, Cropper::antialiased(template(arguments), Border::Zero));
    let mut inputs = expand(&arguments.inputs, Some(&arguments.out));
    let count = inputs.pictures.len();
    ensure!(arguments.points.is_none() || count == 1, "--points goes with a single picture, found {count}");
    let mut names = output_names(&arguments.out, &inputs.pictures);
    let stems = names.decide(inputs.pictures.iter().map(|input| &input.stem), &[".png"]);
    let outputs: Vec<PathBuf> = stems.iter().flat_map(|stem| names.files(stem, &[".png"])).collect();
    let done = for_each(&mut inputs, console, |index, input, said| {
        align_one(&pipeline, arguments, input, outputs[index].clone(), said)
    });
    let Done { results: crops, failed, warnings } = done;
    let text = crops.iter().map(|crop| crop.output.display().to_string()).collect::<Vec<_>>().join("\n");
    let status = status(&failed);
    console.result(&Alignment { crops, failed, warnings }, &text)?;
    Ok(status)
}

fn align_one(
    pipeline: &FacePipeline,
    arguments: &AlignArguments,
    input: &Input,
    output: PathBuf,
    said: &mut Vec<String>,
) -> anyhow::Result<Crop> {
    let Decoded { picture, warnings } = Decoded::open(&input.path)?;
    said.extend(sentences(&input.path, &warnings));
    let face = pipeline.face(&picture, arguments.points)?;
    let face = face.ok_or_else(|| advised("no face found", "give the five points with --points"))?;
    if let Some(folder) = output.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    face.crop.save(&output, arguments.force)?;
    let moved = face.points.map(|point| face.transform.apply(point)).to_vec();
    Ok(Crop {
        input: Named::input(&input.path),
        output: Named::output(output),
        matrix: face.transform.matrix(),
        points: moved,
    })
}
