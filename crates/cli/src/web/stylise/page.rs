//! The page's files.

use axum::Router;
use portraitist_face::bundled_portrait;

use crate::web::budget::Budget;
use crate::web::files::{PageFile, page_files};

macro_rules! script {
    ($name:literal) => {
        PageFile::script(concat!("/", $name), include_str!(concat!("assets/", $name)))
    };
}

/// `GET` for every file of the page.
pub(super) fn routes(budget: &Budget, pages: &[&str]) -> Router {
    let pages = format!("export const PAGES = {pages:?};\n");
    page_files([
        PageFile::html("/", include_str!("assets/index.html")),
        PageFile::css("/style.css", include_str!("assets/style.css")),
        PageFile::css("/stylise.css", include_str!("assets/stylise.css")),
        script!("app.js"),
        script!("camera.js"),
        script!("compare.js"),
        script!("events.js"),
        script!("nav.js"),
        script!("opinion.js"),
        script!("points.js"),
        script!("receive.js"),
        script!("service.js"),
        script!("settings.js"),
        script!("token.js"),
        script!("tries.js"),
        script!("words.js"),
        script!("words-en.js"),
        script!("words-zh.js"),
        PageFile::new("/icon.svg", "image/svg+xml", include_str!("assets/icon.svg")),
        PageFile::script("/limits.js", budget.script() + &pages),
        PageFile::new("/portrait", "image/jpeg", bundled_portrait()),
    ])
}
