//! Writing files: aside, synced, renamed. They appear whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use crate::error::{Error, Result};

/// Writes a file so that it is there whole or not at all: a temporary file in the same folder, synced, then renamed.
///
/// On any failure (disk full, no permission) the temporary file is removed and an existing destination is as it was.
///
/// # Errors
/// [`Error::AlreadyExists`] if the destination exists and `overwrite` is false; [`Error::Write`] otherwise.
pub fn write_atomically(path: impl AsRef<Path>, bytes: &[u8], overwrite: bool) -> Result<()> {
    let path = path.as_ref();
    let write_error = |source| Error::Write { path: path.to_owned(), source };
    if path.is_dir() {
        return Err(write_error(io::Error::new(io::ErrorKind::IsADirectory, "a folder has that name")));
    }
    if !overwrite && path.symlink_metadata().is_ok() {
        return Err(Error::AlreadyExists { path: path.to_owned() });
    }
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut file = temporary_file(folder).map_err(|error| write_error(error.kind().into()))?;
    // Through the plain file: errors of the wrapper would name the temporary file.
    file.as_file_mut().write_all(bytes).map_err(write_error)?;
    file.as_file().sync_all().map_err(write_error)?;
    if overwrite {
        file.persist(path).map_err(|error| write_error(error.error))?;
    } else {
        file.persist_noclobber(path).map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists => Error::AlreadyExists { path: path.to_owned() },
            _ => write_error(error.error),
        })?;
    }
    sync_folder(folder);
    Ok(())
}

/// A temporary file that removes itself when dropped, with the permissions of an ordinary new file.
fn temporary_file(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".portraitist-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Makes the rename itself durable where the system can; the file's bytes already are, so a failure here is not one.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

/// Ending of a file that [`write_unsynced`] has not finished.
const ASIDE: &str = "tmp";

/// Writes a file aside and renames it, but does not sync it: for files of which something else tells whether they are whole, as
/// a manifest's lengths do. The folders above it are created.
pub(crate) fn write_unsynced(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |source| Error::Write { path: path.to_owned(), source };
    let mut aside = path.as_os_str().to_owned();
    aside.push(".");
    aside.push(ASIDE);
    let create = || File::create(&aside);
    let mut file = match create() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).map_err(failed)?;
            }
            create().map_err(failed)?
        }
        other => other.map_err(failed)?,
    };
    file.write_all(bytes).and_then(|()| fs::rename(&aside, path)).map_err(failed)
}

/// Removes what an interruption of [`write_unsynced`] left of PNG files below a folder. What cannot be removed does no harm.
pub(crate) fn remove_unfinished(folder: &Path) {
    for path in fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())) {
        if path.is_dir() && !path.is_symlink() {
            remove_unfinished(&path);
        } else if path.to_str().is_some_and(|name| name.ends_with(&format!(".png.{ASIDE}"))) {
            let _ = fs::remove_file(&path);
        }
    }
}
