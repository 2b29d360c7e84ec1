//! `portraitist detect` and `portraitist align`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use portraitist_face::Picture;
use portraitist_face::align::Cropper;
use portraitist_face::edit::Border;
use portraitist_face::pipeline::FacePipeline;
use portraitist_face::transform::Point;
use serde::Serialize;

use crate::arguments::{AlignArguments, DetectArguments};
use crate::inputs::{Failure, Input, expand, for_each, output_names, status};
use crate::models::open_detector;
use crate::output::{Console, advised};
use crate::settings::template;

#[derive(Serialize)]
struct Detection {
    pictures: Vec<DetectedPicture>,
    failed: Vec<Failure>,
}

#[derive(Serialize)]
struct DetectedPicture {
    input: PathBuf,
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
}

#[derive(Serialize)]
struct Crop {
    input: PathBuf,
    output: PathBuf,
    matrix: [[f64; 3]; 2],
    points: Vec<Point>,
}

/// Runs `detect`.
pub(crate) fn detect(arguments: &DetectArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let detector = open_detector()?;
    let (inputs, unusable) = expand(&arguments.inputs);
    let (pictures, failed) = for_each(&inputs, unusable, console, |_, input| {
        let picture = Picture::open(&input.path)?;
        let faces = detector.detect(&picture)?.into_iter().map(|face| DetectedFace {
            bounds: [face.bounds.x, face.bounds.y, face.bounds.width, face.bounds.height],
            score: face.score,
            points5: face.points,
            points17: None,
            points68: None,
            pose: None,
        });
        let (width, height) = (picture.width(), picture.height());
        Ok(DetectedPicture { input: input.path.clone(), width, height, faces: faces.collect() })
    });
    let line = |picture: &DetectedPicture| {
        let boxes = picture.faces.iter().map(|face| {
            let [x, y, width, height] = face.bounds;
            format!("\n  {width:.0}x{height:.0} at {x:.0},{y:.0} score {:.1}", face.score)
        });
        format!("{}: {} faces{}", picture.input.display(), picture.faces.len(), boxes.collect::<String>())
    };
    let text = pictures.iter().map(line).collect::<Vec<_>>().join("\n");
    let status = status(&failed);
    console.result(&Detection { pictures, failed }, &text)?;
    Ok(status)
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
    let mut names = output_names(&arguments.out, &inputs);
    let stems = names.decide(inputs.iter().map(|input| &input.stem), &[".png"]);
    let outputs: Vec<PathBuf> = stems.iter().flat_map(|stem| names.files(stem, &[".png"])).collect();
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
    if let Some(folder) = output.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    face.crop.save(&output, arguments.force)?;
    let moved = face.points.map(|point| face.transform.apply(point)).to_vec();
    Ok(Crop { input: input.path.clone(), output, matrix: face.transform.matrix(), points: moved })
}
