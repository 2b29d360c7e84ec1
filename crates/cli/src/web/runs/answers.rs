//! What the page of runs is told.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::folder::{RunRow, RunsFolder};
use super::log::{LogReply, read};
use crate::web::files::sent;
use crate::web::queue::blocking;
use crate::web::reply::Failure;

type Runs = State<Arc<RunsFolder>>;

#[derive(Serialize)]
pub(super) struct RunsReply {
    runs: Vec<RunRow>,
}

/// Every run.
pub(super) async fn list(State(folder): Runs) -> Result<Json<RunsReply>, Failure> {
    let rows = blocking(move || folder.rows()).await?;
    let runs = rows.map_err(|error| Failure::internal(format!("the runs cannot be listed: {error}")))?;
    Ok(Json(RunsReply { runs }))
}

#[derive(Deserialize)]
pub(super) struct Position {
    from: Option<u64>,
}

/// Lines of a run's log.
pub(super) async fn log(
    State(folder): Runs,
    Path(run): Path<String>,
    Query(Position { from }): Query<Position>,
) -> Result<Json<LogReply>, Failure> {
    let turn = Arc::clone(&folder.reading).acquire_owned().await;
    let turn = turn.map_err(|_| Failure::internal("the log was not read"))?;
    blocking(move || {
        let _turn = turn;
        let file = folder.file(&[&run, "log.jsonl"])?;
        let log = read(&file, from.unwrap_or(0));
        log.map(Json).map_err(|error| Failure::internal(format!("the log cannot be read: {error}")))
    })
    .await?
}

/// The run file.
pub(super) async fn run_file(State(folder): Runs, Path(run): Path<String>) -> Result<Response, Failure> {
    let file = blocking(move || folder.open(&[&run, "run.toml"])).await??;
    Ok(([(CONTENT_TYPE, "application/toml; charset=utf-8")], sent(file)).into_response())
}

#[derive(Serialize)]
pub(super) struct SamplesReply {
    files: Vec<String>,
}

/// The names of a run's sample grids.
pub(super) async fn samples(State(folder): Runs, Path(run): Path<String>) -> Result<Json<SamplesReply>, Failure> {
    Ok(Json(SamplesReply { files: blocking(move || folder.samples(&run)).await?? }))
}

/// A sample grid.
pub(super) async fn sample(
    State(folder): Runs,
    Path((run, file)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let read = move || {
        if !file.ends_with(".png") {
            return Err(Failure::not_there("there is no such sample grid", "the run's samples are PNG files"));
        }
        folder.open(&[&run, "samples", &file])
    };
    let file = blocking(read).await??;
    Ok(([(CONTENT_TYPE, "image/png"), (CACHE_CONTROL, "private, max-age=600")], sent(file)).into_response())
}
