//! What the networks do for the server, as requests see it.

use portraitist_face::Picture;
use portraitist_face::transform::Point;
use portraitist_nn::config::Domain;
use serde::Serialize;

use crate::arguments::ExaggerationAmount;
use crate::faces::detected::DetectedFace;

/// What a picture is to become.
#[derive(Clone, Debug)]
pub(crate) struct TranslateRequest {
    /// A model's name; `None` for the first.
    pub(crate) model: Option<String>,
    pub(crate) to: Domain,
    pub(crate) style: Style,
    /// The picture of [`Style::Example`], once it is decoded.
    pub(crate) example: Option<Picture>,
    /// How much of the style: 1 as it is.
    pub(crate) strength: f32,
    /// How far the person is exaggerated before.
    pub(crate) exaggerate: Option<ExaggerationAmount>,
    /// Which face, from 0.
    pub(crate) face: usize,
    /// Left eye, right eye, nose tip, left and right mouth corner, in pixels of the upright picture; `None` looks for the face.
    pub(crate) points: Option<[Point; 5]>,
    /// iBUG's 68 points in pixels of the upright picture: the face's shape where it is exaggerated, if a person has put them right.
    pub(crate) shape: Option<Box<[Point; 68]>>,
    /// The longer side in pixels that the result is drawn at; `None` for the model's own.
    pub(crate) size: Option<usize>,
    /// Whether the whole picture is drawn, background and shoulders included.
    pub(crate) whole: bool,
    /// The most pixels that a whole picture is drawn at.
    pub(crate) most_pixels: usize,
    /// Whether the face is wanted in its picture, too.
    pub(crate) in_picture: bool,
}

/// Which style.
#[derive(Clone, Debug)]
pub(crate) enum Style {
    /// One that the model knows by name.
    Named(String),
    /// Of a random seed; the same seed gives the same style.
    Seed(u64),
    /// On the way from one seed's style to another's, 0 to 1.
    Walk { from: u64, to: u64, position: f32 },
    /// That of the request's example.
    Example,
}

/// A generated picture, and what it was made from.
#[derive(Clone, Debug)]
pub(crate) struct Translation {
    /// Name of the model.
    pub(crate) model: String,
    /// What was drawn: the aligned face, or the whole picture.
    pub(crate) crop: Picture,
    /// Of the crop's size.
    pub(crate) result: Picture,
    /// The whole picture with the result blended in, of the picture's size.
    pub(crate) in_picture: Option<Picture>,
    /// The points that the crop was aligned by, in pixels of the upright picture.
    pub(crate) points: [Point; 5],
    /// Faces that were found; 0 where points were given.
    pub(crate) faces: usize,
    /// How alike crop and result are to the built-in recogniser, -1 to 1; `None` where it sees nothing to compare.
    pub(crate) similarity: Option<f32>,
    /// How far the person was exaggerated, 0 to 2.
    pub(crate) exaggeration: f64,
}

/// A model that can be asked for.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct OfferedModel {
    pub(crate) name: String,
    pub(crate) purpose: String,
    pub(crate) licence: Option<&'static str>,
    pub(crate) document: Option<&'static str>,
    /// Width of its results in pixels, where no size is asked for.
    pub(crate) width: usize,
    /// Height of its results in pixels.
    pub(crate) height: usize,
    /// The styles that it knows by name.
    pub(crate) styles: OfferedStyles,
}

/// Names of styles.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct OfferedStyles {
    pub(crate) drawing: Vec<String>,
    pub(crate) photo: Vec<String>,
}

impl OfferedStyles {
    /// Those of pictures of a domain.
    pub(crate) fn of(&self, domain: Domain) -> &[String] {
        match domain {
            Domain::Drawing => &self.drawing,
            Domain::Photo => &self.photo,
        }
    }
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServiceError {
    /// No face was found, and no points were given.
    #[error("no face was found")]
    NoFace,
    /// The picture or the request cannot be used; the text says what was expected and what was found.
    #[error("{0}")]
    Unusable(String),
    /// Nobody waits any more.
    #[error("the client has gone")]
    Gone,
}

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    /// The file becomes pixels.
    Reading,
    /// Faces are looked for.
    Finding,
    /// The network works.
    Translating,
    /// The recogniser compares.
    Comparing,
}

/// Somebody who waits for the result.
pub(crate) trait Watch {
    /// Tells what is being done.
    ///
    /// # Errors
    /// [`ServiceError::Gone`] if it need not be done any more.
    fn begin(&self, step: Step) -> Result<(), ServiceError>;
}

/// Works with faces; loaded once, used from several threads.
pub(crate) trait FaceService: Send + Sync + 'static {
    /// The models; the first is the one that is used where none is named.
    fn models(&self) -> &[OfferedModel];

    /// Translates the face of an upright picture.
    ///
    /// # Errors
    /// [`ServiceError::NoFace`] when there is none to be found, [`ServiceError::Unusable`] for anything else that whoever asks can
    /// change.
    fn translate(
        &self,
        picture: &Picture,
        request: &TranslateRequest,
        watch: &dyn Watch,
    ) -> Result<Translation, ServiceError>;

    /// Every face of an upright picture with its points.
    ///
    /// # Errors
    /// [`ServiceError::Unusable`].
    fn detect(&self, picture: &Picture) -> Result<Vec<DetectedFace>, ServiceError>;
}
