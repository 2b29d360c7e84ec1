//! Pictures in a folder, each with the time at which it goes in its name: whatever ends the program, none is kept longer than was said
//! once the program runs again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use portraitist_face::files::write_atomically;

use crate::web::limits::{MAX_GALLERY_BYTES, MAX_GALLERY_PICTURES};
use crate::web::names::{is_name, unguessable};

/// The folder's name below `--data`.
const FOLDER: &str = "gallery";

/// A folder of pictures.
pub(crate) struct Gallery {
    folder: PathBuf,
    kept_for: Duration,
    /// One change at a time.
    changing: Mutex<()>,
}

/// A picture that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) id: String,
    /// When it goes, in seconds since 1970.
    pub(super) until: u64,
    bytes: u64,
    path: PathBuf,
}

impl Kept {
    /// `UNTIL-ID.png`; `None` for files that are none of ours.
    fn of(entry: &fs::DirEntry) -> Option<Self> {
        let path = entry.path();
        let name = entry.file_name().into_string().ok()?;
        let (until, id) = name.strip_suffix(".png")?.split_once('-')?;
        let file = entry.metadata().ok().filter(fs::Metadata::is_file)?;
        Some(Self { id: id.to_owned(), until: until.parse().ok().filter(|_| is_name(id))?, bytes: file.len(), path })
    }
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

impl Gallery {
    /// A gallery below the folder for data, where each picture is kept for a time.
    ///
    /// # Errors
    /// If the folder cannot be made or read.
    pub(crate) fn open(data: &Path, kept_for: Duration) -> io::Result<Self> {
        let folder = data.join(FOLDER);
        fs::create_dir_all(&folder)?;
        let gallery = Self { folder, kept_for, changing: Mutex::default() };
        gallery.sweep()?;
        Ok(gallery)
    }

    /// Forgets what an earlier server kept longer than it said, where this one keeps nothing.
    pub(crate) fn sweep_below(data: &Path) {
        let gallery = Self { folder: data.join(FOLDER), kept_for: Duration::ZERO, changing: Mutex::default() };
        // Usually there is no such folder.
        gallery.tidy();
    }

    /// Forgets what has had its time.
    pub(crate) fn tidy(&self) {
        // The next time will do as well.
        let _ = self.sweep();
    }

    /// How long a picture is kept.
    pub(super) fn kept_for(&self) -> Duration {
        self.kept_for
    }

    /// What is kept, the newest first.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub(super) fn sweep(&self) -> io::Result<Vec<Kept>> {
        let _change = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = fs::read_dir(&self.folder)?.filter_map(Result::ok);
        let (mut kept, gone): (Vec<Kept>, Vec<Kept>) =
            entries.filter_map(|entry| Kept::of(&entry)).partition(|kept| kept.until > now());
        kept.sort_by(|a, b| (b.until, &b.id).cmp(&(a.until, &a.id)));
        let mut bytes = 0;
        let mut fits = |picture: &Kept| {
            bytes += picture.bytes;
            bytes <= MAX_GALLERY_BYTES
        };
        let count = kept.iter().take(MAX_GALLERY_PICTURES).take_while(|picture| fits(picture)).count();
        let too_many = kept.split_off(count);
        for picture in gone.iter().chain(&too_many) {
            fs::remove_file(&picture.path)?;
        }
        Ok(kept)
    }

    /// Keeps a PNG file under a name that nobody can guess, which is returned. The oldest go if there are too many.
    ///
    /// # Errors
    /// If it cannot be written, or the system has no random numbers.
    pub(super) fn keep(&self, png: &[u8]) -> anyhow::Result<String> {
        let id = unguessable()?;
        let until = now() + self.kept_for.as_secs();
        write_atomically(self.folder.join(format!("{until:012}-{id}.png")), png, false)?;
        self.sweep()?;
        Ok(id)
    }

    /// The file of a picture that is kept; `None` if there is none of that name.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub(super) fn find(&self, id: &str) -> io::Result<Option<PathBuf>> {
        Ok(self.sweep()?.into_iter().find(|kept| kept.id == id).map(|kept| kept.path))
    }

    /// Forgets a picture; whether there was one.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub(super) fn forget(&self, id: &str) -> io::Result<bool> {
        let found = self.find(id)?;
        let _change = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        found.as_ref().map(fs::remove_file).transpose().map(|removed| removed.is_some())
    }
}

/// How many seconds a picture is still kept.
pub(super) fn seconds_left(kept: &Kept) -> u64 {
    kept.until.saturating_sub(now())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;

    #[test]
    fn pictures_go_when_their_time_is_over() {
        let data = tempfile::tempdir().unwrap();
        let gallery = Gallery::open(data.path(), Duration::from_secs(3600)).unwrap();
        let first = gallery.keep(b"one").unwrap();
        let second = gallery.keep(b"two").unwrap();
        fs::write(data.path().join("gallery/notes.png"), "not ours").unwrap();
        let old = data.path().join(format!("gallery/{:012}-{:032x}.png", now() - 1, 7));
        fs::write(&old, "old").unwrap();
        let ids: Vec<String> = gallery.sweep().unwrap().into_iter().map(|kept| kept.id).collect();
        assert!(ids.len() == 2 && ids.contains(&first) && ids.contains(&second), "{ids:?}");
        assert!(!old.exists() && data.path().join("gallery/notes.png").exists());
        assert_eq!(fs::read(gallery.find(&first).unwrap().unwrap()).unwrap(), b"one");
        assert!(gallery.forget(&first).unwrap() && !gallery.forget(&first).unwrap());
        assert_eq!(gallery.find("../../secret").unwrap(), None);
        fs::write(&old, "old").unwrap();
        Gallery::sweep_below(data.path());
        assert!(!old.exists() && gallery.find(&second).unwrap().is_some(), "what still has time stays");
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many() {
        let data = tempfile::tempdir().unwrap();
        let gallery = Gallery::open(data.path(), Duration::from_secs(3600)).unwrap();
        for number in 0..MAX_GALLERY_PICTURES + 3 {
            let until = now() + 100 + number as u64;
            fs::write(data.path().join(format!("gallery/{until:012}-{number:032x}.png")), "x").unwrap();
        }
        let kept = gallery.sweep().unwrap();
        assert_eq!(kept.len(), MAX_GALLERY_PICTURES);
        assert_eq!(kept.last().unwrap().id, format!("{:032x}", 3), "the newest stay");
        assert_eq!(fs::read_dir(data.path().join("gallery")).unwrap().count(), MAX_GALLERY_PICTURES);
    }
}
