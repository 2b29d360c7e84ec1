//! Every limit of the web server. Messages and the pages' scripts take their numbers from here.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Where pages are served by default.
pub(crate) const DEFAULT_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7878);

/// Largest picture file, in MiB.
pub(super) const MAX_UPLOAD_MIB: usize = 32;
/// Largest picture file, in bytes.
pub(super) const MAX_UPLOAD_BYTES: usize = MAX_UPLOAD_MIB * 1024 * 1024;
/// Bytes of all bodies together that are held, received or waiting for their turn.
pub(super) const MAX_HELD_BYTES: usize = 4 * MAX_UPLOAD_BYTES;
/// Largest answer of which the memory is not counted, in bytes.
pub(super) const SMALL_ANSWER_BYTES: usize = 32 * 1024;
/// How long a larger one waits for memory.
pub(super) const ANSWER_PATIENCE: Duration = Duration::from_secs(5);
/// Largest body that is no picture, in bytes.
pub(super) const MAX_TEXT_BYTES: usize = 64 * 1024;
/// Largest text field of a form, in bytes.
pub(super) const MAX_FIELD_BYTES: u64 = 16 * 1024;
/// Fields of a form.
pub(super) const MAX_FIELDS: usize = 32;
/// Time for a whole body; generous, for pages reached through a tunnel.
pub(super) const UPLOAD_TIME: Duration = Duration::from_secs(60);
/// Time in which nothing of a body needs to arrive.
pub(super) const UPLOAD_PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of a body that have to arrive in each second on average, after that time.
pub(super) const MIN_UPLOAD_RATE: usize = 16 * 1024;
/// Bytes of an unwanted body that are read away before the connection is closed on the client.
pub(super) const MAX_DISCARDED_BYTES: usize = 16 * MAX_UPLOAD_BYTES;
/// Time for reading away.
pub(super) const DISCARD_TIME: Duration = Duration::from_secs(10);

/// Drawings made at the same time: each one uses all processors already.
pub(super) const MAX_JOBS: usize = 1;
/// Requests that may wait for their turn; the next one is answered with `busy`.
pub(super) const MAX_WAITING: usize = 7;
/// How long what became of a job is kept.
pub(super) const JOB_KEPT: Duration = Duration::from_secs(600);
/// Jobs that are kept, ended or not.
pub(super) const MAX_JOBS_KEPT: usize = 64;
/// Their results take this part of the memory of bodies and answers at most.
pub(super) const JOB_MEMORY_SHARE: usize = 4;
/// Requests for work that a client may send at a time, programs on this computer excepted.
pub(super) const RATE_BURST: f64 = 30.0;
/// Requests for work that it may send in each second after that.
pub(super) const RATE_PER_SECOND: f64 = 1.0;
/// Clients whose requests are counted at the same time.
pub(super) const MAX_CLIENTS: usize = 4096;
/// Seconds after which a client that met a full queue should ask again.
pub(super) const RETRY_SECONDS: u16 = 2;

/// Open connections; another one takes the place of one that is silent.
const MAX_CONNECTIONS: usize = 512;
/// Share of the files that the process may open which connections may take.
const CONNECTIONS_SHARE: u64 = 2;
/// How long a request may arrive before its connection may be ended for another; a twentieth of that for its first byte.
pub(super) const RECEIVING_PATIENCE: Duration = Duration::from_secs(2);
/// Connections that are ended at once when the system has no file descriptor left.
pub(super) const CROWDED_OUT: usize = 8;
/// How long to wait then.
pub(super) const CROWDED_PAUSE: Duration = Duration::from_millis(20);
/// Time for a request's header, and for waiting for the next request.
pub(super) const HEADER_TIME: Duration = Duration::from_secs(15);
/// Largest header.
pub(super) const MAX_HEADER_BYTES: usize = 32 * 1024;
/// Time in which a client has to take something of an answer.
pub(super) const STALL_TIME: Duration = Duration::from_secs(15);
/// How long nothing needs to be drawn before memory is given back: one to two times this.
pub(super) const MEMORY_PAUSE: Duration = Duration::from_secs(2);

/// Connections that may be open, by the limits of this program and of the system.
pub(super) fn max_connections() -> usize {
    #[cfg(unix)]
    if let Ok((files, _)) = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE) {
        let share = usize::try_from(files / CONNECTIONS_SHARE).unwrap_or(usize::MAX);
        return share.clamp(1, MAX_CONNECTIONS);
    }
    MAX_CONNECTIONS
}

/// Pictures that the viewer's open datasets have in all, the one that was opened last excepted.
pub(super) const MAX_PICTURES_OPEN: usize = 500_000;
/// The same where memory is bounded.
pub(super) const MAX_PICTURES_OPEN_BOUNDED: usize = 15_000;
/// Thumbnails that are made at a time, on a computer with so many processors; of larger pictures one.
pub(super) const RENDITIONS_AT_A_TIME: usize = 4;
/// Pictures up to so many pixels are made beside others.
pub(super) const SMALL_PICTURE_PIXELS: u64 = 500_000;
/// Pictures that are decoded at a time where a whole dataset is looked at, and memory is bounded.
pub(super) const CHECK_THREADS: usize = 2;

/// The gallery is tidied each time when memory was looked at so often: once a minute.
pub(super) const GALLERY_LOOKS: u32 = 30;
/// Pictures that the gallery keeps.
pub(super) const MAX_GALLERY_PICTURES: usize = 500;
/// Their bytes.
pub(super) const MAX_GALLERY_BYTES: u64 = 1 << 30;

/// Longest file name that is repeated in messages, in characters.
pub(super) const MAX_NAME_LENGTH: usize = 120;
/// Longest parameter that is repeated in messages, in characters.
pub(super) const MAX_QUOTE_LENGTH: usize = 60;

/// How long open connections may go on after the program was asked to end.
pub(super) const FAREWELL: Duration = Duration::from_secs(30);
/// How long a drawing that nobody waits for may take after that.
pub(crate) const LAST_DRAWING: Duration = Duration::from_secs(5);
