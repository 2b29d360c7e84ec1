//! The viewer's page and its pictures.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use super::answers::row;
use super::renditions::Size;
use super::state::DatasetsState;
use crate::web::files::{PageFile, page_files};
use crate::web::queue::blocking;
use crate::web::reply::Failure;

/// How long a browser keeps a picture without asking again.
const PICTURE_CACHE: &str = "private, max-age=600";

/// The page's files.
pub(super) fn assets() -> Router {
    page_files([
        PageFile::page("/datasets", "datasets", "Datasets · Portraitist", include_str!("assets/datasets.html")),
        PageFile::css("/datasets.css", include_str!("assets/datasets.css")),
        PageFile::script("/datasets.js", include_str!("assets/datasets.js")),
        PageFile::script("/grid.js", include_str!("assets/grid.js")),
        PageFile::script("/picture.js", include_str!("assets/picture.js")),
    ])
}

/// A small picture of an original.
pub(super) async fn thumb(state: State<DatasetsState>, place: Path<(String, String)>) -> Result<Response, Failure> {
    picture(state, place, Size::Thumb, false).await
}

/// The original, of a bounded size.
pub(super) async fn original(state: State<DatasetsState>, place: Path<(String, String)>) -> Result<Response, Failure> {
    picture(state, place, Size::Large, false).await
}

/// The crop of a prepared dataset.
pub(super) async fn crop(state: State<DatasetsState>, place: Path<(String, String)>) -> Result<Response, Failure> {
    picture(state, place, Size::Large, true).await
}

async fn picture(
    State(state): State<DatasetsState>,
    Path((dataset, id)): Path<(String, String)>,
    size: Size,
    is_crop: bool,
) -> Result<Response, Failure> {
    let renditions = state.renditions.clone();
    let find = move || {
        let row = row(&state, &dataset, &id)?;
        let file = if is_crop { row.crop } else { Some(row.original) };
        let none = || Failure::not_there("the picture has no crop", "it was dropped");
        state.catalogue.inside(&file.ok_or_else(none)?)
    };
    let file = blocking(find).await??;
    let bytes = renditions.get(file, size).await?;
    Ok(([(CONTENT_TYPE, "image/jpeg"), (CACHE_CONTROL, PICTURE_CACHE)], bytes).into_response())
}
