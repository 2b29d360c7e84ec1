//! Recognisers by name, and what they look at.

use anyhow::Context;
use portraitist_face::Picture;
use portraitist_face::align::{Cropper, Fit, align};
use portraitist_face::edit::Border;
use portraitist_face::pipeline::FacePipeline;
use portraitist_face::template::Template;
use portraitist_nn::recognition::{EmbeddingOptions, Recognizer, RecognizerError, cosine};
use portraitist_nn::{builtin, device};

use crate::portrait::open_detector;

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

/// Cuts out of pictures what a recogniser looks at; pictures that are `aligned` crops already are taken whole.
pub(crate) fn face_pipeline(aligned: bool, fit: Fit) -> anyhow::Result<FacePipeline> {
    let cropper = Cropper::new(Template::SPHEREFACE, fit);
    Ok(FacePipeline::new(open_detector()?, cropper).taking_whole(aligned))
}

/// A face that others are compared with, as a recogniser sees it.
pub(crate) struct Likeness<'a> {
    recognizer: &'a Recognizer,
    frame: &'a Template,
    embedding: Vec<f32>,
}

impl<'a> Likeness<'a> {
    /// The face of a crop, which lies where `frame` has it.
    pub(crate) fn of(recognizer: &'a Recognizer, crop: &Picture, frame: &'a Template) -> anyhow::Result<Self> {
        Ok(Self { recognizer, frame, embedding: embedding(recognizer, crop, frame)? })
    }

    /// How alike a picture is, in which the face lies in the same place: the cosine of the embeddings, -1 to 1.
    pub(crate) fn to(&self, picture: &Picture) -> anyhow::Result<f32> {
        Ok(cosine(&self.embedding, &embedding(self.recognizer, picture, self.frame)?))
    }
}

fn embedding(recognizer: &Recognizer, picture: &Picture, frame: &Template) -> anyhow::Result<Vec<f32>> {
    let frame = frame.resized(picture.width(), picture.height());
    let crop = align(picture, &frame.points, &Template::SPHEREFACE, Border::Replicate)?.crop;
    let rows = recognizer.embed(&[crop], EmbeddingOptions::default()).context("cannot look at the face")?;
    Ok(rows.concat())
}
