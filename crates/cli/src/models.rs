//! Models by name: a built-in one, a run or checkpoint folder, or a weights file.

use std::path::Path;
use std::sync::Arc;

use portraitist_face::Picture;
use portraitist_face::detect::{Face, FaceDetector, LandmarkDetector, LandmarkedFace};
use portraitist_nn::detection::FaceMeshDetector;
use portraitist_nn::recognition::{Recognizer, RecognizerError};
use portraitist_nn::translate::{Model, ModelError};
use portraitist_nn::{builtin, device};

/// Loads what finds faces, for every command that looks for them.
///
/// # Errors
/// If a built-in network does not load, which a test rules out.
pub(crate) fn open_detector() -> anyhow::Result<Arc<dyn FaceDetector>> {
    Ok(open_landmark_detector()?)
}

/// As [`open_detector`], for commands that need all points.
///
/// # Errors
/// As [`open_detector`].
pub(crate) fn open_landmark_detector() -> anyhow::Result<Arc<dyn LandmarkDetector>> {
    Ok(Arc::new(SharedDetector(FaceMeshDetector::shared()?)))
}

/// The detector of this process, for whoever owns one: its networks are in memory once.
struct SharedDetector(&'static FaceMeshDetector);

impl FaceDetector for SharedDetector {
    fn detect(&self, picture: &Picture) -> portraitist_face::Result<Vec<Face>> {
        self.0.detect(picture)
    }
}

impl LandmarkDetector for SharedDetector {
    fn landmarks(&self, picture: &Picture) -> portraitist_face::Result<Vec<LandmarkedFace>> {
        self.0.landmarks(picture)
    }
}

/// Reads the translator of a name.
///
/// # Errors
/// For names of nothing, and files that hold no translator.
pub(crate) fn open_translator(name: &Path) -> anyhow::Result<Model> {
    let device = device::parse("cpu")?;
    if let Some(path) = Model::locate(name)? {
        return Ok(Model::read(&path, &device)?);
    }
    let name = name.to_string_lossy();
    match builtin::bytes(&name) {
        Some(bytes) => Ok(Model::from_bytes(bytes, &name, &device)?),
        None => Err(ModelError::NotFound { name: name.into_owned(), built_in: builtin::NAMES.join(", ") }.into()),
    }
}

/// Refuses names of nothing; what a file holds is seen when it is read.
///
/// # Errors
/// As [`open_recognizer`] for names.
pub(crate) fn check_recognizer(name: &Path) -> anyhow::Result<()> {
    let is_known = built_in_recognizer(name).is_some() || Recognizer::locate(name)?.is_some();
    if is_known { Ok(()) } else { Err(no_recognizer(name).into()) }
}

fn built_in_recognizer(name: &Path) -> Option<(&'static str, &'static [u8])> {
    builtin::recognizer(name.to_str()?)
}

fn no_recognizer(name: &Path) -> RecognizerError {
    RecognizerError::NotFound {
        name: name.display().to_string(),
        built_in: builtin::RECOGNIZERS.map(|(name, _)| name).join(" or "),
    }
}

/// Reads the recogniser of a name onto a device.
///
/// # Errors
/// For names of nothing, and files that hold no recogniser.
pub(crate) fn open_recognizer(name: impl AsRef<Path>, device: &str) -> anyhow::Result<Recognizer> {
    let name = name.as_ref();
    let device = device::parse(device)?;
    if let Some(path) = Recognizer::locate(name)? {
        return Ok(Recognizer::read(&path, &device)?);
    }
    match built_in_recognizer(name) {
        Some((name, bytes)) => Ok(Recognizer::from_bytes(bytes, name, &device)?),
        None => Err(no_recognizer(name).into()),
    }
}
