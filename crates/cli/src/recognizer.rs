//! Recognisers by name, and the crops that they look at.

use anyhow::Context;
use portraitist_face::Picture;
use portraitist_face::align::{align, take_whole};
use portraitist_face::detect::FaceDetector;
use portraitist_face::template::{FivePoints, Template};
use portraitist_face::warp::Border;
use portraitist_nn::recognition::{EmbeddingOptions, Recognizer, RecognizerError, cosine};
use portraitist_nn::{builtin, device};

use crate::portrait::{find_points, no_face};

/// Reads the recogniser of a name onto a device: the built-in one, a run or checkpoint folder, or a weights file.
pub(crate) fn open_recognizer(name: &str, device: &str) -> anyhow::Result<Recognizer> {
    let device = device::parse(device)?;
    if let Some(path) = Recognizer::locate(name.as_ref())? {
        return Ok(Recognizer::read(&path, &device)?);
    }
    if name == builtin::RECOGNIZER {
        return Ok(Recognizer::from_bytes(builtin::RECOGNIZER_FILE, name, &device)?);
    }
    Err(RecognizerError::NotFound { name: name.to_owned(), built_in: builtin::RECOGNIZER.to_owned() }.into())
}

/// Cuts the largest face of a picture out, or the one at `points`, as recognisers see faces.
pub(crate) fn face_crop(
    detector: &FaceDetector,
    picture: &Picture,
    points: Option<FivePoints>,
) -> anyhow::Result<Picture> {
    let points = match points {
        Some(points) => points,
        None => find_points(detector, picture)?.ok_or_else(no_face)?,
    };
    Ok(align(picture, &points, &Template::SPHEREFACE, Border::Zero)?.crop)
}

/// Takes a picture that is a crop already, of any size.
pub(crate) fn whole_crop(picture: &Picture) -> anyhow::Result<Picture> {
    let Template { width, height, .. } = Template::SPHEREFACE;
    if (picture.width(), picture.height()) == (width, height) {
        return Ok(picture.clone());
    }
    Ok(take_whole(picture, &Template::SPHEREFACE)?.crop)
}

/// How alike a crop and its translation are to a recogniser: the cosine between their embeddings. Both show the face
/// where `frame` has it.
pub(crate) fn likeness(
    recognizer: &Recognizer,
    crop: &Picture,
    translated: &Picture,
    frame: &Template,
) -> anyhow::Result<f32> {
    let look = |picture: &Picture| {
        let frame = frame.resized(picture.width(), picture.height());
        Ok::<_, portraitist_face::Error>(align(picture, &frame.points, &Template::SPHEREFACE, Border::Replicate)?.crop)
    };
    let crops = [look(crop)?, look(translated)?];
    let rows = recognizer.embed(&crops, EmbeddingOptions::default()).context("cannot compare the faces")?;
    Ok(cosine(&rows[0], &rows[1]))
}
