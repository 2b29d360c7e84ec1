//! `portraitist detect` and `portraitist align`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use portraitist_face::Picture;
use portraitist_face::align;
use portraitist_face::detect::{FaceDetector, five_points_from_box};
use portraitist_face::geometry::Point;
use portraitist_face::template::Template;
use portraitist_face::warp::Border;
use serde::Serialize;

use crate::arguments::{AlignArguments, DetectArguments};
use crate::inputs::{Failure, Input, expand, for_each, status};
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
    let detector = FaceDetector::new()?;
    let (inputs, unusable) = expand(&arguments.inputs);
    let (pictures, failed) = for_each(&inputs, unusable, console, |_, input| {
        let picture = Picture::open(&input.path)?;
        let faces = detector.detect(&picture)?.into_iter().map(|face| DetectedFace {
            bounds: [face.x, face.y, face.width, face.height],
            score: face.score,
            points5: five_points_from_box(&face),
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
    let detector = FaceDetector::new()?;
    let (inputs, unusable) = expand(&arguments.inputs);
    ensure!(
        arguments.points.is_none() || inputs.len() == 1,
        "--points goes with a single picture, found {}",
        inputs.len()
    );
    let (crops, failed) =
        for_each(&inputs, unusable, console, |_, input| align_one(&detector, &template(arguments), arguments, input));
    let text = crops.iter().map(|crop| crop.output.display().to_string()).collect::<Vec<_>>().join("\n");
    let status = status(&failed);
    console.result(&Alignment { crops, failed }, &text)?;
    Ok(status)
}

fn align_one(
    detector: &FaceDetector,
    template: &Template,
    arguments: &AlignArguments,
    input: &Input,
) -> anyhow::Result<Crop> {
    let picture = Picture::open(&input.path)?;
    let found = match arguments.points {
        Some(points) => Some(points),
        None => detector.largest_face(&picture)?,
    };
    let points = found.ok_or_else(|| advised("no face found", "give the five points with --points"))?;
    let aligned = align::align(&picture, &points, template, Border::Zero)?;
    let stem = input.stem.file_name().unwrap_or_default().to_string_lossy();
    let output = arguments.out.join(&input.stem).with_file_name(format!("{stem}.png"));
    if let Some(folder) = output.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    aligned.crop.save(&output, arguments.force)?;
    let moved = points.map(|point| aligned.transform.apply(point)).to_vec();
    Ok(Crop { input: input.path.clone(), output, matrix: aligned.transform.matrix(), points: moved })
}
