//! Arguments of `portraitist serve`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::values::{PrecisionName, parse_any_address, parse_memory, parse_time};
use crate::web::limits::DEFAULT_ADDRESS;

/// Serve the pages and their HTTP interface.
///
/// Stylises photos on a page and for programs (POST /api/translate, POST /api/detect, POST /api/jobs, GET /api/models; /openapi.json describes them,
/// /healthz and /metrics watch over them), until Ctrl-C, which lets finish what is being drawn. Without --addr only this
/// computer is served. Beyond it, --token-file is required, and every request to the interface has to carry the token
/// (Authorization: Bearer TOKEN); the page asks for it once. --json prints one object with the address when it is there.
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Where to listen: an address of this computer, with or without a port. Port 0 takes a free one.
    #[arg(long, default_value_t = DEFAULT_ADDRESS, value_parser = parse_any_address)]
    pub(crate) addr: SocketAddr,
    /// A file whose first line is the token, at least 16 characters.
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// A name under which a proxy reaches this server, such as draw.example.org; may be given several times.
    #[arg(long, value_name = "NAME[:PORT]")]
    pub(crate) allowed_host: Vec<String>,
    /// The model that is used first: a run folder, a checkpoint folder, a weights file, or a built-in model's name. The
    /// built-in ones are offered as well.
    #[arg(long, default_value = portraitist_nn::builtin::DEFAULT)]
    pub(crate) model: PathBuf,
    /// A folder of datasets to look through on the page /datasets. Links that lead out of it are not followed.
    #[arg(long, value_name = "DIR")]
    pub(crate) datasets: Option<PathBuf>,
    /// A folder of runs to watch on the page /runs; nothing in it is changed.
    #[arg(long, value_name = "DIR")]
    pub(crate) runs: Option<PathBuf>,
    /// Where to keep what is said of the datasets' pictures (keep, drop, notes, corrected landmarks), thumbnails, and the
    /// gallery. Without it nothing is kept.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Let people keep drawings in a gallery, each for so long, such as 12h or 7d; at most 500 pictures. Without it no picture is
    /// kept. The gallery lies in --data.
    #[arg(long, value_name = "TIME", value_parser = parse_time, requires = "data")]
    pub(crate) gallery: Option<Duration>,
    /// An upper bound of the memory that the program takes, such as 512M or 2G: pictures and uploads that would not fit are
    /// refused. Without it pictures may have 100 megapixels.
    #[arg(long, value_name = "SIZE", value_parser = parse_memory)]
    pub(crate) memory: Option<u64>,
    /// What the networks multiply.
    #[arg(long, value_enum, default_value_t = PrecisionName::F32)]
    pub(crate) precision: PrecisionName,
    /// Open the page in the browser.
    #[arg(long)]
    pub(crate) open: bool,
}
