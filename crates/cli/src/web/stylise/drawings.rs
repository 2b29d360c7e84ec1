//! `POST /api/drawings`: the body is a picture file, the answer its drawing.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::{Extension, Json};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portraitist_face::picture::PictureFormat;
use portraitist_face::transform::Point;
use portraitist_face::{Decoded, Picture};
use serde::{Deserialize, Serialize};

use super::likeness::{as_alike_percent, is_same_person};
use super::service::{StyliseError, StyliseRequest, Stylised, TranslatorService};
use super::state::StyliseState;
use crate::web::connections::{Connection, Phase};
use crate::web::limits::{MAX_NAME_LENGTH, MAX_QUOTE_LENGTH};
use crate::web::queue::Audience;
use crate::web::reply::{Failure, split_hint};
use crate::web::upload::{discard, read_body};

/// What a photo without a name is called in messages.
const NAMELESS: &str = "the photo";

/// The address's parameters as text: wrong ones are answered in this program's words.
#[derive(Deserialize)]
pub(super) struct Parameters {
    seed: Option<String>,
    points: Option<String>,
    name: Option<String>,
}

/// A drawing as the page reads it.
#[derive(Serialize)]
pub(super) struct DrawingReply {
    seed: u64,
    /// Time from the file to the drawing, without waiting and sending.
    seconds: f64,
    /// Width of the upright photo in pixels.
    width: usize,
    /// Height of the upright photo in pixels.
    height: usize,
    /// The five points in pixels of the upright photo.
    points: [Point; 5],
    /// How alike photo and drawing are, as in `translate --json`.
    similarity: Option<f32>,
    /// Whether that is so alike that few pairs of different people are.
    same_person: Option<bool>,
    /// Of a hundred pairs of photos of different people, how many are as alike.
    as_alike_percent: Option<f32>,
    crop: PictureReply,
    drawing: PictureReply,
    in_picture: Option<PictureReply>,
    /// What is to be said of the photo's file.
    warnings: Vec<String>,
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
    fn new(picture: &Picture, format: PictureFormat) -> Result<Self, Failure> {
        let bytes = picture.encode(format).map_err(|error| Failure::internal(error.to_string()))?;
        let kind = if format == PictureFormat::Png { "png" } else { "jpeg" };
        let mut url = format!("data:image/{kind};base64,");
        STANDARD.encode_string(&bytes, &mut url);
        Ok(Self { width: picture.width(), height: picture.height(), url })
    }
}

/// Draws the picture in the body.
pub(super) async fn create(
    State(state): State<StyliseState>,
    connection: Option<Extension<Arc<Connection>>>,
    parameters: Result<Query<Parameters>, QueryRejection>,
    body: Body,
) -> Result<Json<DrawingReply>, Failure> {
    let (request, name) = match parse(parameters) {
        Ok(parsed) => parsed,
        Err(failure) => {
            discard(body).await;
            return Err(failure);
        }
    };
    let held = if state.queue.is_full() { None } else { state.queue.receive() };
    let Some(mut held) = held else {
        discard(body).await;
        return Err(Failure::busy());
    };
    let file = read_body(body, &mut held).await?;
    let place = state.queue.enter().ok_or_else(Failure::busy)?;
    if let Some(Extension(connection)) = connection {
        connection.enter(Phase::Working);
    }
    let translator = Arc::clone(&state.translator);
    place
        .run(move |audience| {
            let _until_done = held;
            draw(translator.as_ref(), file, &name, &request, audience)
        })
        .await
        .map_err(|_stopped| Failure::internal("the drawing was not finished"))?
        .map(Json)
}

/// From file to answer; gives up between two steps when nobody waits any more.
fn draw(
    translator: &dyn TranslatorService,
    file: Vec<u8>,
    name: &str,
    request: &StyliseRequest,
    audience: &Audience,
) -> Result<DrawingReply, Failure> {
    let go_on = || if audience.is_waiting() { Ok(()) } else { Err(Failure::internal("the client has gone")) };
    go_on()?;
    let start = Instant::now();
    let decoded = Decoded::decode(name, &file).map_err(|error| Failure::from_decoding(&error))?;
    drop(file);
    let warnings = decoded.warnings.iter().map(ToString::to_string).collect();
    let photo = decoded.picture;
    check_points(request, &photo)?;
    go_on()?;
    let stylised = translator.stylise(&photo, request).map_err(|error| failure(error, name))?;
    let seconds = start.elapsed().as_secs_f64();
    go_on()?;
    answer(request.seed, seconds, &photo, &stylised, warnings)
}

