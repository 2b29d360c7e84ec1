//! The files that the browser loads. They are part of the program: the pages work offline and need nothing beside it.

use axum::Router;
use axum::body::Bytes;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// A file of a page.
#[derive(Clone)]
pub(super) struct PageFile {
    path: &'static str,
    content_type: &'static str,
    content: Bytes,
}

impl PageFile {
    /// A file of any kind.
    pub(super) fn new(path: &'static str, content_type: &'static str, content: impl Into<Bytes>) -> Self {
        Self { path, content_type, content: content.into() }
    }

    /// A page.
    pub(super) fn html(path: &'static str, content: &'static str) -> Self {
        Self::new(path, "text/html; charset=utf-8", content)
    }

    /// A style sheet.
    pub(super) fn css(path: &'static str, content: &'static str) -> Self {
        Self::new(path, "text/css; charset=utf-8", content)
    }

    /// A JavaScript module.
    pub(super) fn script(path: &'static str, content: impl Into<Bytes>) -> Self {
        Self::new(path, "text/javascript; charset=utf-8", content)
    }
}

impl IntoResponse for PageFile {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, self.content_type), (CACHE_CONTROL, "no-cache")], self.content).into_response()
    }
}

/// `GET` for every file.
pub(super) fn page_files(files: impl IntoIterator<Item = PageFile>) -> Router {
    files.into_iter().fold(Router::new(), |router, file| router.route(file.path, get(move || async move { file })))
}
