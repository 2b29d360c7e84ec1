//! The demo page: a photo goes in, its drawing comes out, on this computer only.
//!
//! - `pages`: the files that the browser loads, all of them inside the program
//! - `drawings`: `POST /api/drawings`, from a picture file to its drawing
//! - `queue`: how many drawings are made at once, and how many may wait
//! - `guard`: who is answered, and the headers of every answer
//! - `upload`, `reply`: bodies in, errors out
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
mod guard;
mod pages;
mod queue;
mod reply;
mod upload;

#[cfg(test)]
mod tests;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::post;
use portraitist_face::Picture;
use portraitist_face::transform::Point;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use queue::Queue;

/// Drawings made at the same time: each one uses all processors already.
const JOBS: usize = 1;
/// Requests that may wait for their turn; the next one is told to come back.
const WAITING: usize = 3;
/// How long open connections may go on after the program was asked to end.
const FAREWELL: Duration = Duration::from_secs(5);

/// What the page asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StylizeRequest {
    /// Chooses the style; the same photo, seed and points give the same drawing.
    pub seed: u64,
    /// Left eye, right eye, nose tip, left and right mouth corner, in pixels of the upright photo; `None` looks for the face.
    pub points: Option<[Point; 5]>,
}

/// A drawing and what it was made from.
#[derive(Clone, Debug)]
pub(crate) struct Stylized {
    /// The aligned photo, of the drawing's size.
    pub crop: Picture,
    /// The drawing of the crop.
    pub drawing: Picture,
    /// The whole photo with the drawing blended in, of the photo's size.
    pub in_picture: Option<Picture>,
    /// The points that the crop was aligned by, in pixels of the upright photo.
    pub points: [Point; 5],
    /// How alike crop and drawing are to the built-in recogniser, -1 to 1; `None` where it sees nothing to compare.
    pub similarity: Option<f32>,
}

/// Why there is no drawing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StylizeError {
    /// No face was found, and no points were given.
    #[error("no face was found")]
    NoFace,
    /// The photo or the points cannot be used; the text says what was expected and what was found.
    #[error("{0}")]
    Unusable(String),
}

/// Makes drawings; loaded once, used from several threads.
pub(crate) trait Stylist: Send + Sync + 'static {
    /// Draws the face of an upright `photo`.
    ///
    /// # Errors
    /// [`StylizeError::NoFace`] when there is none to be found, [`StylizeError::Unusable`] for anything else that the person at
    /// the page can change.
    fn stylize(&self, photo: &Picture, request: &StylizeRequest) -> Result<Stylized, StylizeError>;
}

/// What every request shares.
#[derive(Clone)]
struct Demo {
    stylist: Arc<dyn Stylist>,
    queue: Queue,
}

/// The page and its routes, without a socket.
pub(crate) fn app(stylist: Arc<dyn Stylist>) -> Router {
    routes(Demo { stylist, queue: Queue::new(JOBS, WAITING) })
}

fn routes(demo: Demo) -> Router {
    pages::routes()
        .route("/api/drawings", post(drawings::create))
        .fallback(reply::not_found)
        .method_not_allowed_fallback(reply::wrong_method)
        .layer(from_fn(guard::guard))
        .with_state(demo)
}

/// Answers on `listener` until `shutdown` is ready, then lets open connections finish for at most five seconds.
///
/// A drawing in the making is not interrupted: whoever owns the runtime ends it with `shutdown_timeout`.
///
/// # Errors
/// Those of the listener.
pub(crate) async fn serve(
    listener: TcpListener,
    stylist: Arc<dyn Stylist>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let ending = Arc::new(Notify::new());
    let announce = Arc::clone(&ending);
    let server = axum::serve(listener, app(stylist)).with_graceful_shutdown(async move {
        shutdown.await;
        announce.notify_one();
    });
    tokio::select! {
        result = server.into_future() => result,
        () = async { ending.notified().await; tokio::time::sleep(FAREWELL).await } => Ok(()),
    }
}
