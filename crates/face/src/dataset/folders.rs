//! Folders of pictures without lists: a folder for each person, or all pictures in one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::layout::{Layout, OpenOptions};
use super::people::{Dataset, Entry, Person};
use super::prepared::{sift, without_results};
use super::problem::{Problem, ProblemKind};
use super::walk::Walk;
use super::webcaricature::LANDMARKS;
use crate::domain::Domain;
use crate::error::{Error, Result};
use crate::picture::has_picture_ending;
use crate::text::decode_name;

/// Opens a folder; subfolders with pictures are people, otherwise each picture is a person of its own. What is
/// passed over is told in the remarks.
pub(super) fn open(root: &Path, options: &OpenOptions) -> Result<Dataset> {
    let walk = Walk::leaving_out(root, &options.left_out, has_picture_ending);
    let mut remarks = walk.told(root);
    let Walk { files, unreadable, .. } = walk;
    let mut problems = Vec::new();
    for (folder, error) in unreadable {
        if folder == root {
            return Err(Error::Dataset { path: folder, reason: error.to_string() });
        }
        let (picture, detail) = (folder.display().to_string(), error.to_string());
        problems.push(Problem { picture, kind: ProblemKind::ListUnreadable, detail });
    }
    let (files, results) = without_results(root, files);
    let files: Vec<PathBuf> = sift(root, files)?.into_iter().map(|(file, _)| file).collect();
    let left_out = |folder: &PathBuf| format!("{} was written by `dataset prepare`; it is left out", folder.display());
    remarks.extend(results.iter().map(left_out));
    let mut people: Vec<Person> = Vec::new();
    let mut last = PathBuf::new();
    let mut loose = Vec::new();
    for path in files {
        let Some(name) = first_below(&path, root) else { continue };
        let folder = root.join(path.strip_prefix(root).ok().and_then(|below| below.iter().next()).unwrap_or_default());
        if folder == path {
            loose.push(entry(&path, name_below(&path, root), options.domain));
            continue;
        }
        // Sorted by path: a person's pictures follow each other.
        if last != folder {
            people.push(Person { name, pictures: Vec::new() });
            last.clone_from(&folder);
        }
        if let Some(person) = people.last_mut() {
            person.pictures.push(entry(&path, name_below(&path, &folder), options.domain));
        }
    }
    for person in &mut people {
        let folder = root.join(LANDMARKS).join(&person.name);
        person.pictures.iter_mut().for_each(|entry| take_landmarks(entry, &folder));
    }
    loose.iter_mut().for_each(|entry| take_landmarks(entry, &root.join(LANDMARKS)));
    let layout = if people.is_empty() { Layout::Folder } else { Layout::People };
    people.extend(loose.into_iter().map(|entry: Entry| Person { name: entry.name.clone(), pictures: vec![entry] }));
    let root = root.to_owned();
    Ok(Dataset { root, layout, people, protocols: None, owners: BTreeMap::new(), remarks, problems }.without_repeats())
}

/// The points that `dataset landmarks` wrote for a picture, where none lie beside it.
fn take_landmarks(entry: &mut Entry, folder: &Path) {
    if entry.landmarks.is_none() {
        entry.landmarks = Some(folder.join(format!("{}.txt", entry.name))).filter(|file| file.is_file());
    }
}

/// The first part of a path below `root`, as text.
fn first_below(path: &Path, root: &Path) -> Option<String> {
    path.strip_prefix(root).ok()?.iter().next().map(decode_name)
}

/// Path below `folder` without the ending, its parts joined by `/`.
fn name_below(path: &Path, folder: &Path) -> String {
    let below = path.strip_prefix(folder).unwrap_or(path).with_extension("");
    below.components().map(|part| decode_name(part.as_os_str())).collect::<Vec<_>>().join("/")
}

/// A picture with the landmark file beside it, if there is one. Names such as `C00001` determine the domain.
pub(super) fn entry(path: &Path, name: String, domain: Domain) -> Entry {
    let landmarks = Some(path.with_extension("txt")).filter(|beside| beside.is_file());
    let last = name.rsplit('/').next().unwrap_or(&name);
    Entry { domain: Domain::of_name(last).unwrap_or(domain), picture: path.to_owned(), landmarks, name }
}
