//! From a picture to the crop of its face: the one way.

use std::path::Path;
use std::sync::Arc;

use crate::align::{Aligned, Cropper, take_whole};
use crate::dataset::Entry;
use crate::detect::{Face, FaceDetector};
use crate::error::{Error, Result};
use crate::landmarks::FivePoints;
use crate::picture::{Decoded, Picture};
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

    /// The same with another frame.
    #[must_use]
    pub fn with_cropper(self, cropper: Cropper) -> Self {
        Self { cropper, ..self }
    }

    /// What cuts the faces out.
    pub fn cropper(&self) -> &Cropper {
        &self.cropper
    }

    /// Every face that is found; the first is the one that is taken where one is wanted, by size and score together.
    ///
    /// # Errors
    /// [`Error::Detector`] if the detector fails.
    pub fn faces(&self, picture: &Picture) -> Result<Vec<Face>> {
        self.detector.detect(picture)
    }

    /// The five points of the first of [`faces`](Self::faces); `None` in a picture without a face.
    ///
    /// # Errors
    /// As [`faces`](Self::faces).
    pub fn find(&self, picture: &Picture) -> Result<Option<FivePoints>> {
        Ok(self.faces(picture)?.first().map(|face| face.points))
    }

    /// The face at `points`, or the first one found; `None` where there is none.
    ///
    /// # Errors
    /// As [`find`](Self::find) and [`cut`](Self::cut).
    pub fn face(&self, picture: &Picture, points: Option<FivePoints>) -> Result<Option<FaceCrop>> {
        let found = match points {
            Some(points) => Some(points),
            None => self.find(picture)?,
        };
        found.map(|points| self.cut(picture, points)).transpose()
    }

    /// The face at `points`.
    ///
    /// # Errors
    /// As [`Cropper::crop`].
    pub fn cut(&self, picture: &Picture, points: FivePoints) -> Result<FaceCrop> {
        let Aligned { crop, transform } = self.cropper.crop(picture, &points)?;
        Ok(FaceCrop { crop, points, transform })
    }

    /// The crop of a dataset's picture, by its landmarks, or by the first face found where it has none; with what is to be said of the
    /// file.
    ///
    /// # Errors
    /// If the picture or its landmarks cannot be read, no face is found, or its points cannot be aligned; the error names the file.
    pub fn crop_entry(&self, entry: &Entry) -> Result<Decoded> {
        let landmarks = if self.whole { None } else { entry.read_landmarks()? };
        let points = landmarks.map(|landmarks| landmarks.five_points());
        self.crop(&entry.picture, points, Decoded::open(&entry.picture)?)
    }

    /// The crop of a picture of which there is nothing but the file, with what is to be said of the file.
    ///
    /// # Errors
    /// As [`crop_entry`](Self::crop_entry).
    pub fn crop_file(&self, path: &Path) -> Result<Decoded> {
        self.crop(path, None, Decoded::open(path)?)
    }

    /// As [`crop_file`](Self::crop_file), of a file whose bytes are in memory already.
    ///
    /// # Errors
    /// As [`crop_entry`](Self::crop_entry).
    pub fn crop_bytes(&self, path: &Path, bytes: &[u8]) -> Result<Decoded> {
        self.crop(path, None, Decoded::decode(&path.display().to_string(), bytes)?)
    }

    fn crop(&self, path: &Path, points: Option<FivePoints>, decoded: Decoded) -> Result<Decoded> {
        let Decoded { picture, warnings } = decoded;
        if self.whole {
            return Ok(Decoded { picture: take_whole(&picture, &self.cropper.template)?.crop, warnings });
        }
        let wrong = |reason: String| Error::Dataset { path: path.to_owned(), reason };
        let missing = || wrong("there are no landmarks for it, and no face was found".to_owned());
        let face = self.face(&picture, points).map_err(|error| match error {
            Error::DegeneratePoints { .. } => wrong(format!("the face cannot be aligned: {error}")),
            other => other,
        })?;
        Ok(Decoded { picture: face.ok_or_else(missing)?.crop, warnings })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::detect::{Face, FaceBox};
    use crate::domain::Domain;
    use crate::edit::Border;
    use crate::template::Template;

    /// Finds what it was given, and counts how often it was asked.
    #[derive(Default)]
    struct Given {
        faces: Vec<Face>,
        asked: AtomicUsize,
    }

    impl FaceDetector for Given {
        fn detect(&self, _: &Picture) -> Result<Vec<Face>> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            Ok(self.faces.clone())
        }
    }

    fn face_of(width: f64, points: FivePoints) -> Face {
        Face { bounds: FaceBox { x: 0.0, y: 0.0, width, height: width }, score: 1.0, points }
    }

    fn pipeline(detector: &Arc<Given>) -> FacePipeline {
        let detector: Arc<dyn FaceDetector> = Arc::<Given>::clone(detector);
        FacePipeline::new(detector, Cropper::antialiased(Template::SPHEREFACE, Border::Zero))
    }

    fn photo() -> Picture {
        Picture::from_rgb(96, 112, (0..96 * 112 * 3).map(|value| value as u8).collect()).unwrap()
    }

    #[test]
    fn the_first_face_is_cut_out_and_known_points_need_no_detector() {
        let shifted = Template::SPHEREFACE.points.map(|[x, y]| [x + 3.0, y]);
        let faces = vec![face_of(40.0, Template::SPHEREFACE.points), face_of(10.0, shifted)];
        let detector = Arc::new(Given { faces, ..Given::default() });
        let pipeline = pipeline(&detector);
        let found = pipeline.face(&photo(), None).unwrap().unwrap();
        assert!(found.points == Template::SPHEREFACE.points && found.crop == photo());
        let known = pipeline.face(&photo(), Some(shifted)).unwrap().unwrap();
        assert!(known.points == shifted && known.crop != photo());
        assert_eq!(detector.asked.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn files_without_a_usable_face_are_named() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("photo.png");
        photo().save(&path, false).unwrap();
        let detector = Arc::new(Given::default());
        let message = pipeline(&detector).crop_file(&path).unwrap_err().to_string();
        assert!(message.contains("photo.png") && message.contains("no face was found"), "{message}");
        let spot = Arc::new(Given { faces: vec![face_of(9.0, [[5.0; 2]; 5])], ..Given::default() });
        let message = pipeline(&spot).crop_file(&path).unwrap_err().to_string();
        assert!(message.contains("photo.png") && message.contains("cannot be aligned"), "{message}");
    }

    #[test]
    fn crops_are_taken_whole_without_landmarks_or_a_detector() {
        let place = tempfile::tempdir().unwrap();
        let picture = place.path().join("crop.png");
        photo().save(&picture, false).unwrap();
        let landmarks = Some(place.path().join("missing.txt"));
        let entry = Entry { name: "crop".to_owned(), domain: Domain::Photo, picture, landmarks };
        let detector = Arc::new(Given::default());
        let pipeline = pipeline(&detector);
        assert!(pipeline.crop_entry(&entry).is_err());
        assert!(pipeline.taking_whole(true).crop_entry(&entry).unwrap().picture == photo());
        assert_eq!(detector.asked.load(Ordering::Relaxed), 0);
    }
}
