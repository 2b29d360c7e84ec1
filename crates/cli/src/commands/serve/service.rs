//! The networks behind the server: translators, which are loaded when they are first asked for, and a recogniser.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use portraitist_face::Picture;
use portraitist_face::detect::LandmarkDetector;
use portraitist_face::edit::resize;
use portraitist_face::pipeline::FaceCrop;
use portraitist_nn::builtin::{self, MODELS};
use portraitist_nn::config::Domain;
use portraitist_nn::inference::InferencePrecision;
use portraitist_nn::random::style_code;
use portraitist_nn::recognition::Recognizer;
use portraitist_nn::translate::slerp;

use crate::exaggeration::Exaggerating;
use crate::faces::detected::DetectedFace;
use crate::memory::give_memory_back;
use crate::models::{open_landmark_detector, open_recognizer};
use crate::output::describe;
use crate::similarity::ReferenceEmbedding;
use crate::translator::FaceTranslator;
use crate::web::api::{FaceService, OfferedModel, ServiceError, Step, Style, TranslateRequest, Translation, Watch};

/// What is loaded, and what can be.
pub(super) struct Networks {
    offered: Vec<OfferedModel>,
    loaded: Mutex<Loaded>,
    /// Whether every translator that was asked for stays loaded.
    keeps_all: bool,
    recognizer: Recognizer,
    detector: Arc<dyn LandmarkDetector>,
    precision: InferencePrecision,
}

/// The translators that are loaded.
struct Loaded {
    /// In the order of [`Networks::offered`].
    translators: Vec<Option<Arc<FaceTranslator>>>,
    /// Which one translated last, and where to: for each direction it prepares weights of its own.
    last: Option<(usize, Domain)>,
}

/// What was asked for cannot be done; whoever asked can change it.
fn unusable(error: anyhow::Error) -> ServiceError {
    ServiceError::Unusable(describe(&error))
}

impl Networks {
    /// Loads the first model, what finds faces, and the recogniser. Unless it `keeps_all`, only one model is loaded at a time, for one
    /// direction: each takes some 100 MiB.
    ///
    /// # Errors
    /// If there is no such model.
    pub(super) fn open(model: &Path, precision: InferencePrecision, keeps_all: bool) -> anyhow::Result<Self> {
        let first = FaceTranslator::open(model, precision)?;
        let offered = offered(model);
        let mut translators = vec![None; offered.len()];
        translators[0] = Some(Arc::new(first));
        let loaded = Mutex::new(Loaded { translators, last: None });
        let recognizer = open_recognizer(builtin::RECOGNIZER, "cpu")?.with_precision(precision);
        let detector = open_landmark_detector()?;
        Ok(Self { offered, loaded, keeps_all, recognizer, detector, precision })
    }

    fn translator(&self, name: Option<&str>, to: Domain) -> Result<(String, Arc<FaceTranslator>), ServiceError> {
        let index = name.map_or(Some(0), |name| self.offered.iter().position(|model| model.name == name));
        let index = index.ok_or_else(|| ServiceError::Unusable("there is no such model".to_owned()))?;
        let name = self.offered[index].name.clone();
        // Loading takes a moment; jobs take turns anyway.
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let is_another = loaded.last.is_some_and(|last| last != (index, to)) || loaded.translators[index].is_none();
        if is_another && !self.keeps_all {
            loaded.translators.fill(None);
            give_memory_back();
        }
        loaded.last = Some((index, to));
        if let Some(translator) = &loaded.translators[index] {
            return Ok((name, Arc::clone(translator)));
        }
        let translator = Arc::new(FaceTranslator::open(Path::new(&name), self.precision).map_err(unusable)?);
        loaded.translators[index] = Some(Arc::clone(&translator));
        Ok((name, translator))
    }

    /// The face that is meant, and how many were found.
    fn face(
        &self,
        translator: &FaceTranslator,
        picture: &Picture,
        request: &TranslateRequest,
    ) -> Result<(FaceCrop, usize), ServiceError> {
        let (points, count) = match request.points {
            Some(points) => (points, 0),
            None => {
                let faces = self.detector.detect(picture).map_err(|error| unusable(error.into()))?;
                let count = faces.len();
                let face = faces.get(request.face);
                let missing = || match count {
                    0 => ServiceError::NoFace,
                    _ => ServiceError::Unusable(format!(
                        "there is no face {}: {count} found; choose another",
                        request.face + 1
                    )),
                };
                (face.ok_or_else(missing)?.points, count)
            }
        };
        let face = translator.face(picture, Some(points)).map_err(unusable)?.ok_or(ServiceError::NoFace)?;
        Ok((face, count))
    }

