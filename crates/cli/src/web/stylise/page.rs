//! The page's files.

use axum::Router;
use portraitist_face::bundled_portrait;

use crate::web::files::{PageFile, page_files};

macro_rules! script {
    ($name:literal) => {
        PageFile::script(concat!("/", $name), include_str!(concat!("assets/", $name)))
    };
}

/// `GET` for every file of the page.
pub(super) fn routes() -> Router {
    page_files([
        PageFile::page("/", "stylise", "Portraitist", include_str!("assets/index.html")),
        PageFile::css("/stylise.css", include_str!("assets/stylise.css")),
        script!("stylise.js"),
        script!("camera.js"),
        script!("choices.js"),
        script!("compare.js"),
        script!("download.js"),
        script!("events.js"),
        script!("keep.js"),
        script!("opinion.js"),
        script!("points.js"),
        script!("receive.js"),
        script!("service.js"),
        script!("settings.js"),
        script!("tries.js"),
        PageFile::new("/portrait", "image/jpeg", bundled_portrait()),
    ])
}
