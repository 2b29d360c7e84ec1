//! Names of results: decided before work starts, each its own, and never those of inputs.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// The longest file name that common file systems take, in bytes.
pub const NAME_LIMIT_BYTES: usize = 255;

/// Gives every result of a command files of its own, before work starts.
///
/// Names that differ only in case count as one: some file systems do not tell them apart. Names that are not UTF-8 stay as they
/// are, byte for byte. The same inputs in the same order give the same names.
///
/// ```
/// use portraitist_face::files::OutputNames;
///
/// let mut names = OutputNames::new("out", ["a.jpg"]);
/// let stems = names.decide(["a", "b", "a", "b-flipped"], &[".png", "-flipped.png"]);
/// let stems: Vec<_> = stems.iter().map(|stem| stem.to_str().unwrap()).collect();
/// assert_eq!(stems, ["a", "b", "a-2", "b-flipped-2"]);
/// ```
#[derive(Clone, Debug)]
pub struct OutputNames {
    folder: PathBuf,
    taken: HashSet<OsString>,
    inputs: Inputs,
}

impl OutputNames {
    /// Names below `folder` for results of `inputs`, which no result replaces.
    pub fn new(folder: impl Into<PathBuf>, inputs: impl IntoIterator<Item = impl AsRef<Path>>) -> Self {
        Self { folder: folder.into(), taken: HashSet::new(), inputs: inputs.into_iter().collect() }
    }

    /// The folder of the results.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// For each of `wanted` (a path below the folder, without its ending) a stem such that no other result and no input
    /// has one of its files, one for each of `endings`.
    ///
    /// The first to ask for a free stem gets it unchanged; later ones get a number: `a-2`, `a-3`. Names too long for a
    /// file system are cut and end with a hash of the whole name.
    pub fn decide(
        &mut self,
        wanted: impl IntoIterator<Item = impl AsRef<Path>>,
        endings: &[impl AsRef<OsStr>],
    ) -> Vec<PathBuf> {
        let longest = endings.iter().map(|ending| ending.as_ref().len()).max().unwrap_or(0);
        let wanted: Vec<PathBuf> = wanted.into_iter().map(|stem| fitting(stem.as_ref(), longest)).collect();
        let firsts: Vec<bool> = wanted.iter().map(|stem| self.take(stem, endings)).collect();
        let mut numbers: HashMap<OsString, u64> = HashMap::new();
        let mut given = Vec::with_capacity(wanted.len());
        for (stem, is_first) in wanted.into_iter().zip(firsts) {
            given.push(if is_first { stem } else { self.numbered(&stem, endings, longest, &mut numbers) });
        }
        given
    }

    /// The files of a stem that [`decide`](Self::decide) gave, one for each ending.
    pub fn files(&self, stem: &Path, endings: &[impl AsRef<OsStr>]) -> Vec<PathBuf> {
        let stem = self.folder.join(stem);
        endings.iter().map(|ending| with_ending(&stem, ending.as_ref())).collect()
    }

    fn numbered(
        &mut self,
        wanted: &Path,
        endings: &[impl AsRef<OsStr>],
        longest: usize,
        numbers: &mut HashMap<OsString, u64>,
    ) -> PathBuf {
        let mut number = numbers.get(&key(wanted)).copied().unwrap_or(2);
        loop {
            let suffix = format!("-{number}");
            number += 1;
            let stem = with_ending(&fitting(wanted, longest + suffix.len()), suffix.as_ref());
            if self.take(&stem, endings) {
                numbers.insert(key(wanted), number);
                return stem;
            }
        }
    }

    /// Takes the files of a stem if all of them are free.
    fn take(&mut self, stem: &Path, endings: &[impl AsRef<OsStr>]) -> bool {
        let keys: Vec<OsString> = endings.iter().map(|ending| key(&with_ending(stem, ending.as_ref()))).collect();
        let is_free = !keys.iter().any(|key| self.taken.contains(key))
            && !self.files(stem, endings).iter().any(|file| self.inputs.contains(file));
        if is_free {
            self.taken.extend(keys);
        }
        is_free
    }
}

/// Whether two paths lead to one file, or would if the files were there: through links, and under names that differ in case where
/// the file system does not tell them apart.
pub fn is_same_file(one: &Path, other: &Path) -> bool {
    Inputs::from_iter([one]).contains(other)
}

/// A name beside `path`: its own with `ending` behind it, cut where that is too long for a file system.
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    with_ending(&fitting(path, ending.len()), ending.as_ref())
}

/// Files that no result replaces.
#[derive(Clone, Debug, Default)]
struct Inputs {
    /// Where they are: their folders with every link followed, and their own names with and without links followed.
    places: HashSet<PathBuf>,
    /// Device and inode of each, on Unix: some file systems reach one file under several names.
    identities: HashSet<[u64; 2]>,
}

impl<P: AsRef<Path>> FromIterator<P> for Inputs {
    fn from_iter<I: IntoIterator<Item = P>>(paths: I) -> Self {
        let mut inputs = Self::default();
        for path in paths {
            inputs.places.extend(places(path.as_ref()));
            inputs.identities.extend(identity(path.as_ref()));
        }
        inputs
    }
}

impl Inputs {
    fn contains(&self, path: &Path) -> bool {
        places(path).any(|place| self.places.contains(&place))
            || identity(path).is_some_and(|identity| self.identities.contains(&identity))
    }
}

fn places(path: &Path) -> impl Iterator<Item = PathBuf> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let itself = folder.canonicalize().ok().zip(path.file_name()).map(|(folder, name)| folder.join(name));
    [itself, path.canonicalize().ok()].into_iter().flatten()
}

#[cfg(unix)]
fn identity(path: &Path) -> Option<[u64; 2]> {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::metadata(path).ok()?;
    Some([metadata.dev(), metadata.ino()])
}

