//! What makes drawings, as the page sees it.

use portraitist_face::Picture;
use portraitist_face::transform::Point;

/// What the page asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StyliseRequest {
    /// Chooses the style; the same photo, seed and points give the same drawing.
    pub(crate) seed: u64,
    /// Left eye, right eye, nose tip, left and right mouth corner, in pixels of the upright photo; `None` looks for the face.
    pub(crate) points: Option<[Point; 5]>,
}

/// A generated drawing, and the crop that it was translated from.
#[derive(Clone, Debug)]
pub(crate) struct Stylised {
    /// The aligned photo, of the drawing's size.
    pub(crate) crop: Picture,
    /// The drawing of the crop.
    pub(crate) drawing: Picture,
    /// The whole photo with the drawing blended in, of the photo's size.
    pub(crate) in_picture: Option<Picture>,
    /// The points that the crop was aligned by, in pixels of the upright photo.
    pub(crate) points: [Point; 5],
    /// How alike crop and drawing are to the built-in recogniser, -1 to 1; `None` where it sees nothing to compare.
    pub(crate) similarity: Option<f32>,
}

/// Why there is no drawing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StyliseError {
    /// No face was found, and no points were given.
    #[error("no face was found")]
    NoFace,
    /// The photo or the points cannot be used; the text says what was expected and what was found.
    #[error("{0}")]
    Unusable(String),
}

/// Translates photos to drawings; loaded once, used from several threads.
pub(crate) trait TranslatorService: Send + Sync + 'static {
    /// Draws the face of an upright `photo`.
    ///
    /// # Errors
    /// [`StyliseError::NoFace`] when there is none to be found, [`StyliseError::Unusable`] for anything else that the person at
    /// the page can change.
    fn stylise(&self, photo: &Picture, request: &StyliseRequest) -> Result<Stylised, StyliseError>;
}
