//! `POST /api/translate`: a picture goes in, its translation comes out.

use std::sync::Arc;
use std::time::Instant;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portraitist_face::picture::{Header, PictureFormat};
use portraitist_face::transform::Point;
use portraitist_face::{Decoded, Picture};
use serde::Serialize;

use super::fields::{TRANSLATE, check_names, check_points, translate_request};
use super::form::{Form, Parameters, receive};
use super::job::{Answer, Wanted, answer};
use super::service::{FaceService, OfferedModel, ServiceError, Step, TranslateRequest, Translation, Watch};
use super::state::ApiState;
use crate::translation::likeness::{as_alike_percent, is_same_person};
use crate::web::Budget;
use crate::web::reply::{Failure, split_hint};
use crate::web::sockets::Connection;

/// A translation as clients read it.
#[derive(Serialize)]
pub(super) struct TranslationReply {
    model: String,
    to: &'static str,
    /// `null` for the style of an example.
    seed: Option<u64>,
    /// How far the person was exaggerated, 0 to 2.
    exaggeration: f64,
    /// Time from the file to the result, without waiting and sending.
    seconds: f64,
    /// Width of the upright picture in pixels.
    width: usize,
    /// Height of the upright picture in pixels.
    height: usize,
    /// Faces that were found; 0 where points were given.
    faces: usize,
    /// The five points in pixels of the upright picture.
    points: [Point; 5],
    /// How alike crop and result are, as in `translate --json`.
    similarity: Option<f32>,
    /// Whether that is so alike that few pairs of different people are.
    same_person: Option<bool>,
    /// Of a hundred pairs of photos of different people, how many are as alike.
    as_alike_percent: Option<f32>,
    crop: PictureReply,
    result: PictureReply,
    in_picture: Option<PictureReply>,
    /// What is to be said of the picture's file.
    warnings: Vec<String>,
    /// The result as a file.
    #[serde(skip)]
    file: Vec<u8>,
}

/// A picture inside the answer: simpler than keeping it for a second request, and no photo is kept here.
#[derive(Serialize)]
struct PictureReply {
    width: usize,
    height: usize,
    /// A `data:` address.
    url: String,
}

impl PictureReply {
    fn new(picture: &Picture, bytes: &[u8], format: PictureFormat) -> Self {
        let kind = if format == PictureFormat::Png { "png" } else { "jpeg" };
        let mut url = format!("data:image/{kind};base64,");
        STANDARD.encode_string(bytes, &mut url);
        Self { width: picture.width(), height: picture.height(), url }
    }

    fn jpeg(picture: &Picture) -> Result<Self, Failure> {
        Ok(Self::new(picture, &encoded(picture, PictureFormat::Jpeg)?, PictureFormat::Jpeg))
    }
}

fn encoded(picture: &Picture, format: PictureFormat) -> Result<Vec<u8>, Failure> {
    picture.encode(format).map_err(|error| Failure::internal(error.to_string()))
}

impl Answer for TranslationReply {
    fn take_png(&mut self) -> Option<Vec<u8>> {
        Some(std::mem::take(&mut self.file))
    }
}

/// Translates the picture of a request.
pub(super) async fn translate(
    State(state): State<ApiState>,
    connection: Option<Extension<Arc<Connection>>>,
    headers: HeaderMap,
    parameters: Parameters,
    body: Body,
) -> Result<Response, Failure> {
    let work = prepare(&state, &headers, parameters, body).await?;
    let connection = connection.map(|Extension(connection)| connection);
    answer(&state, connection, Wanted::of(&headers), WORK, work).await
}

/// What translations are called where work is counted.
pub(super) const WORK: &str = "translate";

/// Receives a request; what it asks for is done when the work is called.
///
/// # Errors
/// For requests that are wrong in themselves.
pub(super) async fn prepare(
    state: &ApiState,
    headers: &HeaderMap,
    parameters: Parameters,
    body: Body,
) -> Result<impl FnOnce(&dyn Watch) -> Result<TranslationReply, Failure> + Send + 'static + use<>, Failure> {
    let form = receive(&state.queue, headers, parameters, body, &TRANSLATE).await?;
    let (request, seed) = translate_request(&form.fields, form.style_picture.is_some())?;
    check_names(state.service.models(), &request)?;
    let (service, budget) = (Arc::clone(&state.service), state.budget);
    Ok(move |watch: &dyn Watch| work(service.as_ref(), form, request, seed, budget, watch))
}

