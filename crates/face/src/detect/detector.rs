//! What finds faces, and what is found.

use crate::domain::Domain;
use crate::error::Result;
use crate::landmarks::FivePoints;
use crate::landmarks::mesh::MeshPoints;
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
    /// Every face, none in a picture without a face. The first is the one that is taken where one is wanted: size and score decide
    /// together.
    ///
    /// # Errors
    /// [`crate::Error::Detector`] if the detector itself fails.
    fn detect(&self, picture: &Picture) -> Result<Vec<Face>>;
}

/// A face with all its points.
#[derive(Clone, Debug)]
pub struct LandmarkedFace {
    /// Around the points.
    pub bounds: FaceBox,
    /// 0 to 1.
    pub score: f64,
    /// The points, in pixels of the upright picture.
    pub points: MeshPoints,
    /// For each of iBUG's 68 points the distance, in pixels, that nine in ten such points keep to.
    pub errors: [f64; 68],
    /// Whether the face is photographed or drawn, where the detector can tell.
    pub kind: Option<Domain>,
    /// By how many degrees the picture had to be turned before the face was found.
    pub turned_degrees: u32,
}

impl LandmarkedFace {
    /// What [`FaceDetector::detect`] says of it.
    pub fn face(&self) -> Face {
        Face { bounds: self.bounds, score: self.score, points: self.points.five_points() }
    }
}

/// Finds faces and all their points.
pub trait LandmarkDetector: FaceDetector {
    /// Every face, the first one being the one that is taken where one is wanted.
    ///
    /// # Errors
    /// As [`FaceDetector::detect`].
    fn landmarks(&self, picture: &Picture) -> Result<Vec<LandmarkedFace>>;
}
