//! Models by name: a built-in one, a run or checkpoint folder, or a weights file.

use std::sync::Arc;

use portraitist_face::detect::{FaceDetector, LandmarkDetector};
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
    Ok(Arc::new(FaceMeshDetector::new()?))
}

/// Reads the translator of a name.
///
/// # Errors
/// For names of nothing, and files that hold no translator.
pub(crate) fn open_translator(name: &str) -> anyhow::Result<Model> {
    let device = device::parse("cpu")?;
    if let Some(path) = Model::locate(name.as_ref())? {
        return Ok(Model::read(&path, &device)?);
    }
    match builtin::bytes(name) {
        Some(bytes) => Ok(Model::from_bytes(bytes, name, &device)?),
        None => Err(ModelError::NotFound { name: name.to_owned(), built_in: builtin::NAMES.join(", ") }.into()),
    }
}

/// Refuses names of nothing; what a file holds is seen when it is read.
///
/// # Errors
/// As [`open_recognizer`] for names.
pub(crate) fn check_recognizer(name: &str) -> anyhow::Result<()> {
    let is_known = name == builtin::RECOGNIZER || Recognizer::locate(name.as_ref())?.is_some();
    if is_known { Ok(()) } else { Err(no_recognizer(name).into()) }
}

fn no_recognizer(name: &str) -> RecognizerError {
    RecognizerError::NotFound { name: name.to_owned(), built_in: builtin::RECOGNIZER.to_owned() }
}

/// Reads the recogniser of a name onto a device.
///
/// # Errors
/// For names of nothing, and files that hold no recogniser.
pub(crate) fn open_recognizer(name: &str, device: &str) -> anyhow::Result<Recognizer> {
    let device = device::parse(device)?;
    if let Some(path) = Recognizer::locate(name.as_ref())? {
        return Ok(Recognizer::read(&path, &device)?);
    }
    if name == builtin::RECOGNIZER {
        return Ok(Recognizer::from_bytes(builtin::RECOGNIZER_FILE, name, &device)?);
    }
    Err(no_recognizer(name).into())
}
