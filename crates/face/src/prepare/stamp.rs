//! By what a change of a file is noticed: size, times, and its bytes where times cannot tell.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};

use crate::picture::MAX_FILE_BYTES;

/// Times of files may be this coarse: a change within it can leave them as they were. In nanoseconds.
const COARSE: u128 = 2_000_000_000;

/// Size, times and bytes of a file; zeros for a file that is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) bytes: u64,
    pub(super) modified: u128,
    /// The time of the last change of any kind, which no program can set; 0 where the system does not tell.
    pub(super) changed: u128,
    /// SHA-256; empty in older manifests, and for what is no file or too large to be a picture.
    pub(super) sha256: String,
}

impl Stamp {
    /// The stamp of a file. Its bytes are not read where `earlier` must still hold: size and times are the same, and were old
    /// enough at `looked`, when they were looked at before.
    pub(super) fn of(path: Option<&Path>, earlier: Option<Self>, looked: u128) -> Self {
        let Some(metadata) = path.and_then(|path| std::fs::metadata(path).ok()) else { return Self::default() };
        let (bytes, modified, changed) = (metadata.len(), nanoseconds(&metadata), changed(&metadata));
        let same = |earlier: &Self| {
            (earlier.bytes, earlier.modified, earlier.changed) == (bytes, modified, changed)
                && changed > 0
                && changed + COARSE < looked
        };
        if let Some(earlier) = earlier.filter(|earlier| same(earlier) && !earlier.sha256.is_empty()) {
            return earlier;
        }
        let is_readable = metadata.is_file() && bytes <= MAX_FILE_BYTES;
        let sha256 = path.filter(|_| is_readable).and_then(hash_file).unwrap_or_default();
        Self { bytes, modified, changed, sha256 }
    }

    /// Whether the file holds what it held then. Of older manifests, which have no hashes, size and time must do.
    pub(super) fn is_of_the_same(&self, then: &Self) -> bool {
        match (then.sha256.is_empty(), self.sha256.is_empty()) {
            (false, false) => then.sha256 == self.sha256,
            _ => (then.bytes, then.modified) == (self.bytes, self.modified),
        }
    }
}

fn nanoseconds(metadata: &Metadata) -> u128 {
    let time = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    time.map_or(0, |time| time.as_nanos())
}

#[cfg(unix)]
fn changed(metadata: &Metadata) -> u128 {
    use std::os::unix::fs::MetadataExt;
    let (seconds, rest) = (u128::try_from(metadata.ctime()), u128::try_from(metadata.ctime_nsec()));
    seconds.unwrap_or(0) * 1_000_000_000 + rest.unwrap_or(0)
}

#[cfg(not(unix))]
fn changed(_: &Metadata) -> u128 {
    0
}

/// SHA-256 of a file in hexadecimal; `None` if it cannot be read.
pub(super) fn hash_file(path: &Path) -> Option<String> {
    let hashed = || -> io::Result<String> {
        let (mut file, mut hasher) = (File::open(path)?, Sha256::new());
        let mut block = vec![0; 1 << 16];
        loop {
            let count = file.read(&mut block)?;
            if count == 0 {
                return Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect());
            }
            hasher.update(&block[..count]);
        }
    };
    hashed().ok()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;

    #[test]
    fn other_bytes_of_the_same_size_and_time_are_noticed() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("picture");
        std::fs::write(&file, "one").unwrap();
        let modified = std::fs::metadata(&file).unwrap().modified().unwrap();
        let first = Stamp::of(Some(&file), None, 0);
        std::fs::write(&file, "two").unwrap();
        File::options().write(true).open(&file).unwrap().set_modified(modified).unwrap();
        let second = Stamp::of(Some(&file), Some(first.clone()), first.changed + 1);
        assert_eq!((second.bytes, second.modified), (first.bytes, first.modified));
        assert!(!second.is_of_the_same(&first));
        let old = Stamp { sha256: String::new(), ..first.clone() };
        assert!(second.is_of_the_same(&old), "without hashes nothing else can tell");
        assert_eq!(Stamp::of(Some(&place.path().join("none")), Some(first), u128::MAX), Stamp::default());
    }
}
