//! The gallery: drawings that people choose to keep, for the time that `--gallery` says. Without that flag there is none.
//!
//! | route | what it does |
//! |---|---|
//! | `GET /gallery` | the page |
//! | `GET /api/gallery` | what is kept, the newest first |
//! | `POST /api/gallery` | keeps a picture: the body is its file |
//! | `GET /api/gallery/{picture}`, `DELETE` | a picture; forgets it |

mod answers;
mod store;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use self::answers::GalleryState;
pub(crate) use self::store::Gallery;
use super::files::{PageFile, page_files};
use super::queue::Queue;

/// The gallery, whose pictures may have so many `pixels`.
pub(super) fn routes(gallery: Arc<Gallery>, queue: Queue, pixels: u64) -> Router {
    let pages = page_files([
        PageFile::page("/gallery", "gallery", "Gallery · Portraitist", include_str!("assets/gallery.html")),
        PageFile::css("/gallery.css", include_str!("assets/gallery.css")),
        PageFile::script("/gallery.js", include_str!("assets/gallery.js")),
    ]);
    Router::new()
        .route("/api/gallery", get(answers::list).post(answers::keep))
        .route("/api/gallery/{picture}", get(answers::picture).delete(answers::forget))
        .with_state(GalleryState { gallery, queue, pixels })
        .merge(pages)
}
