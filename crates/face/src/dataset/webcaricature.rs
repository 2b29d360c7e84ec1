//! WebCaricature as published (Huo et al. 2018, arXiv 1703.03230), and datasets derived from it that hold only some of its folders.

use std::collections::{BTreeMap, HashMap};
use std::path::{Component, Path, PathBuf};

use super::layout::{Layout, OpenOptions};
use super::people::{Dataset, Entry, Person};
use super::problem::{Problem, ProblemKind};
use super::walk::{files_in, subfolders};
use crate::domain::Domain;
use crate::error::{Error, Result};
use crate::text::{NameFinder, decode_name, name_key, person_key, read_text};

/// `<Name>/C00001.jpg`, `<Name>/P00001.jpg`.
pub const IMAGES: &str = "OriginalImages";
/// `<Name>/file_c.txt`, `<Name>/file_p.txt`: which pictures there are.
pub const FILENAMES: &str = "Filenames";
/// `<Name>/C00001.txt`: 17 lines `x y`.
pub const LANDMARKS: &str = "FacialPoints";
/// `FaceVerification` and `FaceIdentification`.
pub const PROTOCOLS: &str = "EvaluationProtocols";
/// The lists of a person's drawings and photos.
pub const LISTS: [(Domain, &str); 2] = [(Domain::Drawing, "file_c.txt"), (Domain::Photo, "file_p.txt")];
/// Says which sibling a derived dataset takes each missing folder from.
pub const CONFIG: &str = "config.json";
/// The sibling used where nothing else is said.
pub const ORIGINAL: &str = "original_dataset";

/// Endings that a picture may have, the published one first.
const ENDINGS: [&str; 6] = ["jpg", "jpeg", "JPG", "JPEG", "png", "PNG"];

/// Whether a folder is WebCaricature or derived from it.
pub fn is_one(root: &Path) -> bool {
    let parts = [IMAGES, FILENAMES, LANDMARKS, PROTOCOLS];
    parts.iter().any(|part| root.join(part).is_dir()) || read_config(root).is_some()
}

/// Where each part of a dataset lies.
struct Parts {
    images: PathBuf,
    filenames: Option<PathBuf>,
    landmarks: Option<PathBuf>,
    protocols: Option<PathBuf>,
    owners: BTreeMap<&'static str, PathBuf>,
    remarks: Vec<String>,
}

/// Opens the dataset.
pub(super) fn open(root: &Path, options: &OpenOptions) -> Result<Dataset> {
    let parts = find_parts(root, options.base.as_deref())?;
    let mut problems = Vec::new();
    let images = folders_by_person(&parts.images)?;
    let landmarks = parts.landmarks.as_deref().map(folders_by_person).transpose()?.unwrap_or_default();
    let listed = parts.filenames.as_deref().unwrap_or(&parts.images);
    let finder = NameFinder::default();
    let mut people: Vec<Person> = Vec::new();
    for (name, folder) in folders_of(listed)? {
        let key = person_key(&name);
        let image_folder = images.get(&key).cloned().unwrap_or_else(|| parts.images.join(&name));
        let files = picture_files(&image_folder);
        let names = match parts.filenames {
            Some(_) => listed_names(&name, &folder, &mut problems),
            None => names_of_files(&files),
        };
        let landmark_folder =
            parts.landmarks.as_ref().map(|whole| landmarks.get(&key).cloned().unwrap_or_else(|| whole.join(&name)));
        let entry = |(domain, picture): (Domain, String)| Entry {
            domain,
            picture: files
                .get(&name_key(&picture))
                .cloned()
                .unwrap_or_else(|| image_folder.join(format!("{picture}.jpg"))),
            landmarks: landmark_folder.as_ref().map(|folder| finder.find(&folder.join(format!("{picture}.txt")))),
            name: picture,
        };
        people.push(Person { pictures: names.into_iter().map(entry).collect(), name });
    }
    let Parts { protocols, owners, remarks, .. } = parts;
    let dataset =
        Dataset { root: root.to_owned(), layout: Layout::WebCaricature, people, protocols, owners, remarks, problems };
    Ok(dataset.without_repeats())
}

/// `config.json` of a derived dataset: part → sibling.
fn read_config(root: &Path) -> Option<HashMap<String, String>> {
    let text = read_text(&root.join(CONFIG)).ok()?;
    let entries: HashMap<String, serde_json::Value> = serde_json::from_str(&text).ok()?;
    let parts: HashMap<String, String> = entries
        .into_iter()
        .filter(|(part, _)| [IMAGES, FILENAMES, LANDMARKS, PROTOCOLS].contains(&part.as_str()))
        .filter_map(|(part, sibling)| Some((part, sibling.as_str()?.to_owned())))
        .collect();
    (!parts.is_empty()).then_some(parts)
}

