//! Translates the faces of photos: finds and cuts out the face, translates it, and blends it back into the photo.

use anyhow::Context;
use portraitist_face::Picture;
use portraitist_face::align::{PasteMask, align, paste};
use portraitist_face::detect::FaceDetector;
use portraitist_face::geometry::Similarity;
use portraitist_face::template::{FivePoints, Template};
use portraitist_face::warp::Border;
use portraitist_nn::config::Domain;
use portraitist_nn::translate::{Model, Translated};

use crate::models::open_translator;
use crate::output::advised;

/// A model together with what finds faces for it.
pub(crate) struct FaceTranslator {
    pub(crate) model: Model,
    detector: FaceDetector,
}

/// A face cut out of its photo.
pub(crate) struct Face {
    pub(crate) crop: Picture,
    pub(crate) points: FivePoints,
    transform: Similarity,
}

/// Where the frame continues beyond the photo.
const BORDER: Border = Border::Mirror;

impl FaceTranslator {
    /// Loads the networks.
    pub(crate) fn open(model: &str) -> anyhow::Result<Self> {
        Ok(Self { model: open_translator(model)?, detector: FaceDetector::new()? })
    }

    /// Cuts out the face at `points`, or the largest face.
    pub(crate) fn face(&self, photo: &Picture, points: Option<FivePoints>) -> anyhow::Result<Option<Face>> {
        let points = match points {
            Some(points) => points,
            None => match self.detector.largest_face(photo)? {
                Some(points) => points,
                None => return Ok(None),
            },
        };
        let aligned = align(photo, &points, &self.model.template(), BORDER)?;
        Ok(Some(Face { crop: aligned.crop, points, transform: aligned.transform }))
    }

    /// [`face`](Self::face), or an error that says what to do.
    pub(crate) fn require_face(&self, photo: &Picture, points: Option<FivePoints>) -> anyhow::Result<Face> {
        self.face(photo, points)?.ok_or_else(no_face)
    }

    /// The photo with a translated face blended in.
    pub(crate) fn paste(&self, photo: &Picture, face: &Face, translated: &Picture) -> anyhow::Result<Picture> {
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
