//! Translates the faces of photos: finds and cuts out the face, translates it, and blends it back into the photo.

use std::path::Path;

use anyhow::Context;
use portraitist_face::Picture;
use portraitist_face::align::{Cropper, PasteMask, paste};
use portraitist_face::edit::Border;
use portraitist_face::landmarks::FivePoints;
use portraitist_face::pipeline::{FaceCrop, FacePipeline};
use portraitist_face::template::Template;
use portraitist_nn::config::Domain;
use portraitist_nn::inference::InferencePrecision;
use portraitist_nn::translate::{Model, Translated};

use crate::arguments::FaceChoice;
use crate::faces::chosen_faces;
use crate::models::{open_detector, open_translator};
use crate::output::advised;

/// A model together with what finds faces for it.
pub(crate) struct FaceTranslator {
    pub(crate) model: Model,
    pipeline: FacePipeline,
}

/// Where the frame continues beyond the photo.
const BORDER: Border = Border::Mirror;

impl FaceTranslator {
    /// Loads the networks, which translate in a precision.
    pub(crate) fn open(model: &Path, precision: InferencePrecision) -> anyhow::Result<Self> {
        let model = open_translator(model)?.with_precision(precision);
        let pipeline = FacePipeline::new(open_detector()?, Cropper::antialiased(model.template(), BORDER));
        Ok(Self { model, pipeline })
    }

    /// Cuts out the face at `points`, or the first that is found.
    pub(crate) fn face(&self, photo: &Picture, points: Option<FivePoints>) -> anyhow::Result<Option<FaceCrop>> {
        Ok(self.pipeline.face(photo, points)?)
    }

    /// The faces that are meant, or an error that says what to do.
    pub(crate) fn chosen_faces(
        &self,
        photo: &Picture,
        points: Option<FivePoints>,
        choice: FaceChoice,
        said: &mut Vec<String>,
    ) -> anyhow::Result<Vec<FaceCrop>> {
        chosen_faces(&self.pipeline, photo, points, choice, said)
    }

    /// [`face`](Self::face), or an error that says what to do.
    pub(crate) fn require_face(&self, photo: &Picture, points: Option<FivePoints>) -> anyhow::Result<FaceCrop> {
        self.face(photo, points)?.ok_or_else(no_face)
    }

    /// The photo with a translated face blended in.
    pub(crate) fn paste(&self, photo: &Picture, face: &FaceCrop, translated: &Picture) -> anyhow::Result<Picture> {
        let Template { width, height, .. } = self.model.template();
        Ok(paste(photo, translated, &face.transform, width, height, PasteMask::default())?)
    }

    /// Translates a crop.
    pub(crate) fn translate(&self, crop: &Picture, style: &[f32], to: Domain) -> anyhow::Result<Translated> {
        self.model.translate(crop, style, to).context("cannot translate")
    }
}

/// The error of a photo in which nothing was found.
pub(crate) fn no_face() -> anyhow::Error {
    advised("no face found", "give the five points with --points, or --aligned if the picture is a face crop already")
}
