//! The files that the browser loads. They are part of the program: the page works offline and needs nothing beside it.

use axum::Router;
use axum::body::Bytes;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use portraitist_face::bundled_portrait;

use crate::web::limits;

/// A file of the page.
#[derive(Clone)]
struct PageFile {
    path: &'static str,
    content_type: &'static str,
    content: Bytes,
}

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

impl PageFile {
    fn text(path: &'static str, content_type: &'static str, content: &'static str) -> Self {
        Self { path, content_type, content: Bytes::from_static(content.as_bytes()) }
    }
}

impl IntoResponse for PageFile {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, self.content_type), (CACHE_CONTROL, "no-cache")], self.content).into_response()
    }
}

/// `GET` for every file of the page.
pub(super) fn routes<State: Clone + Send + Sync + 'static>() -> Router<State> {
    let files = [
        PageFile::text("/", "text/html; charset=utf-8", include_str!("assets/index.html")),
        PageFile::text("/style.css", "text/css; charset=utf-8", include_str!("assets/style.css")),
        PageFile::text("/app.js", JAVASCRIPT, include_str!("assets/app.js")),
        PageFile::text("/compare.js", JAVASCRIPT, include_str!("assets/compare.js")),
        PageFile::text("/points.js", JAVASCRIPT, include_str!("assets/points.js")),
        PageFile::text("/service.js", JAVASCRIPT, include_str!("assets/service.js")),
        PageFile::text("/icon.svg", "image/svg+xml", include_str!("assets/icon.svg")),
        PageFile { path: "/limits.js", content_type: JAVASCRIPT, content: Bytes::from(limits::script()) },
        PageFile { path: "/portrait", content_type: "image/jpeg", content: Bytes::from_static(bundled_portrait()) },
    ];
    files.into_iter().fold(Router::new(), |router, file| router.route(file.path, get(move || async move { file })))
}
