//! Which of a picture's faces is meant, and what is said of faces.

pub(crate) mod corrected;
pub(crate) mod detected;

use anyhow::bail;
use portraitist_face::Picture;
use portraitist_face::landmarks::FivePoints;
use portraitist_face::pipeline::{FaceCrop, FacePipeline};

use crate::arguments::FaceChoice;
use crate::output::advised;

/// Cuts out the faces that are meant: the one at `points`, that of a number, all, or the first by size and score together, the others then
/// being told.
///
/// # Errors
/// If no face is found, or none has that number.
pub(crate) fn chosen_faces(
    pipeline: &FacePipeline,
    picture: &Picture,
    points: Option<FivePoints>,
    choice: FaceChoice,
    said: &mut Vec<String>,
) -> anyhow::Result<Vec<FaceCrop>> {
    if let Some(points) = points {
        return Ok(vec![pipeline.cut(picture, points)?]);
    }
    let faces = pipeline.faces(picture)?;
    if faces.is_empty() {
        return Err(advised(
            why_none(picture),
            "give the five points with --points, or --aligned (where there is one) if the picture is a face crop already",
        ));
    }
    let cut = |points: FivePoints| Ok(pipeline.cut(picture, points)?);
    match choice {
        FaceChoice { all_faces: true, .. } => faces.iter().map(|face| cut(face.points)).collect(),
        FaceChoice { face: Some(number), .. } => match faces.get(number as usize - 1) {
            Some(face) => Ok(vec![cut(face.points)?]),
            None => bail!("there is no face {number}: {} found", faces.len()),
        },
        FaceChoice { .. } => {
            if faces.len() > 1 {
                let place = |(index, face): (usize, &portraitist_face::detect::Face)| {
                    let bounds = face.bounds;
                    format!("{} {:.0}x{:.0} at {:.0},{:.0}", index + 1, bounds.width, bounds.height, bounds.x, bounds.y)
                };
                let places: Vec<String> = faces.iter().enumerate().map(place).collect();
                said.push(format!(
                    "{} faces ({}); 1 was taken, --face N takes another, --all-faces all",
                    faces.len(),
                    places.join("; ")
                ));
            }
            Ok(vec![cut(faces[0].points)?])
        }
    }
}

/// Below this many pixels of its shorter side no face in a picture is large enough.
const SMALLEST_PICTURE_PX: usize = 24;
/// Grey levels between the darkest and the lightest pixel below which there is nothing to see.
const LEAST_CONTRAST: u8 = 16;

/// Why there may be no face in a picture, as far as one can say.
pub(crate) fn why_none(picture: &Picture) -> String {
    let (width, height) = (picture.width(), picture.height());
    let levels = picture.luma().into_iter();
    let [darkest, lightest] = levels.fold([u8::MAX, 0], |[low, high], value| [low.min(value), high.max(value)]);
    if width.min(height) < SMALLEST_PICTURE_PX {
        format!("no face found: the picture has {width}x{height} pixels, a face needs about {SMALLEST_PICTURE_PX}")
    } else if lightest.saturating_sub(darkest) < LEAST_CONTRAST {
        "no face found: the picture is nearly of one colour".to_owned()
    } else {
        "no face found, upright or turned by quarters: it may be in profile, covered, or smaller than 32 pixels"
            .to_owned()
    }
}
