//! The web server, on this computer only.
//!
//! - `limits`: every limit, in one place; scripts of pages get theirs from it
//! - `guard`: who is answered, and the headers of every answer
//! - `server`, `connections`, `paced`: from a socket to answers, within limits of time and number
//! - `queue`: how many jobs run at once, and how many may wait
//! - `upload`: a request's body, within limits of size, time and rate
//! - `rest`: gives memory back when there is nothing to do
//! - `reply`: errors as JSON, `{"error", "hint", "kind"}`
//! - `stylise`: the page of `portraitist demo`: a photo goes in, its drawing comes out
//!
//! A page is a folder with routes and a state of its own; [`app`] puts pages and policies together.

mod connections;
mod guard;
pub(crate) mod limits;
mod paced;
mod queue;
mod reply;
mod rest;
mod server;
pub(crate) mod stylise;
mod upload;

#[cfg(test)]
mod tests;

use std::future::Future;

use axum::Router;
use axum::middleware::from_fn;
use tokio::net::TcpListener;

use rest::Rest;
use stylise::StyliseState;

/// What the pages work with: networks are loaded once and live here.
#[derive(Clone)]
pub(crate) struct AppState {
    pub(crate) stylise: StyliseState,
    /// Gives memory that is kept for the next job back to the system.
    pub(crate) give_memory_back: fn(),
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
pub(crate) async fn serve(listener: TcpListener, state: AppState, shutdown: impl Future<Output = ()>) {
    let mut rest = Rest::new(state.stylise.queue().clone(), state.give_memory_back);
    server::serve(listener, app(state), move || rest.look(), shutdown).await;
}