    fn style(&self, translator: &FaceTranslator, request: &TranslateRequest) -> anyhow::Result<Vec<f32>> {
        let style_dim = translator.model.config().generator.style_dim;
        let mut code = match (&request.style, &request.example) {
            (Style::Seed(seed), _) => style_code(*seed, style_dim),
            (Style::Walk { from, to, position }, _) => {
                slerp(&style_code(*from, style_dim), &style_code(*to, style_dim), *position)
            }
            (Style::Example, Some(example)) => {
                let face = translator.face(example, None)?;
                translator.model.style_of(face.as_ref().map_or(example, |face| &face.crop), request.to)?
            }
            (Style::Example, None) => anyhow::bail!("the style has no example; send one"),
        };
        code.iter_mut().for_each(|value| *value *= request.strength);
        Ok(code)
    }
}

/// The model that was named, then the built-in ones.
fn offered(model: &Path) -> Vec<OfferedModel> {
    let built_in: Vec<OfferedModel> = MODELS
        .iter()
        .filter(|model| builtin::NAMES.contains(&model.name))
        .map(|model| OfferedModel {
            name: model.name.to_owned(),
            purpose: model.purpose.to_owned(),
            licence: Some(model.licence),
            document: Some(model.document),
        })
        .collect();
    let (mut first, rest): (Vec<_>, Vec<_>) =
        built_in.into_iter().partition(|known| model.to_str() == Some(known.name.as_str()) && !model.exists());
    if first.is_empty() {
        // Only the last part of the path: where files lie is nobody's business.
        let stem = model.file_stem().unwrap_or(model.as_os_str()).to_string_lossy().into_owned();
        let taken = rest.iter().any(|known| known.name == stem);
        let name = if taken { format!("{stem} (--model)") } else { stem };
        let purpose = "given with --model".to_owned();
        first.push(OfferedModel { name, purpose, licence: None, document: None });
    }
    first.into_iter().chain(rest).collect()
}

impl FaceService for Networks {
    fn models(&self) -> &[OfferedModel] {
        &self.offered
    }

    fn translate(
        &self,
        picture: &Picture,
        request: &TranslateRequest,
        watch: &dyn Watch,
    ) -> Result<Translation, ServiceError> {
        let (model, translator) = self.translator(request.model.as_deref(), request.to)?;
        let (face, faces) = self.face(&translator, picture, request)?;
        watch.begin(Step::Translating)?;
        let style = self.style(&translator, request).map_err(unusable)?;
        let frame = translator.model.template();
        let reference = ReferenceEmbedding::of(&self.recognizer, &face.crop, &frame).ok();
        let similarity = |result: &Picture| {
            let similarity = reference.as_ref()?.similarity(result).ok();
            similarity.filter(|similarity| similarity.is_finite())
        };
        let corrected = request.shape.as_ref().map(|shape| shape.map(|point| face.transform.apply(point)));
        let exaggerating = Exaggerating::by(request.exaggerate, false).at(corrected);
        let shaped = exaggerating.shape(&face.crop, &frame.points, request.to).map_err(unusable)?;
        let draw = |crop: &Picture| {
            // `auto` draws several times.
            watch.begin(Step::Translating)?;
            translator.translate(crop, &style, request.to)
        };
        let (translated, exaggeration) =
            shaped.translate(&face.crop, draw, |drawn| similarity(&drawn.picture)).map_err(unusable)?;
        watch.begin(Step::Comparing)?;
        let similarity = similarity(&translated.picture);
        let pasted = request.in_picture.then(|| translator.paste(picture, &face, &translated.picture));
        let in_picture = pasted.transpose().map_err(unusable)?;
        let result = sized(translated.picture, request.size).map_err(unusable)?;
        let FaceCrop { crop, points, .. } = face;
        Ok(Translation { model, crop, result, in_picture, points, faces, similarity, exaggeration })
    }

    fn detect(&self, picture: &Picture) -> Result<Vec<DetectedFace>, ServiceError> {
        let faces = self.detector.landmarks(picture).map_err(|error| unusable(error.into()))?;
        Ok(faces.iter().map(DetectedFace::new).collect())
    }
}

/// The picture with a longer side of so many pixels.
fn sized(picture: Picture, longer: Option<usize>) -> anyhow::Result<Picture> {
    let Some(longer) = longer else { return Ok(picture) };
    let [width, height] = [picture.width(), picture.height()];
    let scale = longer as f64 / width.max(height) as f64;
    let [width, height] = [width, height].map(|side| ((side as f64 * scale).round() as usize).max(1));
    Ok(resize(&picture, width, height)?)
}
