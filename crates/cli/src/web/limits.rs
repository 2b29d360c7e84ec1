//! Every limit of the web server. Messages and the pages' scripts take their numbers from here.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Where pages are served by default.
pub(crate) const DEFAULT_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7878);

/// Largest picture file, in MiB.
pub(super) const MAX_UPLOAD_MIB: usize = 32;
/// Largest picture file, in bytes.
pub(super) const MAX_UPLOAD_BYTES: usize = MAX_UPLOAD_MIB * 1024 * 1024;
/// Time for a whole body; generous, for pages reached through a tunnel.
pub(super) const UPLOAD_TIME: Duration = Duration::from_secs(60);
/// Bytes of an unwanted body that are read away before the connection is closed on the client.
pub(super) const MAX_DISCARDED_BYTES: usize = 16 * MAX_UPLOAD_BYTES;
/// Time for reading away.
pub(super) const DISCARD_TIME: Duration = Duration::from_secs(10);

/// Drawings made at the same time: each one uses all processors already.
pub(super) const MAX_JOBS: usize = 1;
/// Requests that may wait for their turn; the next one is answered with `busy`.
pub(super) const MAX_WAITING: usize = 3;
/// Seconds after which a client that met a full queue should ask again.
pub(super) const RETRY_SECONDS: u16 = 2;

/// Longest file name that is repeated in messages, in characters.
pub(super) const MAX_NAME_LENGTH: usize = 120;
/// Longest parameter that is repeated in messages, in characters.
pub(super) const MAX_QUOTE_LENGTH: usize = 60;

/// How long open connections may go on after the program was asked to end.
pub(super) const FAREWELL: Duration = Duration::from_secs(5);
/// How long a drawing in the making may take after that.
pub(crate) const LAST_DRAWING: Duration = Duration::from_secs(5);

/// The limits that scripts know, as a JavaScript module.
pub(super) fn script() -> String {
    format!("export const MAX_UPLOAD_MIB = {MAX_UPLOAD_MIB};\nexport const MAX_UPLOAD_BYTES = {MAX_UPLOAD_BYTES};\n")
}
