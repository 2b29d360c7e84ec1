//! `portraitist dataset pose`.

use std::process::ExitCode;

use portraitist_face::dataset::{Entry, Problem, ProblemKind};
use portraitist_face::picture::Header;
use portraitist_face::pose::{HeadModel, Pose, estimate};
use serde::Serialize;

use super::open::open_with_pictures;
use super::problems::{print_problems, status};
use crate::arguments::PoseArguments;
use crate::output::Console;

#[derive(Serialize)]
struct Poses {
    unit: &'static str,
    pictures: Vec<PosedPicture>,
    problems: Vec<Problem>,
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct PosedPicture {
    picture: String,
    /// Near 0 for a face seen from the front, positive for one that looks up.
    pitch: f64,
    yaw: f64,
    roll: f64,
    /// Angle between the line of sight and the camera's.
    sloped: f64,
    frontal: bool,
    /// The original's numbers: near ±180 for a face seen from the front.
    original: OriginalAngles,
}

#[derive(Serialize)]
struct OriginalAngles {
    pitch: f64,
    sloped: f64,
}

/// Runs the command.
pub(crate) fn run(arguments: &PoseArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let dataset = open_with_pictures(&arguments.dataset, console)?;
    let model = arguments.model.into();
    let (mut pictures, mut problems) = (Vec::new(), dataset.problems.clone());
    let bar = console.progress(dataset.entries().count() as u64, "{bar:24} {pos}/{len} {eta} left");
    for (person, entry) in dataset.entries() {
        let picture = person.label(entry);
        match pose_of(entry, model) {
            Ok(pose) => {
                let shown = pose.upright(model);
                let [pitch, yaw, roll] = shown.degrees();
                let (sloped, frontal) = (shown.sloped_angle().to_degrees(), pose.is_frontal(arguments.max_yaw));
                let original =
                    OriginalAngles { pitch: pose.pitch.to_degrees(), sloped: pose.sloped_angle().to_degrees() };
                pictures.push(PosedPicture { picture, pitch, yaw, roll, sloped, frontal, original });
            }
            Err((kind, detail)) => problems.push(Problem { picture, kind, detail }),
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    print_problems(&problems, console);
    let status = status(&problems);
    let line = |posed: &PosedPicture| {
        let PosedPicture { picture, pitch, yaw, roll, frontal, .. } = posed;
        let side = if *frontal { "front" } else { "side" };
        format!("{pitch:8.2} {yaw:8.2} {roll:8.2}  {side:5}  {picture}")
    };
    let rows: Vec<String> = pictures.iter().map(line).collect();
    let text = format!("   pitch      yaw     roll\n{}", rows.join("\n"));
    console.result(&Poses { unit: "degrees", pictures, problems, warnings: dataset.remarks }, &text)?;
    Ok(status)
}

fn pose_of(entry: &Entry, model: HeadModel) -> Result<Pose, (ProblemKind, String)> {
    let landmarks = entry.read_landmarks().map_err(|error| (ProblemKind::of_landmarks(&error), error.to_string()))?;
    let landmarks =
        landmarks.ok_or((ProblemKind::LandmarksMissing, "the dataset has no landmarks for it".to_owned()))?;
    let header = Header::read(&entry.picture).map_err(|error| (ProblemKind::of_picture(&error), error.to_string()))?;
    estimate(&landmarks, header.width, header.height, model)
        .ok_or((ProblemKind::LandmarksSyntax, "the landmarks determine no pose".to_owned()))
}
