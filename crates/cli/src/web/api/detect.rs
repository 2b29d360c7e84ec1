//! `POST /api/detect`: where the faces of a picture are.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use portraitist_face::Decoded;
use serde::Serialize;

use super::fields::DETECT;
use super::form::{Form, Parameters, receive};
use super::job::{Answer, Wanted, answer};
use super::service::{FaceService, Step, Watch};
use super::state::ApiState;
use super::translate::{decode, failure};
use crate::faces::detected::DetectedFace;
use crate::web::reply::Failure;
use crate::web::sockets::Connection;

/// As a picture of `detect --json`.
#[derive(Serialize)]
struct DetectionReply {
    /// Width of the upright picture in pixels.
    width: usize,
    /// Height of the upright picture in pixels.
    height: usize,
    faces: Vec<DetectedFace>,
    /// What is to be said of the picture's file.
    warnings: Vec<String>,
}

impl Answer for DetectionReply {
    fn take_png(&mut self) -> Option<Vec<u8>> {
        None
    }
}

/// Finds the faces of the picture of a request.
pub(super) async fn detect(
    State(state): State<ApiState>,
    connection: Option<Extension<Arc<Connection>>>,
    headers: HeaderMap,
    parameters: Parameters,
    body: Body,
) -> Result<Response, Failure> {
    let form = receive(&state.queue, &headers, parameters, body, &DETECT).await?;
    let (service, pixels) = (Arc::clone(&state.service), state.budget.pixels);
    let work = move |watch: &dyn Watch| find(service.as_ref(), form, pixels, watch);
    let connection = connection.map(|Extension(connection)| connection);
    answer(&state, connection, Wanted::of(&headers), "detect", work).await
}

fn find(service: &dyn FaceService, form: Form, mut pixels: u64, watch: &dyn Watch) -> Result<DetectionReply, Failure> {
    let Form { picture: file, name, held, .. } = form;
    let begin = |step| watch.begin(step).map_err(|error| failure(error, &name));
    begin(Step::Reading)?;
    let Decoded { picture, warnings } = decode(&name, &file, &mut pixels)?;
    drop((file, held));
    begin(Step::Finding)?;
    let faces = service.detect(&picture).map_err(|error| failure(error, &name))?;
    let warnings = warnings.iter().map(ToString::to_string).collect();
    Ok(DetectionReply { width: picture.width(), height: picture.height(), faces, warnings })
}