/// The datasets that the `config.json` of a derived dataset names.
pub(crate) fn named_owners(root: &Path) -> Vec<PathBuf> {
    let Some(config) = read_config(root) else { return Vec::new() };
    let siblings = siblings_folder(root);
    let mut owners: Vec<PathBuf> = config.values().map(|sibling| siblings.join(sibling)).collect();
    owners.sort();
    owners.dedup();
    owners
}

/// Finds every part: here, in `base`, or in the sibling that `config.json` names.
fn find_parts(root: &Path, base: Option<&Path>) -> Result<Parts> {
    let config = read_config(root).unwrap_or_default();
    let siblings = siblings_folder(root);
    let mut remarks = Vec::new();
    let mut looked = Vec::new();
    let mut owners = BTreeMap::new();
    let mut find = |part: &'static str| {
        let own = root.join(part);
        if own.is_dir() {
            owners.insert(part, root.to_owned());
            return Some(own);
        }
        let sibling = config.get(part).map_or(ORIGINAL, String::as_str);
        let owner = base.map_or_else(|| siblings.join(sibling), Path::to_owned);
        let other = owner.join(part);
        if other.is_dir() {
            owners.insert(part, owner);
            remarks.push(format!("{part} is not in {}; it is taken from {}", root.display(), other.display()));
            return Some(other);
        }
        looked.push((part.to_owned(), own, other));
        None
    };
    let (images, filenames, landmarks, protocols) = (find(IMAGES), find(FILENAMES), find(LANDMARKS), find(PROTOCOLS));
    let images = images.or_else(|| filenames.as_ref().map(|_| root.join(IMAGES)));
    let Some(images) = images else {
        let places = looked.iter().map(|(_, own, other)| format!("{} or {}", own.display(), other.display()));
        let places = places.take(2).collect::<Vec<_>>().join(", ");
        let reason = format!(
            "expected {IMAGES} or {FILENAMES}, found neither {places}; name the dataset it is derived from with --base"
        );
        return Err(Error::Dataset { path: root.to_owned(), reason });
    };
    Ok(Parts { images, filenames, landmarks, protocols, owners, remarks })
}

/// The folder that holds a dataset and its siblings, also for `.` and `..`.
fn siblings_folder(root: &Path) -> PathBuf {
    let plain = matches!(root.components().next_back(), Some(Component::Normal(_)));
    let real = if plain { root.to_owned() } else { root.canonicalize().unwrap_or_else(|_| root.to_owned()) };
    match real.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// The subfolders with their names as text, in the order of the names; hidden ones are left out.
fn folders_of(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    subfolders(folder).map_err(|error| Error::Dataset { path: folder.to_owned(), reason: error.to_string() })
}

fn folders_by_person(folder: &Path) -> Result<HashMap<String, PathBuf>> {
    if !folder.is_dir() {
        return Ok(HashMap::new());
    }
    Ok(folders_of(folder)?.into_iter().map(|(name, path)| (person_key(&name), path)).collect())
}

/// The pictures of one folder by name without ending (see [`name_key`]); where two endings are there, the published one counts.
fn picture_files(folder: &Path) -> HashMap<String, PathBuf> {
    let mut found: HashMap<String, PathBuf> = HashMap::new();
    let rank = |path: &Path| {
        let ending = path.extension().and_then(|ending| ending.to_str())?;
        ENDINGS.iter().position(|known| *known == ending)
    };
    for path in files_in(folder) {
        let Some((new, stem)) = rank(&path).zip(path.file_stem()) else { continue };
        let stem = name_key(&decode_name(stem));
        if found.get(&stem).and_then(|old| rank(old)).is_none_or(|old| new < old) {
            found.insert(stem, path);
        }
    }
    found
}

/// Where a dataset has no lists: its pictures, drawings first, each by name.
fn names_of_files(files: &HashMap<String, PathBuf>) -> Vec<(Domain, String)> {
    let mut names: Vec<(Domain, String)> =
        files.keys().filter_map(|name| Some((Domain::of_name(name)?, name.clone()))).collect();
    names.sort();
    names
}

/// The names in `file_c.txt` and `file_p.txt`: empty lines and endings are left away, a missing list is an empty one.
fn listed_names(person: &str, folder: &Path, problems: &mut Vec<Problem>) -> Vec<(Domain, String)> {
    let mut names = Vec::new();
    for (domain, file) in LISTS {
        let path = folder.join(file);
        if !path.exists() {
            continue;
        }
        match read_text(&path) {
            Ok(text) => {
                let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
                names.extend(lines.map(|line| (domain, without_ending(line).to_owned())));
            }
            Err(error) => problems.push(Problem {
                picture: format!("{person}/{file}"),
                kind: ProblemKind::ListUnreadable,
                detail: error.to_string(),
            }),
        }
    }
    names
}

/// `C00001.jpg` → `C00001`.
fn without_ending(name: &str) -> &str {
    match name.rfind('.') {
        Some(dot) if dot > 0 => &name[..dot],
        _ => name,
    }
}
