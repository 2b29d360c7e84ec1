//! What the viewer is told, as JSON.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::path::PathBuf;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use portraitist_face::dataset::Layout;
use portraitist_face::landmarks::{COUNT, Landmarks};
use portraitist_face::picture::Header;
use portraitist_face::transform::Point;
use serde::Serialize;

use super::listing::{Listing, PictureRow};
use super::marks::{Decision, Mark};
use super::state::DatasetsState;
use crate::web::queue::blocking;
use crate::web::reply::Failure;
use crate::web::upload::read_text;

/// Longest note, in characters.
const LONGEST_NOTE: usize = 2000;

#[derive(Serialize)]
pub(super) struct Names {
    datasets: Vec<String>,
    /// Whether marks are kept.
    keeps_marks: bool,
}

/// The names of the datasets.
pub(super) async fn list(State(state): State<DatasetsState>) -> Result<Json<Names>, Failure> {
    let keeps_marks = state.marks.is_some();
    let names = blocking(move || state.catalogue.datasets()).await?;
    let datasets = names.map_err(|error| Failure::internal(format!("the datasets cannot be listed: {error}")))?;
    Ok(Json(Names { datasets, keeps_marks }))
}

#[derive(Serialize)]
pub(super) struct DatasetReply {
    name: String,
    layout: Layout,
    prepared: bool,
    people: usize,
    drawings: usize,
    photos: usize,
    kept: usize,
    /// Pictures dropped, by reason.
    dropped: BTreeMap<String, usize>,
    has_protocols: bool,
    has_sensitivity: bool,
    remarks: Vec<String>,
    /// By the picture's id.
    marks: HashMap<String, Mark>,
}

impl DatasetReply {
    /// With the pictures, which every answer shares, as the field `pictures`.
    fn with_pictures(&self, listing: &Listing) -> Result<Response, Failure> {
        let mut head = serde_json::to_vec(self).map_err(|error| Failure::internal(error.to_string()))?;
        head.pop();
        head.extend(b",\"pictures\":");
        let parts = [Bytes::from(head), listing.json.clone(), Bytes::from_static(b"}")];
        let length: usize = parts.iter().map(Bytes::len).sum();
        let body = Body::from_stream(tokio_stream::iter(parts.map(Ok::<_, Infallible>)));
        let headers = [(CONTENT_TYPE, "application/json".to_owned()), (CONTENT_LENGTH, length.to_string())];
        Ok((headers, body).into_response())
    }
}

/// Everything about a dataset that is seen at a glance.
pub(super) async fn dataset(State(state): State<DatasetsState>, Path(name): Path<String>) -> Result<Response, Failure> {
    blocking(move || {
        let listing = state.catalogue.open(&name)?;
        let marks = marks(&state, &name)?;
        let rows = &listing.pictures;
        let by_label: HashMap<&str, &str> = rows.iter().map(|row| (row.label.as_str(), row.id.as_str())).collect();
        let marks =
            marks.into_iter().filter_map(|(label, mark)| Some((by_label.get(label.as_str())?.to_string(), mark)));
        let count = |domain: &str| rows.iter().filter(|row| row.domain == domain).count();
        let mut dropped = BTreeMap::new();
        for row in rows.iter().filter(|row| row.kept == Some(false)) {
            *dropped.entry(row.reason.clone()).or_default() += 1;
        }
        let mut people: Vec<&str> = rows.iter().map(|row| row.person.as_str()).collect();
        people.sort_unstable();
        people.dedup();
        let reply = DatasetReply {
            layout: listing.dataset.layout,
            prepared: listing.is_prepared(),
            people: people.len(),
            drawings: count("drawing"),
            photos: count("photo"),
            kept: rows.iter().filter(|row| row.kept != Some(false)).count(),
            dropped,
            has_protocols: listing.dataset.protocols.is_some(),
            has_sensitivity: listing.sensitivity_file().is_some(),
            remarks: listing.remarks(),
            marks: marks.collect(),
            name,
        };
        reply.with_pictures(&listing)
    })
    .await?
}

