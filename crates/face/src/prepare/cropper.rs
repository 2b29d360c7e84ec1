//! One aligned crop at a time, for looking at pictures without preparing a dataset.

use std::path::Path;
use std::sync::OnceLock;

use super::crop::fit;
use super::recipe::Fit;
use crate::align::take_whole;
use crate::dataset::Entry;
use crate::detect::FaceDetector;
use crate::error::{Error, Result};
use crate::picture::Picture;
use crate::template::{FivePoints, Template};
use crate::warp::warp_as_opencv;

/// Aligns pictures of a dataset as preparing it would: by their landmarks, or by the largest face where there are none.
pub struct Cropper {
    template: Template,
    /// `None` for pictures that are crops already.
    fit: Option<Fit>,
    detector: OnceLock<std::result::Result<FaceDetector, String>>,
}

impl Cropper {
    /// Aligns to `template`.
    pub fn new(template: Template, fit: Fit) -> Self {
        Self { template, fit: Some(fit), detector: OnceLock::new() }
    }

    /// Takes pictures whole, scaled to the size of `template`.
    pub fn of_crops(template: Template) -> Self {
        Self { template, fit: None, detector: OnceLock::new() }
    }

    /// The crop of a picture.
    ///
    /// # Errors
    /// If the picture or its landmarks cannot be read, no face is found, or its points cannot be aligned; the error names the file.
    pub fn crop(&self, entry: &Entry) -> Result<Picture> {
        let points = match self.fit {
            Some(_) => entry.read_landmarks()?.map(|landmarks| landmarks.five_points()),
            None => None,
        };
        self.cut(&entry.picture, points)
    }

    /// The crop of a picture of which there is nothing but the file.
    ///
    /// # Errors
    /// As [`crop`](Self::crop).
    pub fn crop_file(&self, path: &Path) -> Result<Picture> {
        self.cut(path, None)
    }

    fn cut(&self, path: &Path, points: Option<FivePoints>) -> Result<Picture> {
        let picture = Picture::open(path)?;
        let Some(how) = self.fit else {
            return Ok(take_whole(&picture, &self.template)?.crop);
        };
        let points = match points {
            Some(points) => points,
            None => self.detect(path, &picture)?,
        };
        let unusable = |error: Error| wrong(path, format!("the face cannot be aligned: {error}"));
        let transform = fit(how, &points, &self.template).map_err(unusable)?;
        warp_as_opencv(&picture, &transform, self.template.width, self.template.height)
    }

    fn detect(&self, path: &Path, picture: &Picture) -> Result<FivePoints> {
        let detector = self.detector.get_or_init(|| FaceDetector::new().map_err(|error| error.to_string()));
        let detector = detector.as_ref().map_err(|detail| Error::Detector { detail: detail.clone() })?;
        let missing = || wrong(path, "there are no landmarks for it, and no face was found".to_owned());
        detector.largest_face(picture)?.ok_or_else(missing)
    }
}

fn wrong(path: &Path, reason: String) -> Error {
    Error::Dataset { path: path.to_owned(), reason }
}
