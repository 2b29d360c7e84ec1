//! Folders of pictures without lists: a folder for each person, or all pictures in one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Dataset, Entry, Layout, OpenOptions, Person, Problem, ProblemKind};
use crate::domain::Domain;
use crate::error::{Error, Result};
use crate::picture::has_picture_ending;
use crate::text::decode_name;

/// Opens a folder; subfolders with pictures are people, otherwise each picture is a person of its own.
pub(super) fn open(root: &Path, options: &OpenOptions) -> Result<Dataset> {
    let failed = |error: std::io::Error| Error::Dataset { path: root.to_owned(), reason: error.to_string() };
    let mut problems = Vec::new();
    let mut people = Vec::new();
    let mut loose = Vec::new();
    let mut paths: Vec<PathBuf> = std::fs::read_dir(root)
        .map_err(failed)?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()
        .map_err(failed)?;
    paths.sort();
    for path in paths {
        let name = path.file_name().map(decode_name).unwrap_or_default();
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            let mut pictures = Vec::new();
            collect(&path, &path, options.domain, &mut pictures, &mut problems, 0);
            if !pictures.is_empty() {
                people.push(Person { name, pictures });
            }
        } else if has_picture_ending(&path) {
            loose.push(entry(&path, name_below(&path, root), options.domain));
        }
    }
    let layout = if people.is_empty() { Layout::Folder } else { Layout::People };
    people.extend(loose.into_iter().map(|entry| Person { name: entry.name.clone(), pictures: vec![entry] }));
    let root = root.to_owned();
    Ok(Dataset { root, layout, people, protocols: None, owners: BTreeMap::new(), remarks: Vec::new(), problems }
        .without_repeats())
}

/// Folders nested deeper than this are not looked into: links may lead round in circles.
const MAX_DEPTH: usize = 8;

/// The pictures of a person, subfolders included, by path.
fn collect(
    folder: &Path,
    person: &Path,
    domain: Domain,
    found: &mut Vec<Entry>,
    problems: &mut Vec<Problem>,
    depth: usize,
) {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            let (picture, detail) = (folder.display().to_string(), error.to_string());
            problems.push(Problem { picture, kind: ProblemKind::ListUnreadable, detail });
            return;
        }
    };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() && depth < MAX_DEPTH {
            collect(&path, person, domain, found, problems, depth + 1);
        } else if path.is_file() && has_picture_ending(&path) {
            found.push(entry(&path, name_below(&path, person), domain));
        }
    }
}

/// Path below `folder` without the ending, parted by `/`.
fn name_below(path: &Path, folder: &Path) -> String {
    let below = path.strip_prefix(folder).unwrap_or(path).with_extension("");
    below.components().map(|part| decode_name(part.as_os_str())).collect::<Vec<_>>().join("/")
}

/// A picture with the landmark file beside it, if there is one; names such as `C00001` tell the domain.
pub(super) fn entry(path: &Path, name: String, domain: Domain) -> Entry {
    let landmarks = Some(path.with_extension("txt")).filter(|beside| beside.is_file());
    let last = name.rsplit('/').next().unwrap_or(&name);
    Entry { domain: Domain::of_name(last).unwrap_or(domain), picture: path.to_owned(), landmarks, name }
}
