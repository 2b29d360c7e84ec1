//! Lists of what was kept, in WebCaricature's layout: they make the prepared folder a dataset derived from its source.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::manifest::Row;
use crate::dataset::webcaricature::{CONFIG, FILENAMES, LISTS};
use crate::dataset::{Dataset, Layout};
use crate::error::{Error, Result};

/// Where lists are written before they get their name.
const NEW: &str = ".prepare-lists.tmp";
/// What the lists before them are called until they are removed.
const OLD: &str = ".prepare-old-lists.tmp";

/// `Filenames` and `config.json` with their contents, for sources in WebCaricature's layout.
pub(super) fn files(dataset: &Dataset, folder: &Path, rows: &[Row]) -> BTreeMap<String, Vec<u8>> {
    if dataset.layout != Layout::WebCaricature {
        return BTreeMap::new();
    }
    let owners: BTreeMap<&str, String> =
        dataset.owners.iter().map(|(part, owner)| (*part, from_siblings(folder, owner))).collect();
    let mut files = kept_lists(rows.iter());
    files.insert(CONFIG.to_owned(), serde_json::to_string_pretty(&owners).unwrap_or_default().into_bytes());
    files
}

/// Each person's lists.
pub(super) fn kept_lists<'a>(rows: impl Iterator<Item = &'a Row>) -> BTreeMap<String, Vec<u8>> {
    let mut lists: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for row in rows.filter(|row| row.kept) {
        let list = LISTS.iter().find(|(domain, _)| *domain == row.domain).map_or(LISTS[0].1, |(_, file)| file);
        let names = lists.entry(format!("{FILENAMES}/{}/{list}", row.identity)).or_default();
        names.extend_from_slice(format!("{}.jpg\n", row.picture).as_bytes());
    }
    lists
}

/// Puts the lists among `files` in the place of those that are there, all at once. `check` is asked before anything goes.
pub(super) fn swap_lists(
    folder: &Path,
    files: &BTreeMap<String, Vec<u8>>,
    check: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let (lists, new, old) = (folder.join(FILENAMES), folder.join(NEW), folder.join(OLD));
    let failed = |source| Error::Write { path: lists.clone(), source };
    for unfinished in [&new, &old] {
        if unfinished.exists() {
            fs::remove_dir_all(unfinished).map_err(failed)?;
        }
    }
    let is_derived = files.contains_key(CONFIG);
    if is_derived {
        fs::create_dir(&new).map_err(failed)?;
        for (file, bytes) in files {
            let Some(below) = file.strip_prefix(FILENAMES) else { continue };
            let path = new.join(below.trim_start_matches('/'));
            path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, bytes)).map_err(failed)?;
        }
    }
    if lists.exists() {
        check()?;
        fs::rename(&lists, &old).map_err(failed)?;
    }
    if is_derived {
        fs::rename(&new, &lists).map_err(failed)?;
    }
    if old.exists() {
        fs::remove_dir_all(&old).map_err(failed)?;
    }
    Ok(())
}

/// The way from the folder that holds `folder` to `other`.
fn from_siblings(folder: &Path, other: &Path) -> String {
    let (Ok(folder), Ok(other)) = (folder.canonicalize(), other.canonicalize()) else {
        return other.display().to_string();
    };
    let start = folder.parent().unwrap_or(&folder);
    let shared = start.components().zip(other.components()).take_while(|(a, b)| a == b).count();
    let up = start.components().skip(shared).map(|_| Component::ParentDir);
    let way: PathBuf = up.chain(other.components().skip(shared)).collect();
    if way.as_os_str().is_empty() { ".".to_owned() } else { way.display().to_string() }
}
