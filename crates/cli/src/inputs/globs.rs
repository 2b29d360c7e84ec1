//! Globs: `photos/*.jpg`, `**/*.png`.
//!
//! The longest part that exists is taken literally, brackets and all: `14 [2020]/*.jpg` looks into the folder `14 [2020]`. As in
//! a walk, hidden names have to be named, each real folder is looked into once, and only regular files are found.

use std::collections::{HashSet, VecDeque};
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

use glob::{MatchOptions, Pattern, PatternError};
use portraitist_face::dataset::is_hidden;

const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// Whether a word has a glob's letters.
pub(crate) fn is_glob(word: &Path) -> bool {
    word.to_string_lossy().contains(['*', '?', '['])
}

/// The regular files that a glob stands for, sorted, without those below the folders of `left_out`.
///
/// # Errors
/// If the pattern is none.
pub(crate) fn matches(word: &Path, left_out: &[PathBuf]) -> Result<Vec<PathBuf>, PatternError> {
    let (start, rest) = split_literal(word);
    let parts = rest.iter().map(|part| Part::parse(&part.to_string_lossy())).collect::<Result<Vec<_>, _>>()?;
    let here = if start.as_os_str().is_empty() { Path::new(".") } else { &start };
    let within = here.canonicalize().unwrap_or_default();
    // What is named itself is looked into.
    let left_out = left_out.iter().filter_map(|folder| folder.canonicalize().ok());
    let left_out = left_out.filter(|folder| !within.starts_with(folder)).collect();
    let mut search =
        Search { start: within, left_out, seen: HashSet::new(), links: VecDeque::new(), found: Vec::new() };
    search.look(&start, &parts);
    while let Some((link, left)) = search.links.pop_front() {
        search.look(&link, &parts[parts.len() - left..]);
    }
    let mut found = search.found;
    found.sort();
    found.dedup();
    Ok(found)
}

/// The longest beginning that exists, and the names behind it.
fn split_literal(word: &Path) -> (PathBuf, Vec<&OsStr>) {
    let mut start = PathBuf::new();
    let mut components = word.components().peekable();
    while let Some(component) = components.peek() {
        let longer = start.join(component);
        if !matches!(component, Component::Normal(_)) || longer.exists() {
            start = longer;
            components.next();
        } else {
            break;
        }
    }
    (start, components.map(|component| component.as_os_str()).collect())
}

enum Part {
    /// `**`: any number of folders.
    Folders,
    /// A name, as it is or as a pattern.
    Name(String, Pattern),
}

impl Part {
    fn parse(part: &str) -> Result<Self, PatternError> {
        if part == "**" { Ok(Self::Folders) } else { Ok(Self::Name(part.to_owned(), Pattern::new(part)?)) }
    }
}

struct Search {
    /// The real folder that the search started in.
    start: PathBuf,
    /// Real folders.
    left_out: HashSet<PathBuf>,
    /// Real folders that were looked into, with how many parts were left.
    seen: HashSet<(PathBuf, usize)>,
    /// Links to folders, with how many parts are left: they are followed last, so that a folder is met under its own path.
    links: VecDeque<(PathBuf, usize)>,
    found: Vec<PathBuf>,
}

impl Search {
    fn go(&mut self, path: PathBuf, parts: &[Part]) {
        if path.is_symlink() && path.is_dir() {
            self.links.push_back((path, parts.len()));
        } else {
            self.look(&path, parts);
        }
    }

    /// Whether it is a link to the folder that the search started in, or to one above.
    fn holds_start(&self, path: &Path) -> bool {
        path.is_symlink() && path.canonicalize().is_ok_and(|real| self.start.starts_with(real))
    }

    fn look(&mut self, folder: &Path, parts: &[Part]) {
        let Some((part, rest)) = parts.split_first() else {
            if folder.is_file() {
                self.found.push(folder.to_owned());
            }
            return;
        };
        let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let Ok(real) = here.canonicalize() else { return };
        if !real.is_dir() || self.left_out.contains(&real) || !self.seen.insert((real, parts.len())) {
            return;
        }
        match part {
            Part::Name(name, pattern) => {
                let literal = folder.join(name);
                if literal.exists() {
                    self.look(&literal, rest);
                }
                for name in names_in(here) {
                    if pattern.matches_with(&name.to_string_lossy(), OPTIONS) {
                        self.go(folder.join(name), rest);
                    }
                }
            }
            Part::Folders => {
                self.look(folder, rest);
                for name in names_in(here) {
                    let below = folder.join(&name);
                    if is_hidden(&name) || self.holds_start(&below) {
                        continue;
                    } else if below.is_dir() {
                        self.go(below, parts);
                    } else if rest.is_empty() {
                        self.look(&below, rest);
                    }
                }
            }
        }
    }
}

/// The names in a folder, sorted.
fn names_in(folder: &Path) -> Vec<OsString> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<OsString> = entries.map(|entry| entry.file_name()).collect();
    names.sort();
    names
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;

    fn place() -> tempfile::TempDir {
        let place = tempfile::tempdir().unwrap();
        for file in
            ["14 [2020]/a.jpg", "14 [2020]/b[1].jpg", "x/c.jpg", "x/y/d.jpg", "x/.h/e.jpg", "x/._c.jpg", "out/r.jpg"]
        {
            let path = place.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        place
    }

    fn found(place: &Path, word: &str) -> Vec<String> {
        let found = matches(&place.join(word), &[place.join("out")]).unwrap();
        found.iter().map(|path| path.strip_prefix(place).unwrap().display().to_string()).collect()
    }

    #[test]
    fn what_exists_is_literal() {
        let place = place();
        assert_eq!(found(place.path(), "14 [2020]/*.jpg"), ["14 [2020]/a.jpg", "14 [2020]/b[1].jpg"]);
        assert_eq!(found(place.path(), "*/b[1].jpg"), ["14 [2020]/b[1].jpg"]);
        assert_eq!(found(place.path(), "[wxy]/?.jpg"), ["x/c.jpg"]);
        assert!(found(place.path(), "15 [2020]/*.jpg").is_empty());
        assert!(matches(&place.path().join("a[.jpg"), &[]).is_err());
    }

    #[test]
    fn hidden_names_and_results_are_left_out() {
        let place = place();
        let all = ["14 [2020]/a.jpg", "14 [2020]/b[1].jpg", "x/c.jpg", "x/y/d.jpg"];
        assert_eq!(found(place.path(), "**/*.jpg"), all);
        assert_eq!(found(place.path(), "**"), all);
        assert_eq!(found(place.path(), "x/.h/*.jpg"), ["x/.h/e.jpg"]);
        assert_eq!(found(place.path(), "x/**/*.jpg"), ["x/c.jpg", "x/y/d.jpg"]);
        assert_eq!(found(place.path(), "out/*.jpg"), ["out/r.jpg"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_in_circles_end() {
        use std::os::unix::fs::symlink;
        let place = place();
        for (to, from) in
            [("..", "x/up"), ("../x", "14 [2020]/x"), (".", "x/y/self"), ("../..", "x/y/top"), ("..", "out-of-here")]
        {
            symlink(to, place.path().join(from)).unwrap();
        }
        assert_eq!(found(place.path(), "**/*.jpg"), ["14 [2020]/a.jpg", "14 [2020]/b[1].jpg", "x/c.jpg", "x/y/d.jpg"]);
        assert_eq!(found(place.path(), "*/x/c.jpg"), ["14 [2020]/x/c.jpg"]);
    }
}
