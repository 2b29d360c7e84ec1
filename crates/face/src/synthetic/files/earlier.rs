//! An earlier synthetic dataset: what in its folder is this program's, and may be replaced.

use std::collections::HashSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use super::protocols::protocols;

/// What the manifest calls itself.
pub(super) const FORMAT: &str = "portraitist-synthetic-1";
/// The manifest's file name.
pub(super) const MANIFEST: &str = "manifest.json";

/// Files below a synthetic dataset's folder that it did not write, sorted, as paths below it; `None` if it is no synthetic dataset.
pub(super) fn strangers(root: &Path) -> Option<Vec<PathBuf>> {
    let own = own_files(&fs::read(root.join(MANIFEST)).ok()?)?;
    let mut strangers: Vec<PathBuf> = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).ok()?.flatten() {
            let path = entry.path();
            let below = path.strip_prefix(root).unwrap_or(&path).to_owned();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(path),
                Ok(kind) if kind.is_file() && own.contains(&below) => {}
                _ => strangers.push(below),
            }
        }
    }
    strangers.sort();
    Some(strangers)
}

/// The files that a manifest stands for.
fn own_files(manifest: &[u8]) -> Option<HashSet<PathBuf>> {
    let manifest: Value = serde_json::from_slice(manifest).ok()?;
    if manifest["format"] != FORMAT {
        return None;
    }
    let mut own = HashSet::from([PathBuf::from(MANIFEST)]);
    // The same files, whoever the people are.
    own.extend(protocols(&[], 0).into_iter().map(|file| Path::new("EvaluationProtocols").join(file.path)));
    for person in manifest["people"].as_array()? {
        let name = person["name"].as_str()?;
        own.extend(["file_c.txt", "file_p.txt"].map(|list| Path::new("Filenames").join(name).join(list)));
        for picture in person["pictures"].as_array()? {
            let file = picture["file"].as_str()?;
            own.insert(file.into());
            let points = Path::new(file.strip_prefix("OriginalImages/")?).with_extension("txt");
            own.extend(["FacialPoints", "FacialPoints68"].map(|folder| Path::new(folder).join(&points)));
        }
    }
    own.retain(|path| path.components().all(|part| matches!(part, Component::Normal(_))));
    Some(own)
}
