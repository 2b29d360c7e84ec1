//! Translates the faces of photos: finds and cuts out the face, translates it, and blends it back into the photo.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use portraitist_face::Picture;
use portraitist_face::align::{Cropper, PasteMask, paste};
use portraitist_face::edit::{Border, resize};
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

/// A model together with what finds faces for it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct FaceTranslator {
    pub(crate) model: Arc<Model>,
    pipeline: FacePipeline,
    /// Where faces lie in crops.
    pub(crate) frame: Template,
    /// Whether pictures may be larger than the model's own: attention then looks at means of neighbours.
    is_large: bool,
}

/// What is seen where the frame continues beyond the photo.
pub(crate) const BORDER: Border = Border::Fade;

impl FaceTranslator {
    /// Loads the networks, which translate in a precision.
    pub(crate) fn open(model: &Path, precision: InferencePrecision) -> anyhow::Result<Self> {
        let model = open_translator(model)?.with_precision(precision);
        let frame = model.template();
        let pipeline = FacePipeline::new(open_detector()?, Cropper::antialiased(frame, BORDER));
        Ok(Self { model: Arc::new(model), pipeline, frame, is_large: false })
    }

    /// The same for pictures of any size; crops get a longer side of so many pixels, or the model's own.
    #[must_use]
    pub(crate) fn sized(&self, longer: Option<usize>) -> Self {
        let own = self.model.template();
        let [width, height] = longer.map_or([own.width, own.height], |longer| with_longer_side(&own, longer));
        let frame = own.resized(width, height);
        let pipeline = self.pipeline.clone().with_cropper(Cropper::antialiased(frame, BORDER));
        Self { model: Arc::clone(&self.model), pipeline, frame, is_large: true }
    }

    /// The whole picture, with a longer side of so many pixels or so large that its face has the size of the model's own frame, but of at most
    /// `most` pixels; and where the face lies in it.
    pub(crate) fn whole(
        &self,
        picture: &Picture,
        face: &FaceCrop,
        longer: Option<usize>,
        most: usize,
    ) -> anyhow::Result<(Picture, Template)> {
        let size = [picture.width(), picture.height()].map(|side| side as f64);
        let wanted = longer.map_or(face.transform.scale(), |longer| longer as f64 / size[0].max(size[1]));
        let largest = (most.min(Model::MAX_LARGE_PIXELS) as f64 / (size[0] * size[1])).sqrt();
        let [width, height] = size.map(|side| ((side * wanted.min(largest)).floor() as usize).max(1));
        let frame = Template { width: picture.width(), height: picture.height(), points: face.points };
        Ok((resize(picture, width, height)?, frame.resized(width, height)))
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
        let Template { width, height, .. } = self.frame;
        Ok(paste(photo, translated, &face.transform, width, height, PasteMask::default())?)
    }

    /// Translates a crop.
    pub(crate) fn translate(&self, crop: &Picture, style: &[f32], to: Domain) -> anyhow::Result<Translated> {
        let translated = match self.is_large {
            true => self.model.translate_large(crop, style, to),
            false => self.model.translate(crop, style, to),
        };
        translated.context("cannot translate")
    }
}

/// A frame's width and height where its longer side has so many pixels.
pub(crate) fn with_longer_side(frame: &Template, longer: usize) -> [usize; 2] {
    let scale = longer as f64 / frame.width.max(frame.height) as f64;
    [frame.width, frame.height].map(|side| ((side as f64 * scale).round() as usize).max(1))
}

/// The error of a photo in which nothing was found.
pub(crate) fn no_face() -> anyhow::Error {
    advised("no face found", "give the five points with --points, or --aligned if the picture is a face crop already")
}
