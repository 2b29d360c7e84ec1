//! The networks behind the server: translators, which are loaded when they are first asked for, and a recogniser.

use std::borrow::Cow;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use portraitist_face::Picture;
use portraitist_face::detect::LandmarkDetector;
use portraitist_face::pipeline::FaceCrop;
use portraitist_face::template::Template;
use portraitist_face::transform::Point;
use portraitist_nn::builtin::{self, BuiltIn, MODELS};
use portraitist_nn::config::Domain;
use portraitist_nn::config::munit::TranslatorConfig;
use portraitist_nn::inference::InferencePrecision;
use portraitist_nn::random::style_code;
use portraitist_nn::recognition::Recognizer;
use portraitist_nn::translate::slerp;
use portraitist_nn::weights::{ModelConfig, ModelFile};

use crate::faces::detected::DetectedFace;
use crate::memory::give_memory_back;
use crate::models::{open_landmark_detector, open_recognizer};
use crate::output::describe;
use crate::translation::exaggeration::Exaggerating;
use crate::translation::translator::FaceTranslator;
use crate::translation::{Subject, Tools, View};
use crate::web::api::{
    FaceService, OfferedModel, OfferedStyles, ServiceError, Step, Style, TranslateRequest, Translation, Watch,
};

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
        let offered = offered(model, first.model.config())?;
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
            (Style::Named(name), _) => {
                let styles = translator.model.config().styles.of(request.to);
                styles.get(name).cloned().with_context(|| format!("the model knows no style {name}"))?
            }
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
fn offered(model: &Path, config: &TranslatorConfig) -> anyhow::Result<Vec<OfferedModel>> {
    let built_in = MODELS.iter().filter(|model| builtin::NAMES.contains(&model.name));
    let built_in: Vec<OfferedModel> = built_in.map(built_in_model).collect::<anyhow::Result<_>>()?;
    let (mut first, rest): (Vec<_>, Vec<_>) =
        built_in.into_iter().partition(|known| model.to_str() == Some(known.name.as_str()) && !model.exists());
    if first.is_empty() {
        // Only the last part of the path: where files lie is nobody's business.
        let stem = model.file_stem().unwrap_or(model.as_os_str()).to_string_lossy().into_owned();
        let taken = rest.iter().any(|known| known.name == stem);
        let name = if taken { format!("{stem} (--model)") } else { stem };
        first.push(offered_as(name, "given with --model", None, None, config));
    }
    Ok(first.into_iter().chain(rest).collect())
}

fn built_in_model(model: &BuiltIn) -> anyhow::Result<OfferedModel> {
    let ModelConfig::Translator(config) = ModelFile::from_bytes(model.bytes, model.name)?.config else {
        anyhow::bail!("{} is no translator", model.name)
    };
    Ok(offered_as(model.name.to_owned(), model.purpose, Some(model.licence), Some(model.document), &config))
}

fn offered_as(
    name: String,
    purpose: &str,
    licence: Option<&'static str>,
    document: Option<&'static str>,
    config: &TranslatorConfig,
) -> OfferedModel {
    let Template { width, height, .. } = config.picture.frame(config.picture.translation_scale);
    let names = |domain| config.styles.of(domain).keys().cloned().collect();
    let styles = OfferedStyles { drawing: names(Domain::Drawing), photo: names(Domain::Photo) };
    OfferedModel { name, purpose: purpose.to_owned(), licence, document, width, height, styles }
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
        let (model, own) = self.translator(request.model.as_deref(), request.to)?;
        let translator = match (request.size, request.whole) {
            (None, false) => FaceTranslator::clone(&own),
            (size, whole) => own.sized(size.filter(|_| !whole)),
        };
        let (face, faces) = self.face(&translator, picture, request)?;
        watch.begin(Step::Translating)?;
        let style = self.style(&own, request).map_err(unusable)?;
        let view = view(&translator, picture, &face, request).map_err(unusable)?;
        let exaggerating = Exaggerating::by(request.exaggerate, false);
        let tools = Tools { translator: &translator, recognizer: Some(&self.recognizer), exaggerating: &exaggerating };
        let subject = Subject::new(tools, &view, request.to).map_err(unusable)?;
        // `auto` draws several times.
        let begin = || Ok(watch.begin(Step::Translating)?);
        let (translated, exaggeration) = subject.translate(&style, &begin).map_err(unusable)?;
        watch.begin(Step::Comparing)?;
        let similarity = subject.similarity(&translated.picture).ok().flatten();
        let similarity = similarity.filter(|similarity| similarity.is_finite());
        drop(subject);
        let is_pasted = request.in_picture && !request.whole;
        let pasted = is_pasted.then(|| translator.paste(picture, &face, &translated.picture));
        let in_picture = pasted.transpose().map_err(unusable)?;
        let (crop, points) = (view.picture.into_owned(), face.points);
        Ok(Translation { model, crop, result: translated.picture, in_picture, points, faces, similarity, exaggeration })
    }

    fn detect(&self, picture: &Picture) -> Result<Vec<DetectedFace>, ServiceError> {
        let faces = self.detector.landmarks(picture).map_err(|error| unusable(error.into()))?;
        Ok(faces.iter().map(DetectedFace::new).collect())
    }
}

/// What is drawn: the face's crop, or the whole picture; with the points that somebody has put right.
fn view<'a>(
    translator: &FaceTranslator,
    picture: &Picture,
    face: &'a FaceCrop,
    request: &TranslateRequest,
) -> anyhow::Result<View<'a>> {
    let points = |moved: &dyn Fn(Point) -> Point| request.shape.as_ref().map(|shape| shape.map(moved));
    if !request.whole {
        let points = points(&|point| face.transform.apply(point));
        return Ok(View { picture: Cow::Borrowed(&face.crop), frame: translator.frame, points });
    }
    let (whole, frame) = translator.whole(picture, face, request.size, request.most_pixels)?;
    let scale = [whole.width() as f64 / picture.width() as f64, whole.height() as f64 / picture.height() as f64];
    let points = points(&|[x, y]| [x * scale[0], y * scale[1]]);
    Ok(View { picture: Cow::Owned(whole), frame, points })
}
