//! The interface for programs, which the page uses, too. `openapi.json` describes it; a test keeps it true.
//!
//! - `form`, `fields`: from a request to what it asks for
//! - `job`: work in its turn; answers as JSON, as a picture, or as events
//! - `translate`, `detect`: the work
//! - `jobs`: translations that nobody waits for
//! - `about`: models, health, metrics, the description, the cookie
//! - `service`: what the networks do, as a trait
//!
//! | route | what it does |
//! |---|---|
//! | `POST /api/translate` | the body is a picture file or a form; the answer JSON with pictures as `data:` addresses, a PNG, or events |
//! | `POST /api/detect` | faces with their points |
//! | `POST /api/jobs` | a translation that nobody waits for |
//! | `GET /api/jobs/{job}`, `/result`, `DELETE /api/jobs/{job}` | what has become of it; its result; its end |
//! | `GET /api/models` | the models, and how large pictures may be |
//! | `POST /api/session` | the cookie that stands for the token |
//! | `GET /healthz`, `/metrics`, `/openapi.json` | for those who watch over the server |

mod about;
mod detect;
mod fields;
mod form;
mod job;
mod jobs;
mod service;
mod state;
mod translate;

use axum::Router;
use axum::routing::{get, post};

#[cfg(test)]
pub(super) use about::OPENAPI;
pub(crate) use service::{
    FaceService, OfferedModel, OfferedStyles, ServiceError, Step, Style, TranslateRequest, Translation, Watch,
};
pub(crate) use state::ApiState;
pub(super) use translate::decode;

/// The interface.
pub(super) fn routes(state: ApiState) -> Router {
    Router::new()
        .route("/api/translate", post(translate::translate))
        .route("/api/detect", post(detect::detect))
        .route("/api/jobs", post(jobs::begin))
        .route("/api/jobs/{job}", get(jobs::look).delete(jobs::remove))
        .route("/api/jobs/{job}/result", get(jobs::result))
        .route("/api/models", get(about::models))
        .route("/api/session", post(about::session))
        .route("/healthz", get(about::health))
        .route("/metrics", get(about::metrics))
        .route("/openapi.json", get(about::openapi))
        .with_state(state)
}
