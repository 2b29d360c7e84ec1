//! The page of `portraitist demo`: a photo goes in, its drawing comes out.
//!
//! - `page`: the files that the browser loads, all of them inside the program
//! - `drawings`: `POST /api/drawings`, from a picture file to its drawing
//! - `service`: what makes drawings
//! - `likeness`: what a similarity means
//!
//! | route | what it does |
//! |---|---|
//! | `GET /` | the page; its style sheet, scripts and icon lie beside it |
//! | `GET /portrait` | the bundled portrait, a JPEG |
//! | `POST /api/drawings?seed=N&points=x,y,...&name=FILE` | the body is a picture file; JSON with the drawing as a `data:` address |
//!
//! Errors are JSON, too: `{"error", "hint", "kind"}` with `kind` one of `bad_request`, `bad_picture`, `too_large`, `no_face`,
//! `unusable`, `busy`, `refused`, `not_found`, `internal`.

mod drawings;
pub(crate) mod likeness;
mod page;
mod service;
mod state;

use axum::Router;
use axum::routing::post;

pub(crate) use service::{StyliseError, StyliseRequest, Stylised, TranslatorService};
pub(crate) use state::StyliseState;

/// The page and its interface.
pub(super) fn routes(state: StyliseState) -> Router {
    page::routes().route("/api/drawings", post(drawings::create)).with_state(state)
}
