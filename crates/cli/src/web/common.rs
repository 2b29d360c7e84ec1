//! The files that all pages use: style, words in two languages, links between pages, the token, messages, curves.

use axum::Router;

use super::budget::Budget;
use super::files::{PageFile, page_files};

macro_rules! script {
    ($name:literal) => {
        PageFile::script(concat!("/", $name), include_str!(concat!("assets/", $name)))
    };
}

/// `GET` for every file. Scripts know the limits, and which of the `pages` there are.
pub(super) fn routes(budget: &Budget, pages: &[&str]) -> Router {
    let pages = format!("export const PAGES = {pages:?};\n");
    page_files([
        PageFile::css("/style.css", include_str!("assets/style.css")),
        script!("ask.js"),
        script!("curves.js"),
        script!("nav.js"),
        script!("problems.js"),
        script!("token.js"),
        script!("words.js"),
        script!("words-en.js"),
        script!("words-zh.js"),
        PageFile::new("/icon.svg", "image/svg+xml", include_str!("assets/icon.svg")),
        PageFile::script("/limits.js", budget.script() + &pages),
    ])
}
