//! What finds faces, and what is found.

use crate::error::Result;
use crate::landmarks::FivePoints;
use crate::picture::Picture;
use crate::transform::Point;

/// A rectangle around a face, in pixels of the upright picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FaceBox {
    /// Left edge; negative when the face is cut by the picture's edge.
    pub x: f64,
    /// Top edge; negative when the face is cut by the picture's edge.
    pub y: f64,
    /// Width, positive.
    pub width: f64,
    /// Height, positive.
    pub height: f64,
}

impl FaceBox {
    /// Whether a point lies in the box, its edges included.
    pub fn contains(&self, [x, y]: Point) -> bool {
        (self.x..=self.x + self.width).contains(&x) && (self.y..=self.y + self.height).contains(&y)
    }
}

/// A face in a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Face {
    /// Where it is.
    pub bounds: FaceBox,
    /// Confidence by the detector's own measure; larger is surer.
    pub score: f64,
    /// The five points that a crop is aligned by, in pixels of the upright picture: found, or estimated from the box.
    pub points: FivePoints,
}

/// Finds faces in pictures. One detector serves all threads.
pub trait FaceDetector: Send + Sync {
    /// Every face, the clearest first; none in a picture without a face.
    ///
    /// # Errors
    /// [`crate::Error::Detector`] if the detector itself fails.
    fn detect(&self, picture: &Picture) -> Result<Vec<Face>>;

    /// The face with the largest box; `None` in a picture without a face.
    ///
    /// # Errors
    /// As [`detect`](Self::detect).
    fn largest_face(&self, picture: &Picture) -> Result<Option<Face>> {
        let area = |face: &Face| face.bounds.width * face.bounds.height;
        Ok(self.detect(picture)?.into_iter().max_by(|a, b| area(a).total_cmp(&area(b))))
    }
}
