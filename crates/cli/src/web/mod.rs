//! The web server.
//!
//! - `limits`, `budget`: every limit, in one place; what fits into `--memory`
//! - `guard`, `access`, `rate`: who is answered, how often, and the headers of every answer
//! - `sockets`: from a socket to answers, within limits of time and number
//! - `queue`: how many jobs run at once, and how many may wait; work beside it
//! - `names`: names that nobody can guess
//! - `memory`: what bodies and answers take together
//! - `upload`: a request's body, within limits of size, time and rate
//! - `rest`: gives memory back when there is nothing to do
//! - `reply`: errors as problem documents
//! - `metrics`: what was done, for Prometheus
//! - `files`, `common`: how files are sent; those that all pages use
//! - `api`: the interface for programs
//! - `stylise`: the page: a photo goes in, its drawing comes out
//! - `datasets`: the dataset viewer
//! - `runs`: curves and samples of trainings
//! - `gallery`: drawings that people chose to keep
//!
//! A page is a folder with routes and a state of its own; [`app`] puts pages and policies together.

mod access;
pub(crate) mod api;
mod budget;
mod common;
pub(crate) mod datasets;
mod files;
pub(crate) mod gallery;
mod guard;
pub(crate) mod limits;
mod memory;
mod metrics;
mod names;
mod queue;
mod rate;
mod reply;
mod rest;
pub(crate) mod runs;
mod sockets;
mod stylise;
mod upload;

#[cfg(test)]
mod tests;

use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use tokio::net::TcpListener;
use tokio::task::spawn_blocking;

pub(crate) use access::{Access, SHORTEST_TOKEN};
use api::ApiState;
pub(crate) use budget::Budget;
use datasets::DatasetsState;
use gallery::Gallery;
use rest::Rest;
use runs::RunsFolder;

/// What the pages work with: networks are loaded once and live here.
#[derive(Clone)]
pub(crate) struct AppState {
    pub(crate) api: ApiState,
    /// `None` without `--datasets`.
    pub(crate) datasets: Option<DatasetsState>,
    /// `None` without `--runs`.
    pub(crate) runs: Option<Arc<RunsFolder>>,
    /// `None` without `--gallery`.
    pub(crate) gallery: Option<Arc<Gallery>>,
    /// Gives memory that is kept for the next job back to the system.
    pub(crate) give_memory_back: fn(),
}

impl AppState {
    /// The page that stylises, and nothing else.
    pub(crate) fn new(api: ApiState) -> Self {
        Self { api, datasets: None, runs: None, gallery: None, give_memory_back: || {} }
    }

    /// The pages besides the first.
    fn pages(&self) -> Vec<&'static str> {
        let pages =
            [("datasets", self.datasets.is_some()), ("runs", self.runs.is_some()), ("gallery", self.gallery.is_some())];
        pages.into_iter().filter_map(|(page, is_there)| is_there.then_some(page)).collect()
    }
}

/// All pages behind the guard, without a socket.
pub(crate) fn app(state: AppState) -> Router {
    let (guard, memory) = (state.api.guard.clone(), state.api.queue.memory.clone());
    let common = common::routes(&state.api.budget, &state.pages());
    let (queue, pixels) = (state.api.queue.clone(), state.api.budget.pixels);
    let router = Router::new().merge(common).merge(stylise::routes()).merge(api::routes(state.api));
    let router = state.datasets.into_iter().fold(router, |router, datasets| router.merge(datasets::routes(datasets)));
    let router = state.runs.into_iter().fold(router, |router, runs| router.merge(runs::routes(runs)));
    let gallery = state.gallery.map(|gallery| gallery::routes(gallery, queue, pixels));
    let router = gallery.into_iter().fold(router, Router::merge);
    router
        .fallback(reply::not_found)
        .method_not_allowed_fallback(reply::wrong_method)
        .layer(from_fn_with_state(memory, memory::count_answers))
        .layer(from_fn_with_state(guard, guard::guard))
}

/// Answers on `listener` until `shutdown` is ready, then lets what is under way finish for at most [`limits::FAREWELL`].
pub(crate) async fn serve(listener: TcpListener, state: AppState, shutdown: impl Future<Output = ()>) {
    let mut rest = Rest::new(state.api.queue.clone(), state.give_memory_back);
    let connections = state.api.connections.clone();
    let gallery = state.gallery.clone();
    let mut looks = 0_u32;
    let look = move || {
        rest.look();
        looks = looks.wrapping_add(1);
        if let Some(gallery) = gallery.clone().filter(|_| looks.is_multiple_of(limits::GALLERY_LOOKS)) {
            spawn_blocking(move || gallery.tidy());
        }
    };
    sockets::serve(listener, app(state), connections, look, shutdown).await;
}
