//! What a prepared folder holds of this program's: nothing else in it is ever replaced or removed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::derived::kept_lists;
use super::manifest::{Earlier, MANIFEST};
use super::names::CROPS;
use super::recipe::hash;
use crate::dataset::Walk;
use crate::dataset::webcaricature::{CONFIG, FILENAMES, IMAGES, LANDMARKS, PROTOCOLS};
use crate::error::{Error, Result};
use crate::files::write_atomically;
use crate::text::read_text;

/// The record's file name.
const RECORD: &str = ".prepared.json";
/// What it calls itself.
const FORMAT: &str = "portraitist-prepared-1";
/// The recipe as it was used.
pub(super) const RECIPE: &str = "recipe.toml";
/// Its hash.
pub(super) const RECIPE_HASH: &str = "recipe.sha256";
/// How much other filters would keep.
pub(super) const SENSITIVITY: &str = "sensitivity.csv";
/// Files of every prepared folder, besides crops and lists.
const TABLES: [&str; 4] = [MANIFEST, RECIPE, RECIPE_HASH, SENSITIVITY];

/// Files by path below the folder, with their contents.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// What was written, and from what.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Record {
    format: String,
    /// The dataset that was prepared.
    source: PathBuf,
    /// When the last run that came to its end looked at the files, nanoseconds since 1970.
    pub(super) looked: u64,
    /// SHA-256 of the files as they were written; of two runs while the second is not finished. Files of older versions have none.
    files: BTreeMap<String, BTreeSet<String>>,
    /// Crops that are to be removed.
    pub(super) leftovers: BTreeSet<String>,
}

impl Record {
    /// Finds out what of a folder may be replaced, and refuses it if anything else is in the way. Touches nothing.
    ///
    /// # Errors
    /// [`Error::Occupied`] for files of others, for what was altered, and for another dataset's result; the last two may be replaced
    /// with `force`.
    pub(super) fn claim(folder: &Path, source: &Path, earlier: &Earlier, force: bool) -> Result<Self> {
        let occupied = |reason: String| Error::Occupied { path: folder.to_owned(), reason };
        if fs::symlink_metadata(folder).is_ok() && !folder.is_dir() {
            return Err(occupied("expected a folder for the result, found a file of that name".to_owned()));
        }
        let real = source.canonicalize().unwrap_or_else(|_| source.to_owned());
        let mut record = match Self::read(folder) {
            Some(record) => record,
            None if earlier.has_manifest || earlier.has_journal => Self::of_older(folder, earlier),
            None => Self::default(),
        };
        let strangers = record.strangers(folder, earlier);
        if !strangers.is_empty() {
            return Err(occupied(format!(
                "{} not written by `dataset prepare` and would be replaced or mixed with its result; choose another folder, or move \
                 them away",
                listed(&strangers, "was", "were")
            )));
        }
        if !force {
            if record.source != real && record.source.exists() && !record.source.as_os_str().is_empty() {
                let other = record.source.display();
                return Err(occupied(format!(
                    "it holds what was prepared from {other}; choose another folder, or replace that with --force"
                )));
            }
            let altered = record.altered(folder);
            if !altered.is_empty() {
                return Err(occupied(format!(
                    "{} changed since `dataset prepare` wrote it; move it away, or replace it with --force",
                    listed(&altered, "was", "were")
                )));
            }
        }
        FORMAT.clone_into(&mut record.format);
        record.source = real;
        Ok(record)
    }

    fn read(folder: &Path) -> Option<Self> {
        let record: Self = serde_json::from_str(&read_text(&folder.join(RECORD)).ok()?).ok()?;
        (record.format == FORMAT).then_some(record)
    }

    /// The record of a folder that an older version prepared, which kept none: the tables, the lists that say what the manifest
    /// says, and a configuration of nothing but this program's entries.
    fn of_older(folder: &Path, earlier: &Earlier) -> Self {
        let mut record = Self::default();
        if earlier.has_manifest {
            record.files.extend(TABLES.map(|file| (file.to_owned(), BTreeSet::new())));
        }
        for (file, text) in kept_lists(earlier.rows.values()) {
            if fs::read(folder.join(&file)).is_ok_and(|found| same_lines(&found, &text)) {
                record.files.insert(file, BTreeSet::new());
            }
        }
        let config: Option<BTreeMap<String, String>> =
            read_text(&folder.join(CONFIG)).ok().and_then(|text| serde_json::from_str(&text).ok());
        let parts = [IMAGES, FILENAMES, LANDMARKS, PROTOCOLS];
        if config.is_some_and(|config| config.keys().all(|part| parts.contains(&part.as_str()))) {
            record.files.insert(CONFIG.to_owned(), BTreeSet::new());
        }
        record
    }

