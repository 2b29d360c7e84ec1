//! Lists of what was kept, in WebCaricature's layout: they make the prepared folder a dataset derived from its source.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::manifest::Row;
use crate::dataset::webcaricature::{CONFIG, FILENAMES, LISTS};
use crate::dataset::{Dataset, Layout};
use crate::error::{Error, Result};
use crate::files::write_atomically;

/// Writes `Filenames` and `config.json`, for sources in WebCaricature's layout.
pub(super) fn write(dataset: &Dataset, folder: &Path, rows: &[Row]) -> Result<()> {
    if dataset.layout != Layout::WebCaricature {
        return Ok(());
    }
    let lists = folder.join(FILENAMES);
    let aside = folder.join(format!("{FILENAMES}.tmp"));
    let failed = |source| Error::Write { path: lists.clone(), source };
    if aside.exists() {
        fs::remove_dir_all(&aside).map_err(failed)?;
    }
    fs::create_dir_all(&aside).map_err(failed)?;
    for ((person, file), names) in kept_names(rows) {
        let folder = aside.join(person);
        fs::create_dir_all(&folder).map_err(failed)?;
        fs::write(folder.join(file), names).map_err(failed)?;
    }
    if lists.exists() {
        fs::remove_dir_all(&lists).map_err(failed)?;
    }
    fs::rename(&aside, &lists).map_err(failed)?;
    let owners: BTreeMap<&str, String> =
        dataset.owners.iter().map(|(part, owner)| (*part, from_siblings(folder, owner))).collect();
    let text = serde_json::to_string_pretty(&owners).unwrap_or_default();
    write_atomically(folder.join(CONFIG), text.as_bytes(), true)
}

/// The text of each person's lists.
fn kept_names(rows: &[Row]) -> BTreeMap<(&str, &'static str), String> {
    let mut lists: BTreeMap<(&str, &'static str), String> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.kept) {
        let list = LISTS.iter().find(|(domain, _)| *domain == row.domain).map_or(LISTS[0].1, |(_, file)| file);
        let names = lists.entry((row.identity.as_str(), list)).or_default();
        names.push_str(&format!("{}.jpg\n", row.picture));
    }
    lists
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
