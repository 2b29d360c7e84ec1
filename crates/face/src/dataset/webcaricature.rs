//! WebCaricature as published (Huo et al. 2018, arXiv 1703.03230), and datasets derived from it that hold only some of its folders.

use std::collections::{BTreeMap, HashMap};
use std::path::{Component, Path, PathBuf};

use super::layout::{Layout, OpenOptions};
use super::people::{Dataset, Entry, Person};
use super::problem::{Problem, ProblemKind};
use super::walk::{files_in, subfolders};
use crate::domain::Domain;
use crate::error::{Error, Result};
use crate::picture::has_picture_ending;
use crate::text::{NameFinder, composed, decode_name, person_key, read_text};

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

/// The folders of a dataset.
const PARTS: [&str; 4] = [IMAGES, FILENAMES, LANDMARKS, PROTOCOLS];

/// Whether a folder is WebCaricature or derived from it.
///
/// # Errors
/// As [`Dataset::open`], for a folder of nothing but a `config.json` that cannot be understood.
pub fn is_one(root: &Path, base: Option<&Path>) -> Result<bool> {
    let present: Vec<&str> = PARTS.into_iter().filter(|part| root.join(part).is_dir()).collect();
    // `dataset landmarks` writes this folder beside pictures in folders of any layout.
    if present == [LANDMARKS] && base.is_none() && !root.join(CONFIG).exists() && holds_pictures(root) {
        return Ok(false);
    }
    if !present.is_empty() {
        return Ok(true);
    }
    match read_config(root) {
        Ok(config) => Ok(!config.is_empty()),
        // In a folder of pictures it may be anybody's.
        Err(error) if base.is_none() && !std::fs::read_dir(root).into_iter().flatten().flatten().any(holds_data) => {
            Err(error)
        }
        Err(_) => Ok(false),
    }
}

/// Whether a folder, or one of its subfolders that is no part of a dataset, holds pictures.
fn holds_pictures(root: &Path) -> bool {
    let files = |folder: &Path| std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    files(root).filter(|path| !path.ends_with(LANDMARKS)).any(|path| {
        if path.is_dir() { files(&path).any(|file| has_picture_ending(&file)) } else { has_picture_ending(&path) }
    })
}

/// Whether an entry of a folder may hold pictures: it is a folder, or no hidden file and not the configuration.
fn holds_data(entry: std::fs::DirEntry) -> bool {
    entry.path().is_dir() || has_picture_ending(&entry.path())
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
                .get(&composed(&picture))
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

/// `config.json` of a derived dataset: part → sibling. Empty if there is none, or none for these parts.
fn read_config(root: &Path) -> Result<HashMap<&'static str, String>> {
    let path = root.join(CONFIG);
    if !path.exists() {
        return Ok(HashMap::new());
    }
    let wrong = |reason: String| Error::Dataset { path: path.clone(), reason };
    let expected = "expected an object that names a dataset for each folder that is missing here";
    let entries: serde_json::Value = serde_json::from_str(&read_text(&path)?)
        .map_err(|error| wrong(format!("{expected}, found no JSON: {error}; mend it, or use --base instead")))?;
    let entries = entries.as_object().ok_or_else(|| wrong(format!("{expected}, found something else")))?;
    let mut config = HashMap::new();
    for part in PARTS {
        match entries.get(part) {
            None => {}
            Some(serde_json::Value::String(sibling)) if !sibling.is_empty() => {
                config.insert(part, sibling.clone());
            }
            Some(other) => {
                return Err(wrong(format!("{part}: expected the name of a dataset in quotes, found {other}")));
            }
        }
    }
    Ok(config)
}

/// The datasets that the `config.json` of a derived dataset names.
pub(crate) fn named_owners(root: &Path) -> Vec<PathBuf> {
    let Ok(config) = read_config(root) else { return Vec::new() };
    let siblings = siblings_folder(root);
    let mut owners: Vec<PathBuf> = config.values().map(|sibling| siblings.join(sibling)).collect();
    owners.sort();
    owners.dedup();
    owners
}

/// The dataset that holds a part: the one that `config.json` names, or the one that that one names.
fn follow(root: &Path, part: &'static str) -> Result<Option<PathBuf>> {
    let mut way = vec![root.to_owned()];
    loop {
        let last = way.last().map_or(root, PathBuf::as_path).to_owned();
        if way.len() > 1 && last.join(part).is_dir() {
            return Ok(Some(last));
        }
        let wrong = |reason: String| Error::Dataset { path: last.join(CONFIG), reason };
        let Some(sibling) = read_config(&last)?.remove(part) else {
            if way.len() == 1 {
                return Ok(None);
            }
            let found = if last.is_dir() { "it has none" } else { "there is no such folder" };
            let reason = format!("{part} is to be taken from {}, and {found}; mend it, or use --base", last.display());
            return Err(Error::Dataset { path: root.join(CONFIG), reason });
        };
        let next = NameFinder::default().find(&siblings_folder(&last).join(sibling));
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if way.iter().any(|earlier| real(earlier) == real(&next)) {
            let reason = format!(
                "{part} is to be taken from {}, which leads back here: the datasets refer to each other in a circle; name the \
                 one that has {part}",
                next.display()
            );
            return Err(wrong(reason));
        }
        way.push(next);
    }
}

/// Finds every part: here, in `base`, or in the sibling that `config.json` names.
fn find_parts(root: &Path, base: Option<&Path>) -> Result<Parts> {
    let siblings = siblings_folder(root);
    let mut remarks = Vec::new();
    let mut looked = Vec::new();
    let mut owners = BTreeMap::new();
    let mut find = |part: &'static str| -> Result<Option<PathBuf>> {
        let own = root.join(part);
        if own.is_dir() {
            owners.insert(part, root.to_owned());
            return Ok(Some(own));
        }
        let named = if base.is_none() { follow(root, part)? } else { None };
        let owner = base.map(Path::to_owned).or(named).unwrap_or_else(|| siblings.join(ORIGINAL));
        let other = owner.join(part);
        if other.is_dir() {
            owners.insert(part, owner);
            remarks.push(format!("{part} is not in {}; it is taken from {}", root.display(), other.display()));
            return Ok(Some(other));
        }
        looked.push((part.to_owned(), own, other));
        Ok(None)
    };
    let (images, filenames) = (find(IMAGES)?, find(FILENAMES)?);
    let (landmarks, protocols) = (find(LANDMARKS)?, find(PROTOCOLS)?);
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

/// The pictures of one folder by name without ending (see [`composed`]); where two endings are there, the published one counts.
fn picture_files(folder: &Path) -> HashMap<String, PathBuf> {
    let mut found: HashMap<String, PathBuf> = HashMap::new();
    let rank = |path: &Path| {
        let ending = path.extension().and_then(|ending| ending.to_str())?;
        ENDINGS.iter().position(|known| *known == ending)
    };
    for path in files_in(folder) {
        let (Some(new), Some(stem)) = (rank(&path), path.file_stem().map(|stem| composed(&decode_name(stem)))) else {
            continue;
        };
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