/// From file to answer; gives up between two steps when nobody waits any more.
fn work(
    service: &dyn FaceService,
    form: Form,
    mut request: TranslateRequest,
    seed: Option<u64>,
    budget: Budget,
    watch: &dyn Watch,
) -> Result<TranslationReply, Failure> {
    let Form { picture: file, name, style_picture, held, .. } = form;
    let begin = |step| watch.begin(step).map_err(|error| failure(error, &name));
    begin(Step::Reading)?;
    let start = Instant::now();
    let mut left = budget.pixels;
    if let Some(file) = style_picture {
        let example = decode("the style's example", &file, &mut left)?;
        request.example = Some(example.picture);
    }
    let header = Header::parse(&name, &file).map_err(|error| Failure::from_decoding(&error))?;
    request.most_pixels = admitted(service.models(), &request, &header, budget, budget.pixels - left)?;
    let Decoded { picture, warnings } = decode(&name, &file, &mut left)?;
    drop((file, held));
    let warnings = warnings.iter().map(ToString::to_string).collect();
    check_points(&request, &picture)?;
    begin(Step::Finding)?;
    let translation = service.translate(&picture, &request, watch).map_err(|error| failure(error, &name))?;
    let seconds = start.elapsed().as_secs_f64();
    let size = [picture.width(), picture.height()];
    drop(picture);
    reply(translation, request.to.name(), seed, seconds, size, warnings)
}

/// The most pixels that may be drawn beside the picture, and `others` that were decoded before.
///
/// # Errors
/// If a size is asked for that has more.
fn admitted(
    models: &[OfferedModel],
    request: &TranslateRequest,
    header: &Header,
    budget: Budget,
    others: u64,
) -> Result<usize, Failure> {
    let most = budget.drawn_pixels(header.width as u64 * header.height as u64 + others);
    let Some(size) = request.size else { return Ok(most) };
    let model = match &request.model {
        Some(name) => models.iter().find(|model| model.name == *name),
        None => models.first(),
    };
    let [width, height] = match model.filter(|_| !request.whole) {
        Some(model) => [model.width, model.height],
        None => [header.width, header.height],
    };
    let shape = width.min(height) as f64 / width.max(height).max(1) as f64;
    let wanted = (size * size) as f64 * shape;
    if wanted <= most as f64 {
        return Ok(most);
    }
    let side = (most as f64 / shape.max(f64::MIN_POSITIVE)).sqrt().floor();
    Err(Failure::too_large_a_drawing(size, side as usize))
}

/// Decodes a file if its pixels are among those that are `left`.
///
/// # Errors
/// For files that are no pictures, and for pictures that are too large.
pub(in crate::web) fn decode(name: &str, file: &[u8], left: &mut u64) -> Result<Decoded, Failure> {
    let Header { width, height, .. } = Header::parse(name, file).map_err(|error| Failure::from_decoding(&error))?;
    let after = left.checked_sub(width as u64 * height as u64);
    *left = after.ok_or_else(|| Failure::too_many_pixels(name, width, height, *left))?;
    Decoded::decode(name, file).map_err(|error| Failure::from_decoding(&error))
}

/// The answer for a picture of that `name` that cannot be translated.
pub(super) fn failure(error: ServiceError, name: &str) -> Failure {
    match error {
        ServiceError::NoFace => {
            let hint = "place the points, or choose a picture in which the face looks towards the camera";
            Failure::unprocessable("no_face", format!("{name}: no face was found"), hint)
        }
        ServiceError::Unusable(text) => {
            let (error, hint) = split_hint(&text, "choose another picture");
            Failure::unprocessable("unusable", error, hint)
        }
        ServiceError::Gone => Failure::internal("the client has gone"),
    }
}

fn reply(
    translation: Translation,
    to: &'static str,
    seed: Option<u64>,
    seconds: f64,
    [width, height]: [usize; 2],
    warnings: Vec<String>,
) -> Result<TranslationReply, Failure> {
    let Translation { similarity, result, .. } = translation;
    let file = encoded(&result, PictureFormat::Png)?;
    Ok(TranslationReply {
        model: translation.model,
        to,
        seed,
        exaggeration: translation.exaggeration,
        seconds,
        width,
        height,
        faces: translation.faces,
        points: translation.points,
        similarity,
        same_person: similarity.map(is_same_person),
        as_alike_percent: similarity.map(as_alike_percent),
        crop: PictureReply::jpeg(&translation.crop)?,
        result: PictureReply::new(&result, &file, PictureFormat::Png),
        in_picture: translation.in_picture.as_ref().map(PictureReply::jpeg).transpose()?,
        warnings,
        file,
    })
}
