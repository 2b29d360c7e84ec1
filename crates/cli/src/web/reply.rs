//! Errors as the page reads them: `{"error", "hint", "kind"}`.

use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::limits::{MAX_UPLOAD_MIB, RETRY_SECONDS};

/// An answer that is no drawing.
#[derive(Debug)]
pub(super) struct Failure {
    status: StatusCode,
    kind: &'static str,
    error: String,
    hint: String,
}

#[derive(Serialize)]
struct FailureBody<'a> {
    error: &'a str,
    hint: &'a str,
    kind: &'static str,
}

impl Failure {
    fn new(status: StatusCode, kind: &'static str, error: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { status, kind, error: error.into(), hint: hint.into() }
    }

    /// The address or the body is not what this route takes.
    pub(super) fn bad_request(error: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", error, hint)
    }

    /// The file has more bytes than are taken.
    pub(super) fn too_large() -> Self {
        let error = format!("the picture file is larger than {MAX_UPLOAD_MIB} MiB");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", error, "shrink the picture or save it as a JPEG")
    }

    /// The queue is full.
    pub(super) fn busy() -> Self {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Self::new(status, "busy", "other drawings are being made", "try again in a moment")
    }

    /// The body did not arrive in time.
    pub(super) fn timed_out() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "bad_request", "the picture took too long to arrive", "try again")
    }

    /// The request comes from somewhere else than the page.
    pub(super) fn refused(error: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "refused", error, hint)
    }

    /// A mistake in the program.
    pub(super) fn internal(error: impl Into<String>) -> Self {
        let hint = "this is a mistake in the program, please report it with the picture";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", error, hint)
    }

    /// The file is no picture that can be read.
    pub(super) fn from_decoding(error: &portraitist_face::Error) -> Self {
        use portraitist_face::Error;
        let (status, kind) = match error {
            Error::NotAPicture { .. } | Error::Unsupported { .. } => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "bad_picture")
            }
            Error::FileTooLarge { .. } | Error::PictureTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            _ => (StatusCode::BAD_REQUEST, "bad_picture"),
        };
        let (error, hint) = split_hint(&error.to_string(), "choose another picture");
        Self::new(status, kind, error, hint)
    }

    /// The picture can be read, but there is nothing to be done with it.
    pub(super) fn unprocessable(kind: &'static str, error: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, kind, error, hint)
    }
}

/// This project's messages end in `; what to do`: separates the two.
pub(super) fn split_hint(text: &str, otherwise: &str) -> (String, String) {
    let (error, hint) = text.rsplit_once("; ").unwrap_or((text, otherwise));
    (error.to_owned(), hint.to_owned())
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = FailureBody { error: &self.error, hint: &self.hint, kind: self.kind };
        let mut response = (self.status, Json(body)).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(RETRY_SECONDS));
        }
        response
    }
}

/// Answers addresses that lead nowhere.
pub(super) async fn not_found(uri: Uri) -> Failure {
    let error = format!("{} does not exist", uri.path());
    Failure::new(StatusCode::NOT_FOUND, "not_found", error, "the page is at /")
}

/// Answers methods that a route does not take.
pub(super) async fn wrong_method(method: Method, uri: Uri) -> Failure {
    let error = format!("{} does not take {method}", uri.path());
    Failure::new(StatusCode::METHOD_NOT_ALLOWED, "bad_request", error, "pages take GET, /api/drawings takes POST")
}
