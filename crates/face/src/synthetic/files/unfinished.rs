//! A dataset in the making: a folder beside its destination that an interrupted run leaves, and that the next one goes on with.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::files::beside;
use crate::lock::FolderLock;
use crate::text::read_text;

/// Behind the destination's name.
const ENDING: &str = ".unfinished";
/// What is done, a line for each picture, behind a line that says of what.
const JOURNAL: &str = "journal.txt";
/// The dataset as far as it is there.
const DATASET: &str = "dataset";
/// Held while a run works there.
const LOCK: &str = ".lock";
/// How the journal begins.
const FORMAT: &str = "portraitist-unfinished-synthetic-1";

/// Hashes of what was written for a picture.
type Hashes = Vec<String>;

/// A folder in which a dataset is made.
pub(super) struct Unfinished {
    folder: PathBuf,
    journal: Mutex<File>,
    done: HashMap<String, Hashes>,
    /// Held until the work ends.
    _lock: FolderLock,
}

/// Where a dataset is made that is to become `destination`.
pub fn unfinished_folder(destination: &Path) -> PathBuf {
    beside(destination, ENDING)
}

impl Unfinished {
    /// Takes up what an interrupted run of the same plan has left, or begins anew. `plan` is the plan in one line.
    ///
    /// # Errors
    /// [`Error::Occupied`] if a folder of that name is none of ours, [`Error::Locked`] while another run works there,
    /// [`Error::Write`].
    pub(super) fn open(destination: &Path, plan: &str) -> Result<Self> {
        let folder = unfinished_folder(destination);
        let failed = |source| Error::Write { path: folder.clone(), source };
        let path = folder.join(JOURNAL);
        if folder.symlink_metadata().is_ok() && !is_ours(&folder) {
            let reason = "expected an unfinished synthetic dataset, found something else; move it away".to_owned();
            return Err(Error::Occupied { path: folder, reason });
        }
        fs::create_dir_all(&folder).map_err(failed)?;
        let lock = FolderLock::acquire(&folder.join(LOCK), "dataset synth")?;
        let head = format!("{FORMAT} {} {plan}", env!("CARGO_PKG_VERSION"));
        let done = earlier(&path, &head);
        if done.is_none() {
            // Of another plan, or nothing yet.
            match fs::remove_dir_all(folder.join(DATASET)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
                _ => fs::write(&path, format!("{head}\n")).map_err(failed)?,
            }
        }
        fs::create_dir_all(folder.join(DATASET)).map_err(failed)?;
        let mut journal = OpenOptions::new().append(true).open(&path).map_err(failed)?;
        // Ends a line that was cut off.
        journal.write_all(b"\n").map_err(failed)?;
        Ok(Self { folder, journal: Mutex::new(journal), done: done.unwrap_or_default(), _lock: lock })
    }

    /// The dataset as far as it is there.
    pub(super) fn dataset(&self) -> PathBuf {
        self.folder.join(DATASET)
    }

    /// Whether an earlier run has written these files of a picture, and they hold what it wrote.
    pub(super) fn has(&self, picture: &str, files: &[PathBuf]) -> bool {
        let hashes = |done: &Hashes| {
            done.len() == files.len()
                && done
                    .iter()
                    .zip(files)
                    .all(|(expected, file)| fs::read(file).is_ok_and(|bytes| hash(&bytes) == *expected))
        };
        self.done.get(picture).is_some_and(hashes)
    }

    /// Notes a picture whose files are written.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub(super) fn note<'a>(&self, picture: &str, contents: impl IntoIterator<Item = &'a [u8]>) -> Result<()> {
        let hashes: Vec<String> = contents.into_iter().map(hash).collect();
        let line = format!("{picture}\t{}\n", hashes.join("\t"));
        let mut journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        journal.write_all(line.as_bytes()).map_err(|source| Error::Write { path: self.folder.join(JOURNAL), source })
    }

    /// Removes what is left when the dataset has got its place, or when it cannot be made. What cannot be removed does no harm.
    pub(super) fn remove(self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Whether a folder of that name was left by a run: it is empty, or has a journal.
fn is_ours(folder: &Path) -> bool {
    let mut entries = match fs::read_dir(folder) {
        Ok(entries) => entries.flatten().map(|entry| entry.file_name()).filter(|name| name != LOCK),
        Err(_) => return false,
    };
    read_text(&folder.join(JOURNAL)).is_ok_and(|text| text.starts_with(FORMAT)) || entries.next().is_none()
}

/// The pictures that a journal of the same plan names.
fn earlier(journal: &Path, head: &str) -> Option<HashMap<String, Hashes>> {
    let text = read_text(journal).ok()?;
    let rest = text.strip_prefix(head)?.strip_prefix('\n')?;
    let row = |line: &str| {
        let (picture, hashes) = line.split_once('\t')?;
        Some((picture.to_owned(), hashes.split('\t').map(str::to_owned).collect()))
    };
    Some(rest.lines().filter_map(row).collect())
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
