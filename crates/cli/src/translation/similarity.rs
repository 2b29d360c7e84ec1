//! How alike faces are to a recogniser, and what it looks at.

use anyhow::Context;
use portraitist_face::Picture;
use portraitist_face::align::{Fit, align};
use portraitist_face::edit::Border;
use portraitist_face::pipeline::FacePipeline;
use portraitist_face::template::Template;
use portraitist_nn::recognition::{EmbeddingOptions, Recognizer, cosine};

use crate::models::open_detector;

/// Cuts out of pictures what `recognizer` looks at, `fit` as the original has it for SphereFace; pictures that are `aligned` crops already are taken whole.
///
/// # Errors
/// If the bundled detector does not load.
pub(crate) fn face_pipeline(recognizer: &Recognizer, aligned: bool, fit: Fit) -> anyhow::Result<FacePipeline> {
    Ok(FacePipeline::new(open_detector()?, recognizer.cropper(fit)).taking_whole(aligned))
}

/// The embedding of a face with which others are compared.
pub(crate) struct ReferenceEmbedding<'a> {
    recognizer: &'a Recognizer,
    frame: Template,
    embedding: Vec<f32>,
}

impl<'a> ReferenceEmbedding<'a> {
    /// The face of a crop, which lies where `frame` has it.
    ///
    /// # Errors
    /// If the recogniser cannot look at it.
    pub(crate) fn of(recognizer: &'a Recognizer, crop: &Picture, frame: &Template) -> anyhow::Result<Self> {
        Ok(Self { recognizer, frame: *frame, embedding: embedding_in_frame(recognizer, crop, frame)? })
    }

    /// The cosine with the embedding of a picture in which the face lies in the same place, -1 to 1.
    ///
    /// # Errors
    /// If the recogniser cannot look at it.
    pub(crate) fn similarity(&self, picture: &Picture) -> anyhow::Result<f32> {
        Ok(cosine(&self.embedding, &embedding_in_frame(self.recognizer, picture, &self.frame)?))
    }
}

/// The embedding of a picture in which a face lies where `frame`, at any size, has it.
///
/// # Errors
/// If the recogniser cannot look at it.
pub(crate) fn embedding_in_frame(
    recognizer: &Recognizer,
    picture: &Picture,
    frame: &Template,
) -> anyhow::Result<Vec<f32>> {
    let frame = frame.resized(picture.width(), picture.height());
    let crop = align(picture, &frame.points, &recognizer.template(), Border::Replicate)?.crop;
    let rows = recognizer.embed(&[crop], EmbeddingOptions::default()).context("cannot look at the face")?;
    Ok(rows.concat())
}