/// The answer for a photo of that `name` that cannot be drawn.
fn failure(error: StyliseError, name: &str) -> Failure {
    match error {
        StyliseError::NoFace => {
            let hint = "click the five points, or choose a photo in which the face looks towards the camera";
            Failure::unprocessable("no_face", format!("{name}: no face was found"), hint)
        }
        StyliseError::Unusable(text) => {
            let (error, hint) = split_hint(&text, "choose another photo");
            Failure::unprocessable("unusable", error, hint)
        }
    }
}

fn answer(
    seed: u64,
    seconds: f64,
    photo: &Picture,
    stylised: &Stylised,
    warnings: Vec<String>,
) -> Result<DrawingReply, Failure> {
    let in_picture = stylised.in_picture.as_ref().map(|picture| PictureReply::new(picture, PictureFormat::Jpeg));
    Ok(DrawingReply {
        seed,
        seconds,
        width: photo.width(),
        height: photo.height(),
        points: stylised.points,
        similarity: stylised.similarity,
        same_person: stylised.similarity.map(is_same_person),
        as_alike_percent: stylised.similarity.map(as_alike_percent),
        crop: PictureReply::new(&stylised.crop, PictureFormat::Jpeg)?,
        drawing: PictureReply::new(&stylised.drawing, PictureFormat::Png)?,
        in_picture: in_picture.transpose()?,
        warnings,
    })
}

/// Reads the address's parameters.
fn parse(parameters: Result<Query<Parameters>, QueryRejection>) -> Result<(StyliseRequest, String), Failure> {
    let Query(parameters) = parameters.map_err(|error| {
        Failure::bad_request(error.body_text(), "the parameters are seed, points and name, each once")
    })?;
    let seed = parameters.seed.as_deref().map_or(Ok(0), parse_seed)?;
    let points = parameters.points.as_deref().map(parse_points).transpose()?;
    let name = parameters.name.as_deref().map_or_else(|| NAMELESS.to_owned(), tidy_name);
    Ok((StyliseRequest { seed, points }, name))
}

fn parse_seed(text: &str) -> Result<u64, Failure> {
    text.parse().map_err(|_| {
        let error = format!("seed: expected a whole number from 0 to {}, found \"{}\"", u64::MAX, shortened(text));
        Failure::bad_request(error, "leave the seed out, or use one like 42")
    })
}

fn parse_points(text: &str) -> Result<[Point; 5], Failure> {
    let numbers: Vec<f64> = text
        .split(',')
        .map_while(|number| number.trim().parse().ok())
        .filter(|number: &f64| number.is_finite())
        .collect();
    let points: Vec<Point> = numbers.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect();
    let complete = numbers.len() == 10 && text.split(',').count() == 10;
    points.try_into().ok().filter(|_| complete).ok_or_else(|| {
        let error = format!("points: expected ten numbers separated by commas, found \"{}\"", shortened(text));
        Failure::bad_request(error, "give x,y of the left eye, right eye, nose tip, left and right mouth corner")
    })
}

/// Points may lie outside a photo that cuts the face, but not far from it.
fn check_points(request: &StyliseRequest, photo: &Picture) -> Result<(), Failure> {
    let (width, height) = (photo.width() as f64, photo.height() as f64);
    let is_near = |value: f64, side: f64| (-side / 2.0..=side * 1.5).contains(&value);
    let stray = request.points.iter().flatten().find(|[x, y]| !is_near(*x, width) || !is_near(*y, height));
    match stray {
        None => Ok(()),
        Some([x, y]) => {
            let error = format!("points: expected points in a photo of {width}x{height} pixels, found ({x}, {y})");
            Err(Failure::bad_request(error, "click the points on the photo again"))
        }
    }
}

/// A file name fit for a message.
fn tidy_name(name: &str) -> String {
    let tidy: String = name.chars().filter(|character| !character.is_control()).take(MAX_NAME_LENGTH).collect();
    if tidy.trim().is_empty() { NAMELESS.to_owned() } else { tidy }
}

fn shortened(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(MAX_QUOTE_LENGTH).collect()
}
