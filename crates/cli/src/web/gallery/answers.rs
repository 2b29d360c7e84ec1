//! What the gallery's page is told, and what it keeps.

use std::fs::File;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use portraitist_face::picture::PictureFormat;
use serde::Serialize;

use super::store::{Gallery, seconds_left};
use crate::web::api::decode;
use crate::web::files::sent;
use crate::web::queue::{Queue, blocking};
use crate::web::reply::Failure;
use crate::web::upload::read_body;

/// What requests of the gallery share.
#[derive(Clone)]
pub(super) struct GalleryState {
    pub(super) gallery: Arc<Gallery>,
    pub(super) queue: Queue,
    pub(super) pixels: u64,
}

#[derive(Serialize)]
pub(super) struct GalleryReply {
    /// How long each picture is kept, in seconds.
    kept_seconds: u64,
    pictures: Vec<PictureReply>,
}

#[derive(Serialize)]
pub(super) struct PictureReply {
    id: String,
    /// For how many seconds it is still kept.
    seconds_left: u64,
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::internal(format!("the gallery: {error}"))
}

fn missing() -> Failure {
    Failure::not_there("there is no such picture", "it is no longer kept; load the page again")
}

/// Everything that is kept.
pub(super) async fn list(State(state): State<GalleryState>) -> Result<Json<GalleryReply>, Failure> {
    let gallery = Arc::clone(&state.gallery);
    let kept = blocking(move || gallery.sweep()).await?.map_err(failed)?;
    let row = |kept: super::store::Kept| PictureReply { seconds_left: seconds_left(&kept), id: kept.id };
    let kept_seconds = state.gallery.kept_for().as_secs();
    Ok(Json(GalleryReply { kept_seconds, pictures: kept.into_iter().map(row).collect() }))
}

/// Keeps a picture. It is decoded and written anew: what else its file holds is not kept.
pub(super) async fn keep(State(state): State<GalleryState>, body: Body) -> Result<Response, Failure> {
    let mut held = state.queue.memory.receive().ok_or_else(Failure::busy)?;
    let file = read_body(body, &mut held, 1).await?;
    let place = state.queue.enter().ok_or_else(Failure::busy)?;
    let GalleryState { gallery, mut pixels, .. } = state;
    let work = place.run(move |_| {
        let _held = held;
        let picture = decode("the picture", &file, &mut pixels)?.picture;
        drop(file);
        let png = picture.encode(PictureFormat::Png).map_err(|error| Failure::internal(error.to_string()))?;
        let id = gallery.keep(&png).map_err(failed)?;
        Ok(PictureReply { id, seconds_left: gallery.kept_for().as_secs() })
    });
    let reply = work.await.map_err(|_stopped| failed("the work was not finished"))??;
    Ok((StatusCode::CREATED, Json(reply)).into_response())
}

/// A picture.
pub(super) async fn picture(State(state): State<GalleryState>, Path(id): Path<String>) -> Result<Response, Failure> {
    let open = move || state.gallery.find(&id)?.map(File::open).transpose();
    let file = blocking(open).await?.map_err(failed)?.ok_or_else(missing)?;
    Ok(([(CONTENT_TYPE, "image/png"), (CACHE_CONTROL, "private, no-store")], sent(file)).into_response())
}

/// Forgets a picture.
pub(super) async fn forget(State(state): State<GalleryState>, Path(id): Path<String>) -> Result<StatusCode, Failure> {
    let is_gone = blocking(move || state.gallery.forget(&id)).await?.map_err(failed)?;
    if is_gone { Ok(StatusCode::NO_CONTENT) } else { Err(missing()) }
}
