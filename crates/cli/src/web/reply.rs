//! Errors as problem documents (RFC 9457): `{"type", "title", "status", "detail", "hint", "kind"}`.

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::limits::RETRY_SECONDS;

/// An answer that is no result.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    status: StatusCode,
    kind: &'static str,
    error: String,
    hint: String,
    /// After how many seconds to ask again.
    retry: Option<u16>,
}

/// What the body of a failure says.
#[derive(Debug, Serialize)]
pub(super) struct Problem {
    #[serde(rename = "type")]
    name: String,
    /// The status in words.
    title: &'static str,
    status: u16,
    /// What is wrong with this request.
    detail: String,
    /// What to do about it.
    hint: String,
    /// The last part of the type.
    kind: &'static str,
}

/// The media type of problem documents.
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

impl Failure {
    fn new(status: StatusCode, kind: &'static str, error: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { status, kind, error: error.into(), hint: hint.into(), retry: None }
    }

    fn retrying(self, seconds: u16) -> Self {
        Self { retry: Some(seconds), ..self }
    }

    /// The document.
    pub(super) fn problem(&self) -> Problem {
        Problem {
            name: format!("urn:portraitist:{}", self.kind),
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: self.error.clone(),
            hint: self.hint.clone(),
            kind: self.kind,
        }
    }

    /// The address or the body is not what this route takes.
    pub(super) fn bad_request(error: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", error, hint)
    }

    /// The file has more bytes than are taken.
    pub(super) fn too_large(most_bytes: usize) -> Self {
        let error = format!("the picture file is larger than {:.0} MiB", most_bytes as f64 / f64::from(1 << 20));
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", error, "shrink the picture or save it as a JPEG")
    }

    /// The queue is full.
    pub(super) fn busy() -> Self {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Self::new(status, "busy", "other drawings are being made", "try again in a moment").retrying(RETRY_SECONDS)
    }

    /// The client asks too often.
    pub(super) fn too_many(seconds: u16) -> Self {
        let hint = format!("try again in {seconds} s");
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many", "too many requests from one address", hint)
            .retrying(seconds)
    }

    /// The token is missing or wrong.
    pub(super) fn unauthorised() -> Self {
        let hint = "send the token of this server as Authorization: Bearer TOKEN";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorised", "this server answers only those who know its token", hint)
    }

    /// The picture has more pixels than there is memory for.
    pub(super) fn too_many_pixels(name: &str, width: usize, height: usize, most: u64) -> Self {
        let error = format!(
            "{name}: expected at most {:.1} megapixels, found {width}x{height}",
            (most as f64 / 1e5).floor() / 10.0
        );
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", error, "shrink the picture")
    }

    /// A drawing is asked for that there is no memory for beside the picture.
    pub(super) fn too_large_a_drawing(size: usize, most: usize) -> Self {
        let error = format!("size: expected at most {most} pixels beside this picture, found {size}");
        let hint = "ask for a smaller drawing, or send a smaller picture";
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", error, hint)
    }

    /// Whether it says that something is not there.
    pub(super) fn is_missing(&self) -> bool {
        self.status == StatusCode::NOT_FOUND
    }

    /// There is no such thing.
    pub(super) fn not_there(error: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", error, hint)
    }

    /// A job has not ended yet.
    pub(super) fn not_ready() -> Self {
        let hint = "ask for the job until its state is done";
        Self::new(StatusCode::CONFLICT, "not_ready", "the job has not ended yet", hint).retrying(RETRY_SECONDS)
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
        let body = serde_json::to_vec(&self.problem()).unwrap_or_default();
        let mut response = (self.status, [(CONTENT_TYPE, PROBLEM_JSON)], body).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Answers addresses that lead nowhere.
pub(super) async fn not_found(uri: Uri) -> Failure {
    let error = format!("{} does not exist", uri.path());
    Failure::not_there(error, "the page is at /, the list of addresses at /openapi.json")
}

/// Answers methods that a route does not take.
pub(super) async fn wrong_method(method: Method, uri: Uri) -> Failure {
    let error = format!("{} does not take {method}", uri.path());
    Failure::new(StatusCode::METHOD_NOT_ALLOWED, "bad_request", error, "/openapi.json says what each address takes")
}
