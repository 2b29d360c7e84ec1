//! The web server, on this computer only.
//!
//! - `limits`: every limit, in one place; scripts of pages get theirs from it
//! - `guard`: who is answered, and the headers of every answer
//! - `queue`: how many jobs run at once, and how many may wait
//! - `upload`: a request's body, up to a limit
//! - `reply`: errors as JSON, `{"error", "hint", "kind"}`
//! - `stylise`: the page of `portraitist demo`: a photo goes in, its drawing comes out
//!
//! A page is a folder with routes and a state of its own; [`app`] puts pages and policies together.

mod guard;
pub(crate) mod limits;
mod queue;
mod reply;
pub(crate) mod stylise;
mod upload;

#[cfg(test)]
mod tests;

use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use stylise::StyliseState;

/// What the pages work with: networks are loaded once and live here.
#[derive(Clone)]
pub(crate) struct AppState {
    pub(crate) stylise: StyliseState,
}

/// All pages behind the guard, without a socket.
pub(crate) fn app(state: AppState) -> Router {
    Router::new()
        .merge(stylise::routes(state.stylise))
        .fallback(reply::not_found)
        .method_not_allowed_fallback(reply::wrong_method)
        .layer(from_fn(guard::guard))
}

/// Answers on `listener` until `shutdown` is ready, then lets open connections finish for at most [`limits::FAREWELL`].
///
/// A job at work is not interrupted: whoever owns the runtime ends it with `shutdown_timeout`.
///
/// # Errors
/// Those of the listener.
pub(crate) async fn serve(
    listener: TcpListener,
    state: AppState,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let ending = Arc::new(Notify::new());
    let announce = Arc::clone(&ending);
    let server = axum::serve(listener, app(state)).with_graceful_shutdown(async move {
        shutdown.await;
        announce.notify_one();
    });
    tokio::select! {
        result = server.into_future() => result,
        () = async { ending.notified().await; tokio::time::sleep(limits::FAREWELL).await } => Ok(()),
    }
}
