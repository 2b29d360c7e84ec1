//! The files that the browser loads. They are part of the program: the page works offline and needs nothing beside it.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use portraitist_face::bundled_portrait;

/// A file of the page.
#[derive(Clone, Copy)]
struct PageFile {
    path: &'static str,
    content_type: &'static str,
    content: &'static [u8],
}

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

impl PageFile {
    const fn text(path: &'static str, content_type: &'static str, content: &'static str) -> Self {
        Self { path, content_type, content: content.as_bytes() }
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
        PageFile::text("/", "text/html; charset=utf-8", include_str!("page/index.html")),
        PageFile::text("/style.css", "text/css; charset=utf-8", include_str!("page/style.css")),
        PageFile::text("/app.js", JAVASCRIPT, include_str!("page/app.js")),
        PageFile::text("/compare.js", JAVASCRIPT, include_str!("page/compare.js")),
        PageFile::text("/points.js", JAVASCRIPT, include_str!("page/points.js")),
        PageFile::text("/service.js", JAVASCRIPT, include_str!("page/service.js")),
        PageFile::text("/icon.svg", "image/svg+xml", include_str!("page/icon.svg")),
        PageFile { path: "/portrait", content_type: "image/jpeg", content: bundled_portrait() },
    ];
    files.into_iter().fold(Router::new(), |router, file| router.route(file.path, get(move || async move { file })))
}
