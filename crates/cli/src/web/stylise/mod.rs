//! The page: a photo goes in, its drawing comes out. Its files are part of the program; it talks to [`super::api`].
//!
//! | route | what it does |
//! |---|---|
//! | `GET /` | the page; its style sheet, scripts and icon lie beside it |
//! | `GET /portrait` | the bundled portrait, a JPEG |

mod page;

use axum::Router;

use super::budget::Budget;

/// The page, whose scripts know the limits and the other pages.
pub(super) fn routes(budget: &Budget, pages: &[&str]) -> Router {
    page::routes(budget, pages)
}
