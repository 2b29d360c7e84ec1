//! Arguments of `portraitist demo`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::values::{PrecisionName, parse_address};
use crate::web::limits::DEFAULT_ADDRESS;

/// Open a page that draws your photo, with the built-in models.
///
/// The page is served on this computer only and opened in the browser, until Ctrl-C. --json prints one object with its
/// address when it is there. With --once, writes drawings
/// of a bundled portrait and of any photos given to a folder instead, and ends.
#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Photos to draw as well, with --once.
    #[arg(requires = "once")]
    pub(crate) photos: Vec<PathBuf>,
    /// Write example drawings to this folder and end.
    #[arg(long, value_name = "DIR")]
    pub(crate) once: Option<PathBuf>,
    /// Where the page is served: an address of this computer (127.0.0.1, another 127.*, ::1 or localhost), with or
    /// without a port. Port 0 takes a free one.
    #[arg(long, default_value_t = DEFAULT_ADDRESS, value_parser = parse_address)]
    pub(crate) addr: SocketAddr,
    /// Do not open the browser.
    #[arg(long)]
    pub(crate) no_open: bool,
    /// Another model than the built-in one.
    #[arg(long, default_value = portraitist_nn::builtin::DEFAULT)]
    pub(crate) model: PathBuf,
    /// What the networks multiply.
    #[arg(long, value_enum, default_value_t = PrecisionName::F32)]
    pub(crate) precision: PrecisionName,
    /// Replace files that exist.
    #[arg(long)]
    pub(crate) force: bool,
    /// With --once: go on where an earlier call was interrupted; photos whose results are there are left out.
    #[arg(long, requires = "once", conflicts_with = "force")]
    pub(crate) resume: bool,
}
