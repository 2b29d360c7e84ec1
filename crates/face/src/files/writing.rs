//! Writing files atomically: to a temporary file, which is synced and renamed. A file is complete or not there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use tempfile::{NamedTempFile, PersistError};

use super::unfinished::create_unfinished;
use crate::error::{Error, Result};

/// Names of unfinished files: short, whatever the file itself is called.
const PREFIX: &str = ".portraitist-";
const SUFFIX: &str = ".tmp";

/// Writes a file so that it is there whole or not at all: a temporary file in the same folder, synced, then renamed.
///
/// On any failure (disk full, no permission) the temporary file is removed and an existing destination is as it was.
///
/// # Errors
/// [`Error::AlreadyExists`] if the destination exists and `overwrite` is false; [`Error::Write`] otherwise.
pub fn write_atomically(path: impl AsRef<Path>, bytes: &[u8], overwrite: bool) -> Result<()> {
    write_atomically_by(path, overwrite, |file| file.write_all(bytes))
}

/// As [`write_atomically`], for what is written piece by piece.
///
/// # Errors
/// As [`write_atomically`], and those of `write`.
pub fn write_atomically_by(
    path: impl AsRef<Path>,
    overwrite: bool,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> Result<()> {
    let path = path.as_ref();
    let write_error = |source| Error::Write { path: path.to_owned(), source };
    if path.is_dir() {
        return Err(write_error(io::Error::new(io::ErrorKind::IsADirectory, "a folder has that name")));
    }
    if !overwrite && path.symlink_metadata().is_ok() {
        return Err(Error::AlreadyExists { path: path.to_owned() });
    }
    let folder = folder_of(path);
    let mut file = temporary_file(folder).map_err(|error| write_error(error.kind().into()))?;
    // Through the plain file: errors of the wrapper would name the temporary file.
    write(file.as_file_mut()).map_err(write_error)?;
    file.as_file().sync_all().map_err(write_error)?;
    if overwrite {
        file.persist(path).map_err(|error| write_error(error.error))?;
    } else {
        put_new(file, path, |file, path| file.persist_noclobber(path)).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Error::AlreadyExists { path: path.to_owned() },
            _ => write_error(error),
        })?;
    }
    // The file's bytes are synced and it has its name; only a crash of the system could still undo the renaming.
    let _ = sync_folder(folder);
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Gives a temporary file a name that nothing has, with `rename`, which must not replace what is there. Some file systems offer
/// neither such a rename nor links: there, the name is taken by an empty file first.
fn put_new<R>(
    file: NamedTempFile,
    path: &Path,
    rename: impl FnOnce(NamedTempFile, &Path) -> std::result::Result<R, PersistError>,
) -> io::Result<()> {
    let file = match rename(file, path) {
        Ok(_) => return Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => return Err(error.error),
        Err(error) => error.file,
    };
    OpenOptions::new().write(true).create_new(true).open(path)?;
    file.persist(path).map(drop).map_err(|error| {
        // The empty file is ours: nobody else could create it.
        let _ = fs::remove_file(path);
        error.error
    })
}

/// A temporary file that removes itself when dropped, with the permissions of an ordinary new file.
fn temporary_file(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    create_unfinished(|| builder.tempfile_in(folder))
}

/// Makes what was created and renamed in a folder outlast a crash of the system. Nothing happens where the system or the file
/// system cannot sync folders.
///
/// # Errors
/// A failure of the disk.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(error) if is_unsupported(error.kind()) => Ok(()),
        other => other,
    }
}

/// What systems answer that cannot sync a folder: EINVAL, EPERM or EACCES, ENOTSUP or ENOSYS.
fn is_unsupported(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::InvalidInput | io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported)
}

/// Writes a temporary file and renames it, but does not sync it: for files that something else shows to be complete, as
/// a manifest's lengths do. The folders above it are created.
pub(crate) fn write_unsynced(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |source| Error::Write { path: path.to_owned(), source };
    let kind = |error: io::Error| failed(error.kind().into());
    let folder = folder_of(path);
    let mut file = match temporary_file(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(folder).map_err(failed)?;
            temporary_file(folder).map_err(kind)?
        }
        other => other.map_err(kind)?,
    };
    file.as_file_mut().write_all(bytes).map_err(failed)?;
    file.persist(path).map(drop).map_err(|error| failed(error.error))
}

/// Removes what a killed program left of unfinished files below a folder. What cannot be removed does no harm.
pub fn remove_unfinished(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(kind) = entry.file_type() else { continue };
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if kind.is_dir() {
            remove_unfinished(&entry.path());
        } else if (name.starts_with(PREFIX) && name.ends_with(SUFFIX)) || name.ends_with(".png.tmp") {
            // The second is what older versions called them.
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file system with neither links nor renames that replace nothing.
    fn refused(file: NamedTempFile, _: &Path) -> std::result::Result<File, PersistError> {
        Err(PersistError { error: io::ErrorKind::InvalidInput.into(), file })
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder").flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn new_files_appear_on_poor_file_systems_too() {
        let folder = tempfile::tempdir().expect("a folder");
        let target = folder.path().join("a.png");
        let written = |text: &[u8]| {
            let mut file = temporary_file(folder.path()).expect("a file");
            file.write_all(text).expect("written");
            file
        };
        put_new(written(b"new"), &target, refused).expect("nothing has the name");
        assert_eq!(fs::read(&target).expect("there"), b"new");
        let error = put_new(written(b"newer"), &target, refused).expect_err("the name is taken");
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&target).expect("there"), b"new", "what was there stays");
        assert_eq!(names(folder.path()), ["a.png"], "no temporary file is left");
    }

    #[test]
    fn the_longest_names_can_be_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let target = folder.path().join(format!("{}.png", "x".repeat(251)));
        write_unsynced(&target, b"1").expect("a name of 255 bytes");
        write_atomically(&target, b"2", true).expect("a name of 255 bytes");
        let below = folder.path().join("new/folder/1.png");
        write_unsynced(&below, b"3").expect("folders are made");
        assert!(target.is_file() && below.is_file());
        write_unsynced(&folder.path().join("x".repeat(256)), b"4").expect_err("a name that no file can have");
        assert_eq!(names(folder.path()).len(), 2, "no temporary file is left");
    }

    #[test]
    fn unfinished_files_are_removed_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("crops")).expect("a folder");
        let kept = ["crops/1.png", "notes.tmp", ".portraitist-cache", "crops/.portraitist.tmp"];
        for name in kept.iter().chain(&[".portraitist-a1.tmp", "crops/.portraitist-b2.tmp", "crops/2.png.tmp"]) {
            fs::write(folder.path().join(name), "x").expect("written");
        }
        remove_unfinished(folder.path());
        assert!(kept.iter().all(|name| folder.path().join(name).is_file()));
        assert_eq!(names(folder.path()).len() + names(&folder.path().join("crops")).len(), kept.len() + 1);
    }

    #[test]
    fn folders_that_cannot_be_synced_are_no_error() {
        use io::ErrorKind::{InvalidInput, Other, PermissionDenied, StorageFull, Unsupported};
        assert!([InvalidInput, PermissionDenied, Unsupported].into_iter().all(is_unsupported));
        assert!(![Other, StorageFull].into_iter().any(is_unsupported));
        let folder = tempfile::tempdir().expect("a folder");
        sync_folder(folder.path()).expect("it can be synced, or cannot at all");
        sync_folder(&folder.path().join("none")).expect_err("there is no such folder");
    }
}
