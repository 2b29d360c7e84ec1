//! Runs: live curves, sample grids and run files of trainings. Reads run folders and changes nothing.
//!
//! | route | what it does |
//! |---|---|
//! | `GET /runs` | the page |
//! | `GET /api/runs` | the runs below `--runs` |
//! | `GET /api/runs/{run}/log?from=BYTES` | lines of `log.jsonl`: thinned from the beginning, all of them from a place on |
//! | `GET /api/runs/{run}/run.toml` | the run file |
//! | `GET /api/runs/{run}/samples`, `/samples/{file}` | sample grids |

mod answers;
mod folder;
mod log;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

pub(crate) use folder::RunsFolder;

use super::files::{PageFile, page_files};

/// The pages of runs.
pub(super) fn routes(folder: Arc<RunsFolder>) -> Router {
    let pages = page_files([
        PageFile::page("/runs", "runs", "Runs · Portraitist", include_str!("assets/runs.html")),
        PageFile::css("/runs.css", include_str!("assets/runs.css")),
        PageFile::script("/runs.js", include_str!("assets/runs.js")),
    ]);
    Router::new()
        .route("/api/runs", get(answers::list))
        .route("/api/runs/{run}/log", get(answers::log))
        .route("/api/runs/{run}/run.toml", get(answers::run_file))
        .route("/api/runs/{run}/samples", get(answers::samples))
        .route("/api/runs/{run}/samples/{file}", get(answers::sample))
        .with_state(folder)
        .merge(pages)
}
