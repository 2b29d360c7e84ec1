//! The page: a photo goes in, its drawing comes out. Its files are part of the program; it talks to [`super::api`].
//!
//! | route | what it does |
//! |---|---|
//! | `GET /` | the page; its style sheet and scripts lie beside it |
//! | `GET /portrait` | the bundled portrait, a JPEG |

mod page;

use axum::Router;

/// The page.
pub(super) fn routes() -> Router {
    page::routes()
}
