//! What the server says of itself: models, health, metrics, the description of its interface; and the cookie for browsers.

use axum::Json;
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, ORIGIN, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::service::OfferedModel;
use super::state::ApiState;
use crate::web::Budget;
use crate::web::metrics::{Gauge, resident_bytes};
use crate::web::reply::Failure;

/// The description of the interface; a test compares it with what is answered.
pub(in crate::web) const OPENAPI: &str = include_str!("openapi.json");

#[derive(Serialize)]
pub(super) struct ModelsReply {
    /// The first is the one that is used where none is named.
    models: Vec<OfferedModel>,
    /// Largest body of a request.
    max_upload_bytes: usize,
    /// Most pixels of a picture.
    max_pixels: u64,
    /// Most pixels of a drawing, of a photo of a megapixel.
    max_drawn_pixels: usize,
}

/// The models, and how large pictures may be.
pub(super) async fn models(State(state): State<ApiState>) -> Json<ModelsReply> {
    let models = state.service.models().to_vec();
    let Budget { upload_bytes, pixels, .. } = state.budget;
    let max_drawn_pixels = state.budget.most_drawn_pixels();
    Json(ModelsReply { models, max_upload_bytes: upload_bytes, max_pixels: pixels, max_drawn_pixels })
}

#[derive(Serialize)]
pub(super) struct HealthReply {
    status: &'static str,
    version: &'static str,
}

/// The server is there.
pub(super) async fn health() -> Json<HealthReply> {
    Json(HealthReply { status: "ok", version: env!("CARGO_PKG_VERSION") })
}

/// Numbers for Prometheus.
pub(super) async fn metrics(State(state): State<ApiState>) -> Response {
    let gauge = |name, help, value| Gauge { name, help, value };
    let text = state.metrics().text(&[
        gauge("portraitist_queue_taken", "Jobs at work or waiting.", state.queue.taken() as u64),
        gauge("portraitist_connections_open", "Open connections.", state.connections.count() as u64),
        gauge("portraitist_resident_bytes", "Resident memory; 0 where the system does not tell.", resident_bytes()),
    ]);
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

/// The description of the interface.
pub(super) async fn openapi() -> Response {
    ([(CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}

/// Gives a browser that shows the token the cookie that stands for it.
pub(super) async fn session(State(state): State<ApiState>, headers: HeaderMap) -> Result<Response, Failure> {
    let access = &state.guard.access;
    if !access.shows_token(&headers) {
        return Err(Failure::unauthorised());
    }
    let is_https = headers.get(ORIGIN).is_some_and(|origin| origin.as_bytes().starts_with(b"https:"));
    let cookie = access.cookie(is_https).and_then(|cookie| HeaderValue::from_str(&cookie).ok());
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().extend(cookie.map(|cookie| (SET_COOKIE, cookie)));
    Ok(response)
}