fn marks(state: &DatasetsState, dataset: &str) -> Result<BTreeMap<String, Mark>, Failure> {
    let marks = state.marks.as_ref().map(|marks| marks.of(dataset)).transpose();
    let marks = marks.map_err(|error| Failure::internal(format!("the marks cannot be read: {error}")))?;
    Ok(marks.unwrap_or_default())
}

#[derive(Serialize)]
pub(super) struct LandmarksReply {
    width: usize,
    height: usize,
    /// In pixels of the upright original: 17, 5, or none.
    points: Vec<Point>,
    /// From original to crop.
    transform: Option<[[f64; 3]; 2]>,
}

/// The points of a picture.
pub(super) async fn landmarks(
    State(state): State<DatasetsState>,
    Path((name, id)): Path<(String, String)>,
) -> Result<Json<LandmarksReply>, Failure> {
    blocking(move || {
        let row = row(&state, &name, &id)?;
        let original = state.catalogue.inside(&row.original)?;
        let header = Header::read(&original).map_err(|error| Failure::from_decoding(&error))?;
        let file: Option<PathBuf> = row.landmarks.as_deref().and_then(|path| state.catalogue.inside(path).ok());
        let points = match file.and_then(|file| Landmarks::read(&file).ok()) {
            Some(landmarks) => landmarks.0.to_vec(),
            None => row.prepared_points.clone(),
        };
        let (width, height) = (header.width, header.height);
        Ok(Json(LandmarksReply { width, height, points, transform: row.transform }))
    })
    .await?
}

/// Stores what a person says of a picture.
pub(super) async fn mark(
    State(state): State<DatasetsState>,
    Path((name, id)): Path<(String, String)>,
    body: Body,
) -> Result<StatusCode, Failure> {
    let text = read_text(body).await?;
    let wrong = |error: String| Failure::bad_request(error, "send {\"decision\", \"note\", \"landmarks\"}");
    let mark: Mark =
        serde_json::from_slice(&text).map_err(|error| wrong(format!("the mark cannot be read: {error}")))?;
    if mark.note.chars().count() > LONGEST_NOTE {
        return Err(wrong(format!("the note has more than {LONGEST_NOTE} characters")));
    }
    let is_sound =
        |points: &Vec<Point>| points.len() == COUNT && points.iter().flatten().all(|value| value.is_finite());
    if !mark.landmarks.as_ref().is_none_or(is_sound) {
        return Err(wrong(format!("landmarks: expected {COUNT} points of two numbers")));
    }
    blocking(move || {
        let label = row(&state, &name, &id)?.label;
        let marks = state
            .marks
            .as_ref()
            .ok_or_else(|| Failure::refused("this server keeps no marks", "start it with --data and a folder"))?;
        marks
            .set(&name, &label, &mark)
            .map_err(|error| Failure::internal(format!("the mark was not kept: {error}")))?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await?
}

/// The marks as a recipe for `dataset prepare`.
pub(super) async fn recipe(State(state): State<DatasetsState>, Path(name): Path<String>) -> Result<Response, Failure> {
    blocking(move || {
        let recipe = state.catalogue.open(&name)?.recipe();
        let mut recipe = recipe.map_err(|error| Failure::internal(format!("recipe.toml cannot be read: {error}")))?;
        for (label, mark) in marks(&state, &name)? {
            match mark.decision {
                Some(Decision::Keep) => {
                    recipe.pictures.drop.remove(&label);
                    recipe.pictures.keep.insert(label.clone());
                }
                Some(Decision::Drop) => {
                    recipe.pictures.keep.remove(&label);
                    recipe.pictures.drop.insert(label.clone());
                }
                None => {}
            }
            if let Some(points) = mark.landmarks {
                recipe.pictures.landmarks.insert(label, points);
            }
        }
        let text = recipe.to_toml().map_err(|error| Failure::internal(error.to_string()))?;
        Ok(([(CONTENT_TYPE, "application/toml; charset=utf-8")], text).into_response())
    })
    .await?
}

/// A picture by its id.
pub(super) fn row(state: &DatasetsState, dataset: &str, id: &str) -> Result<PictureRow, Failure> {
    let listing = state.catalogue.open(dataset)?;
    let missing =
        || Failure::not_there("there is no such picture", "the dataset may have changed; load the page again");
    listing.picture(id).cloned().ok_or_else(missing)
}
