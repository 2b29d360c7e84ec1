//! From a picture to the crop of its face: the one way.

use std::path::Path;
use std::sync::Arc;

use crate::align::{Aligned, Cropper, take_whole};
use crate::dataset::Entry;
use crate::detect::FaceDetector;
use crate::error::{Error, Result};
use crate::landmarks::FivePoints;
use crate::picture::Picture;
use crate::transform::Similarity;

/// Finds a face (or takes the points that are known) and cuts it out. Cheap to clone.
#[derive(Clone)]
pub struct FacePipeline {
    detector: Arc<dyn FaceDetector>,
    cropper: Cropper,
    whole: bool,
}

/// A face cut out of its picture.
#[derive(Clone, Debug)]
pub struct FaceCrop {
    /// The crop, of the template's size.
    pub crop: Picture,
    /// The five points that it was aligned by, in pixels of the picture.
    pub points: FivePoints,
    /// From pixels of the picture to pixels of the crop.
    pub transform: Similarity,
}

impl FacePipeline {
    /// A pipeline that asks `detector` where no points are known.
    pub fn new(detector: Arc<dyn FaceDetector>, cropper: Cropper) -> Self {
        Self { detector, cropper, whole: false }
    }

    /// With `whole`, files and entries are face crops already: they are scaled to the template's size, and no face is looked for.
    #[must_use]
    pub fn taking_whole(self, whole: bool) -> Self {
        Self { whole, ..self }
    }

    /// What cuts the faces out.
    pub fn cropper(&self) -> &Cropper {
        &self.cropper
    }

    /// The five points of the largest face; `None` in a picture without a face.
    ///
    /// # Errors
    /// [`Error::Detector`] if the detector fails.
    pub fn find(&self, picture: &Picture) -> Result<Option<FivePoints>> {
        Ok(self.detector.largest_face(picture)?.map(|face| face.points))
    }

    /// The face at `points`, or the largest face; `None` where there is none.
    ///
    /// # Errors
    /// As [`find`](Self::find) and [`Cropper::crop`].
    pub fn face(&self, picture: &Picture, points: Option<FivePoints>) -> Result<Option<FaceCrop>> {
        let found = match points {
            Some(points) => Some(points),
            None => self.find(picture)?,
        };
        let Some(points) = found else { return Ok(None) };
        let Aligned { crop, transform } = self.cropper.crop(picture, &points)?;
        Ok(Some(FaceCrop { crop, points, transform }))
    }

    /// The crop of a dataset's picture: by its landmarks, or by the largest face where it has none.
    ///
    /// # Errors
    /// If the picture or its landmarks cannot be read, no face is found, or its points cannot be aligned; the error names the file.
    pub fn crop_entry(&self, entry: &Entry) -> Result<Picture> {
        let landmarks = if self.whole { None } else { entry.read_landmarks()? };
        self.crop(&entry.picture, landmarks.map(|landmarks| landmarks.five_points()))
    }

    /// The crop of a picture of which there is nothing but the file.
    ///
    /// # Errors
    /// As [`crop_entry`](Self::crop_entry).
    pub fn crop_file(&self, path: &Path) -> Result<Picture> {
        self.crop(path, None)
    }

    fn crop(&self, path: &Path, points: Option<FivePoints>) -> Result<Picture> {
        let picture = Picture::open(path)?;
        if self.whole {
            return Ok(take_whole(&picture, &self.cropper.template)?.crop);
        }
        let wrong = |reason: String| Error::Dataset { path: path.to_owned(), reason };
        let missing = || wrong("there are no landmarks for it, and no face was found".to_owned());
        let face = self.face(&picture, points).map_err(|error| match error {
            Error::DegeneratePoints { .. } => wrong(format!("the face cannot be aligned: {error}")),
            other => other,
        })?;
        Ok(face.ok_or_else(missing)?.crop)
    }
}
