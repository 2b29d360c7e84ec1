//! Files that are sent: those of the pages, which are part of the program, and files of the disk.

use std::fs::File;
use std::io::{self, Read};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::sync::mpsc::channel;
use tokio_stream::wrappers::ReceiverStream;

/// What all pages have around their content.
const PAGE: &str = include_str!("assets/page.html");
/// Parts heading and content.
const CONTENT: &str = "<!-- content -->\n";

/// A file of a page.
#[derive(Clone)]
pub(super) struct PageFile {
    path: &'static str,
    content_type: &'static str,
    content: Bytes,
}

impl PageFile {
    /// A file of any kind.
    pub(super) fn new(path: &'static str, content_type: &'static str, content: impl Into<Bytes>) -> Self {
        Self { path, content_type, content: content.into() }
    }

    /// A page that is called `name`, as its style sheet and its script are. `markup` is what the page's heading says, and after
    /// [`CONTENT`] the rest.
    pub(super) fn page(path: &'static str, name: &str, title: &str, markup: &str) -> Self {
        let (heading, content) = markup.split_once(CONTENT).unwrap_or_default();
        let values = [("{title}", title), ("{name}", name), ("{heading}", heading.trim()), ("{content}", content)];
        let page = values.iter().fold(PAGE.to_owned(), |page, (place, value)| page.replace(place, value));
        Self::new(path, "text/html; charset=utf-8", page)
    }

    /// A style sheet.
    pub(super) fn css(path: &'static str, content: &'static str) -> Self {
        Self::new(path, "text/css; charset=utf-8", content)
    }

    /// A JavaScript module.
    pub(super) fn script(path: &'static str, content: impl Into<Bytes>) -> Self {
        Self::new(path, "text/javascript; charset=utf-8", content)
    }
}

impl IntoResponse for PageFile {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, self.content_type), (CACHE_CONTROL, "no-cache")], self.content).into_response()
    }
}

/// `GET` for every file.
pub(super) fn page_files(files: impl IntoIterator<Item = PageFile>) -> Router {
    files.into_iter().fold(Router::new(), |router, file| router.route(file.path, get(move || async move { file })))
}

/// Bytes of a file that are in memory at a time.
const PIECE_BYTES: usize = 64 * 1024;

/// A file of the disk, read as fast as it is sent.
pub(super) fn sent(mut file: File) -> Body {
    let (sender, receiver) = channel(1);
    tokio::task::spawn_blocking(move || {
        loop {
            let mut piece = vec![0; PIECE_BYTES];
            let piece = match file.read(&mut piece) {
                Ok(0) => return,
                Ok(count) => {
                    piece.truncate(count);
                    Ok(Bytes::from(piece))
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
            let is_last = piece.is_err();
            // Nobody reads any more.
            if sender.blocking_send(piece).is_err() || is_last {
                return;
            }
        }
    });
    Body::from_stream(ReceiverStream::new(receiver))
}
