//! The dataset viewer: datasets below `--datasets`, their pictures, what was found wrong, and what a person says of each picture.
//!
//! - `catalogue`: which datasets there are, and what each holds; nothing outside the folder is ever read
//! - `renditions`: pictures as browsers show them, made once and kept on disk
//! - `marks`: what people say of pictures, in SQLite
//! - `pages`, `answers`, `tables`: the routes
//!
//! | route | what it does |
//! |---|---|
//! | `GET /datasets` | the page |
//! | `GET /api/datasets` | names of datasets |
//! | `GET /api/datasets/{dataset}` | every picture in a row of its own |
//! | `GET /api/datasets/{dataset}/coverage`, `/problems`, `/sensitivity` | protocol coverage; what `dataset check` finds; what other filters would keep |
//! | `GET /api/datasets/{dataset}/recipe.toml` | the marks as a recipe for `dataset prepare` |
//! | `GET /api/datasets/{dataset}/{picture}/thumb`, `/original`, `/crop`, `/landmarks` | a picture |
//! | `PUT /api/datasets/{dataset}/{picture}/mark` | keep, drop, note, corrected landmarks |

mod answers;
mod catalogue;
mod listing;
mod marks;
mod pages;
mod renditions;
mod state;
mod tables;

use axum::Router;
use axum::routing::{get, put};

pub(crate) use state::{DatasetsPlace, DatasetsState};

/// The viewer.
pub(super) fn routes(state: DatasetsState) -> Router {
    Router::new()
        .route("/api/datasets", get(answers::list))
        .route("/api/datasets/{dataset}", get(answers::dataset))
        .route("/api/datasets/{dataset}/coverage", get(tables::coverage))
        .route("/api/datasets/{dataset}/problems", get(tables::problems))
        .route("/api/datasets/{dataset}/sensitivity", get(tables::sensitivity))
        .route("/api/datasets/{dataset}/recipe.toml", get(answers::recipe))
        .route("/api/datasets/{dataset}/{picture}/thumb", get(pages::thumb))
        .route("/api/datasets/{dataset}/{picture}/original", get(pages::original))
        .route("/api/datasets/{dataset}/{picture}/crop", get(pages::crop))
        .route("/api/datasets/{dataset}/{picture}/landmarks", get(answers::landmarks))
        .route("/api/datasets/{dataset}/{picture}/mark", put(answers::mark))
        .with_state(state)
        .merge(pages::assets())
}