    /// What is in the way and was not written by this program.
    fn strangers(&self, folder: &Path, earlier: &Earlier) -> Vec<String> {
        let is_there = |file: &str| fs::symlink_metadata(folder.join(file)).is_ok();
        let ours = |file: &str| self.files.contains_key(file);
        let mut strangers: Vec<String> = TABLES
            .into_iter()
            .chain([CONFIG])
            .filter(|file| is_there(file) && !ours(file))
            .map(str::to_owned)
            .collect();
        if is_there(CROPS) && self.format.is_empty() && !earlier.has_manifest && !earlier.has_journal {
            strangers.push(CROPS.to_owned());
        }
        strangers.extend(self.strange_lists(folder));
        strangers
    }

    /// What lies among the lists and was not written by this program.
    fn strange_lists(&self, folder: &Path) -> Vec<String> {
        let lists = folder.join(FILENAMES);
        match fs::symlink_metadata(&lists) {
            Err(_) => return Vec::new(),
            Ok(metadata) if !metadata.is_dir() => return vec![FILENAMES.to_owned()],
            Ok(_) => {}
        }
        let found = files_below(&lists);
        if found.is_empty() && !self.files.contains_key(CONFIG) {
            return vec![FILENAMES.to_owned()];
        }
        let below = found.iter().map(|path| slashed(path.strip_prefix(folder).unwrap_or(path)));
        below.filter(|file| !self.files.contains_key(file)).collect()
    }

    /// Files of this program that hold something else than it wrote.
    fn altered(&self, folder: &Path) -> Vec<String> {
        let differs = |(file, hashes): (&String, &BTreeSet<String>)| {
            let bytes = fs::read(folder.join(file)).ok()?;
            (!hashes.is_empty() && !hashes.contains(&hash(&bytes))).then(|| file.clone())
        };
        self.files.iter().filter_map(differs).collect()
    }

    /// Refuses to replace the lists if somebody put a file among them meanwhile.
    pub(super) fn check_lists(&self, folder: &Path) -> Result<()> {
        let strangers = self.strange_lists(folder);
        if strangers.is_empty() {
            return Ok(());
        }
        let reason = format!("{} put there meanwhile; move it away", listed(&strangers, "was", "were"));
        Err(Error::Occupied { path: folder.to_owned(), reason })
    }

    /// Adds what is about to be written.
    pub(super) fn expect(&mut self, files: &Files) {
        for (file, bytes) in files {
            self.files.entry(file.clone()).or_default().insert(hash(bytes));
        }
    }

    /// Leaves nothing but what was written; gives the files of earlier runs that are no longer wanted.
    pub(super) fn settle(&mut self, files: &Files) -> Vec<String> {
        let earlier = std::mem::take(&mut self.files);
        self.expect(files);
        earlier.into_keys().filter(|file| !files.contains_key(file)).collect()
    }

    /// Writes the record.
    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        write_atomically(folder.join(RECORD), text.as_bytes(), true)
    }
}

/// Every file below a folder, links and hidden ones included.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(files_below(&entry.path())),
            _ => found.push(entry.path()),
        }
    }
    found.sort();
    found
}

/// A path with its parts joined by `/`.
pub(super) fn slashed(path: &Path) -> String {
    path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// The lists of older versions may have been written in another order of pictures.
fn same_lines(found: &[u8], text: &[u8]) -> bool {
    let lines = |bytes: &[u8]| {
        let mut lines: Vec<Vec<u8>> = bytes.split(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
        lines.sort();
        lines
    };
    lines(found) == lines(text)
}

/// `a was`, `a, b were`, `a, b, c and 5 more were`.
fn listed(names: &[String], one: &str, many: &str) -> String {
    let shown = names.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
    match names.len() {
        0 | 1 => format!("{shown} {one}"),
        2 | 3 => format!("{shown} {many}"),
        more => format!("{shown} and {} more {many}", more - 3),
    }
}

/// Files of a folder of crops that are none of `crops`, below the prepared folder.
pub(super) fn strange_crops(folder: &Path, crops: &BTreeSet<String>) -> Vec<String> {
    let found = Walk::of(&folder.join(CROPS), |_| true).files;
    let below = found.iter().map(|path| slashed(path.strip_prefix(folder).unwrap_or(path)));
    below.filter(|file| !crops.contains(file)).collect()
}