#[cfg(not(unix))]
fn identity(_: &Path) -> Option<[u64; 2]> {
    None
}

/// A path with letters of one case: the same for all that some file system takes for one name.
fn key(path: &Path) -> OsString {
    match path.to_str() {
        Some(text) => text.to_lowercase().into(),
        None => path.as_os_str().to_ascii_lowercase(),
    }
}

fn with_ending(stem: &Path, ending: &OsStr) -> PathBuf {
    let mut path = stem.as_os_str().to_owned();
    path.push(ending);
    path.into()
}

/// The stem, cut so that `reserved` more bytes fit into a file name. What is cut ends with a hash of the whole, so that long names
/// that begin alike stay different.
fn fitting(stem: &Path, reserved: usize) -> PathBuf {
    let name = stem.file_name().unwrap_or_default();
    if name.len() + reserved <= NAME_LIMIT_BYTES {
        return stem.to_owned();
    }
    let hash: String =
        Sha256::digest(name.as_encoded_bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    // Such a name is shown lossily: it is cut between letters, which bytes that are no text do not have.
    let text: Cow<'_, str> = name.to_string_lossy();
    let room = NAME_LIMIT_BYTES.saturating_sub(reserved + hash.len() + 1);
    let end = (0..=room.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    stem.with_file_name(format!("{}-{hash}", &text[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(wanted: &[&str], endings: &[&str]) -> Vec<String> {
        let mut names = OutputNames::new("out", [""; 0]);
        let stems = names.decide(wanted, endings);
        stems.iter().map(|stem| stem.display().to_string()).collect()
    }

    #[test]
    fn every_result_has_its_own_files() {
        assert_eq!(decide(&["a", "a", "b", "a"], &[".png"]), ["a", "a-2", "b", "a-3"]);
        assert_eq!(decide(&["a", "a", "a-2"], &[".png"]), ["a", "a-3", "a-2"], "wanted names come before numbers");
        assert_eq!(decide(&["x/a", "y/a"], &[".png"]), ["x/a", "y/a"]);
        assert_eq!(decide(&["b", "b-flipped"], &[".png", "-flipped.png"]), ["b", "b-flipped-2"]);
        assert_eq!(decide(&["b-flipped", "b"], &[".png", "-flipped.png"]), ["b-flipped", "b-2"]);
        assert_eq!(decide(&["Ä", "ä", "A", "a"], &[".png"]), ["Ä", "ä-2", "A", "a-2"], "some file systems ignore case");
        assert_eq!(decide(&["a.b", "a.c"], &[".png"]), ["a.b", "a.c"], "a dot in a stem is no ending");
    }

    #[test]
    fn later_calls_know_what_earlier_ones_gave() {
        let mut names = OutputNames::new("out", [""; 0]);
        assert_eq!(names.decide(["portrait"], &["-photo.png"]), [Path::new("portrait")]);
        assert_eq!(names.decide(["portrait"], &["-photo.png"]), [Path::new("portrait-2")]);
    }

    #[test]
    fn inputs_are_never_replaced() {
        let place = tempfile::tempdir().expect("a folder");
        let photo = place.path().join("a.png");
        fs::write(&photo, "a photo").expect("written");
        let mut names = OutputNames::new(place.path().join("."), [&photo]);
        assert_eq!(names.decide(["a", "b"], &[".png"]), [Path::new("a-2"), Path::new("b")]);
        assert!(is_same_file(&photo, &place.path().join("./a.png")));
        assert!(!is_same_file(&photo, &place.path().join("b.png")));
    }

    #[cfg(unix)]
    #[test]
    fn inputs_are_known_through_links() {
        let place = tempfile::tempdir().expect("a folder");
        let at = |name: &str| place.path().join(name);
        fs::create_dir(at("photos")).expect("a folder");
        fs::write(at("photos/a.png"), "a photo").expect("written");
        std::os::unix::fs::symlink(at("photos"), at("out")).expect("a link");
        std::os::unix::fs::symlink(at("photos/a.png"), at("link.png")).expect("a link");
        assert!(is_same_file(&at("out/a.png"), &at("photos/a.png")));
        assert!(is_same_file(&at("link.png"), &at("photos/a.png")));
        let mut names = OutputNames::new(at("out"), [at("photos/a.png")]);
        assert_eq!(names.decide(["a"], &[".png"]), [Path::new("a-2")]);
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_no_text_stay() {
        use std::os::unix::ffi::OsStrExt;
        let name = |byte: u8| PathBuf::from(OsStr::from_bytes(&[b'p', byte]));
        let mut names = OutputNames::new("out", [""; 0]);
        let stems = names.decide([name(0xE9), name(0xE8), name(0xE9)], &[".png"]);
        assert_eq!(stems[..2], [name(0xE9), name(0xE8)]);
        assert_eq!(stems[2].as_os_str().as_bytes(), b"p\xE9-2");
    }

    #[test]
    fn long_names_are_cut_and_stay_different() {
        let long = "ä".repeat(125);
        assert_eq!(decide(&[&long], &[".png"]), [long.as_str()], "254 bytes fit");
        let endings = ["-drawing-0001.png", ".npy"];
        let stems = decide(&[&format!("{long}1"), &format!("{long}2"), &format!("{long}1")], &endings);
        let unique: HashSet<&String> = stems.iter().collect();
        assert_eq!(unique.len(), 3);
        assert!(stems.iter().all(|stem| stem.len() + endings[0].len() <= NAME_LIMIT_BYTES && stem.starts_with("ää")));
        assert_eq!(stems, decide(&[&format!("{long}1"), &format!("{long}2"), &format!("{long}1")], &endings));
    }
}
