//! What is on disk under a name, besides regular files.

use std::fs::Metadata;
use std::path::Path;

/// What a path leads to that is no regular file: a folder, a named pipe, a socket, a device; opening one of them may wait for
/// ever. `None` for regular files, and for the pipes that the shell itself makes (`/dev/stdin`, `/dev/fd/63`).
pub(crate) fn special_file(path: &Path, metadata: &Metadata) -> Option<&'static str> {
    if metadata.is_file() {
        return None;
    }
    if metadata.is_dir() {
        return Some("a folder");
    }
    let of_the_shell = ["/dev/stdin", "/dev/fd", "/proc/self/fd"].iter().any(|place| path.starts_with(place));
    if of_the_shell { None } else { Some(kind(metadata)) }
}

#[cfg(unix)]
fn kind(metadata: &Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    let kind = metadata.file_type();
    if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(not(unix))]
fn kind(_metadata: &Metadata) -> &'static str {
    "something that is no file"
}
