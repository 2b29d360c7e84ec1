//! `portraitist detect`.

use std::path::PathBuf;
use std::process::ExitCode;

use portraitist_face::Decoded;
use portraitist_face::detect::LandmarkDetector;
use serde::Serialize;

use super::{output_files, overlay, save};
use crate::arguments::DetectArguments;
use crate::faces::detected::{Angles, DetectedFace};
use crate::faces::why_none;
use crate::inputs::{Done, Failure, Input, expand, for_each, sentences, status};
use crate::models::open_landmark_detector;
use crate::named::Named;
use crate::output::{Console, refuse_existing};
use crate::streams::open_picture;

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
    /// Where the overlay was written.
    #[serde(flatten)]
    overlay: Option<Named>,
}

/// Runs `detect`.
pub(crate) fn detect(arguments: &DetectArguments, console: &Console) -> anyhow::Result<ExitCode> {
    let detector = open_landmark_detector()?;
    let mut inputs = expand(&arguments.inputs, arguments.draw.as_deref());
    let overlays = arguments.draw.as_deref().map(|folder| output_files(folder, &inputs.pictures));
    let done = for_each(&mut inputs, console, |index, input, said| {
        let overlay = overlays.as_ref().map(|overlays| overlays[index].clone());
        detect_one(detector.as_ref(), input, overlay, arguments.force, said)
    });
    let Done { results: pictures, failed, warnings } = done;
    let text = pictures.iter().map(describe).collect::<Vec<_>>().join("\n");
    let status = status(&failed);
    console.result(&Detection { pictures, failed, warnings }, &text)?;
    Ok(status)
}

fn detect_one(
    detector: &dyn LandmarkDetector,
    input: &Input,
    overlay: Option<PathBuf>,
    overwrite: bool,
    said: &mut Vec<String>,
) -> anyhow::Result<DetectedPicture> {
    if let Some(output) = &overlay {
        refuse_existing([output.as_path()], overwrite)?;
    }
    let Decoded { mut picture, warnings } = open_picture(&input.path)?;
    said.extend(sentences(&input.path, &warnings));
    let found = detector.landmarks(&picture)?;
    let (width, height) = (picture.width(), picture.height());
    let faces: Vec<DetectedFace> = found.iter().map(DetectedFace::new).collect();
    if faces.is_empty() {
        said.push(format!("{}: {}", input.path.display(), why_none(&picture)));
    }
    if let Some(output) = &overlay {
        found.iter().for_each(|face| overlay::draw(&mut picture, face));
        save(&picture, output, overwrite)?;
    }
    let overlay = overlay.map(|path| Named::new("overlay", path));
    Ok(DetectedPicture { input: Named::input(&input.path), width, height, faces, overlay })
}

fn describe(picture: &DetectedPicture) -> String {
    let lines = picture.faces.iter().map(|face| {
        let [x, y, width, height] = face.bounds;
        let Angles { pitch, yaw, roll } = face.pose;
        let turned = match face.turned_degrees {
            0 => String::new(),
            degrees => format!(", found after turning the picture by {degrees}°"),
        };
        format!(
            "\n  {} {width:.0}x{height:.0} at {x:.0},{y:.0}, score {:.2}, pitch {pitch:.0}°, yaw {yaw:.0}°, roll {roll:.0}°{turned}",
            face.kind.unwrap_or("face"), face.score
        )
    });
    let count = picture.faces.len();
    let faces = if count == 1 { "face" } else { "faces" };
    format!("{}: {count} {faces}{}", picture.input.display(), lines.collect::<String>())
}
