//! The one walker of folders.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::picture::has_unread_ending;
use crate::special_file::special_file;
use crate::text::decode_name;

/// Files that are named where some are passed over; the others are counted.
const NAMED: usize = 3;

/// What a walk found.
#[derive(Debug, Default)]
pub struct Walk {
    /// The regular files, sorted by path.
    pub files: Vec<PathBuf>,
    /// What was passed over, sorted by path: things that a person could have meant.
    pub skipped: Vec<(PathBuf, SkipReason)>,
    /// Folders that could not be looked into, and why, in the order met.
    pub unreadable: Vec<(PathBuf, io::Error)>,
}

/// Why something in a folder is passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SkipReason {
    /// Its name starts with a dot, or it is what macOS puts into archives.
    Hidden,
    /// It looks like a picture of a kind that is not read.
    NotRead,
    /// It is no regular file: a named pipe, a socket, a device. It was not opened.
    Special(&'static str),
    /// It is a link to nothing.
    Dangling,
    /// It is a link to a folder that was walked already, or that holds this one.
    Repeated,
    /// It is the folder that results are written to.
    Results,
    /// It is the folder of a training run.
    RunFolder,
}

impl SkipReason {
    /// What `count` such things are, and what to do.
    fn describe(self, count: usize) -> String {
        let are = |one: &str, many: &str| if count == 1 { one.to_owned() } else { format!("{count} {many}") };
        match self {
            Self::Hidden => are("a hidden file or folder is left out", "hidden files and folders are left out"),
            Self::NotRead => {
                let kind =
                    are("a file looks like a picture and is not read", "files look like pictures and are not read");
                format!("{kind}; convert to PNG or JPEG what is wanted")
            }
            Self::Special(kind) => format!("what is no regular file is left out ({kind})"),
            Self::Dangling => are("a link to nothing is left out", "links to nothing are left out"),
            Self::Repeated => are(
                "a link to a folder that was read already is not followed",
                "links to folders that were read already are not followed",
            ),
            Self::Results => "the folder of the results is left out".to_owned(),
            Self::RunFolder => are("the folder of a training run is left out", "folders of training runs are left out"),
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.describe(1))
    }
}

impl Walk {
    /// Walks a folder with its subfolders; `takes` says which files are wanted.
    ///
    /// Each real folder is walked once, whatever links lead to it, under its own path where it has one below `folder`. What is hidden
    /// below `folder` is left out, and so are runs of training. Nothing but regular files is opened or returned.
    pub fn of(folder: &Path, takes: impl Fn(&Path) -> bool) -> Self {
        Self::leaving_out(folder, &[], takes)
    }

    /// As [`Walk::of`], without some folders: those that results are written to. The folder itself is always walked.
    pub fn leaving_out(folder: &Path, left_out: &[PathBuf], takes: impl Fn(&Path) -> bool) -> Self {
        let left_out = left_out.iter().filter_map(|folder| folder.canonicalize().ok()).collect();
        // A link to a folder that holds this one would lead out of it.
        let above = folder.canonicalize().unwrap_or_default();
        let seen = above.ancestors().skip(1).map(Path::to_owned).collect();
        let mut walker = Walker { walk: Self::default(), takes: &takes, left_out, seen, links: VecDeque::new() };
        let mut pending = VecDeque::from([folder.to_owned()]);
        let mut root = true;
        // Links come last, so that a folder is met under its own path first.
        while let Some(next) = pending.pop_front().or_else(|| walker.links.pop_front()) {
            walker.look_into(&next, root, &mut pending);
            root = false;
        }
        let mut walk = walker.walk;
        walk.files.sort();
        walk.skipped.sort();
        walk
    }

    /// The files, if every folder could be looked into.
    ///
    /// # Errors
    /// Why the first folder could not be looked into.
    pub fn complete(self) -> io::Result<Vec<PathBuf>> {
        match self.unreadable.into_iter().next() {
            Some((_, error)) => Err(error),
            None => Ok(self.files),
        }
    }

    /// What was passed over, one sentence a reason, with the first few names.
    pub fn told(&self, folder: &Path) -> Vec<String> {
        let mut by_reason: BTreeMap<SkipReason, Vec<&Path>> = BTreeMap::new();
        for (path, reason) in &self.skipped {
            by_reason.entry(*reason).or_default().push(path.strip_prefix(folder).unwrap_or(path));
        }
        let sentence = |(reason, paths): (SkipReason, Vec<&Path>)| {
            let names: Vec<String> = paths.iter().take(NAMED).map(|path| path.display().to_string()).collect();
            let more = if paths.len() > NAMED { format!(" and {} more", paths.len() - NAMED) } else { String::new() };
            format!("{}: {}: {}{more}", folder.display(), reason.describe(paths.len()), names.join(", "))
        };
        by_reason.into_iter().map(sentence).collect()
    }
}

struct Walker<'a> {
    walk: Walk,
    takes: &'a dyn Fn(&Path) -> bool,
    /// Real folders.
    left_out: HashSet<PathBuf>,
    /// Real folders.
    seen: HashSet<PathBuf>,
    /// Links to folders, to be followed when the rest is done.
    links: VecDeque<PathBuf>,
}

impl Walker<'_> {
    fn look_into(&mut self, folder: &Path, root: bool, pending: &mut VecDeque<PathBuf>) {
        let opened = folder.canonicalize().and_then(|real| Ok((real, sorted_entries(folder)?)));
        let (real, entries) = match opened {
            Ok(opened) => opened,
            Err(error) => return self.walk.unreadable.push((folder.to_owned(), error)),
        };
        if !root && self.left_out.contains(&real) {
            return self.skip(folder, SkipReason::Results);
        }
        if !root && is_run_folder(folder) {
            return self.skip(folder, SkipReason::RunFolder);
        }
        if !self.seen.insert(real) {
            return self.skip(folder, SkipReason::Repeated);
        }
        for path in entries {
            self.meet(path, pending);
        }
    }

    fn meet(&mut self, path: PathBuf, pending: &mut VecDeque<PathBuf>) {
        let is_link = path.is_symlink();
        let Ok(metadata) = std::fs::metadata(&path) else {
            let reason = if is_link { SkipReason::Dangling } else { SkipReason::Special("it cannot be looked at") };
            return self.skip(&path, reason);
        };
        let wanted = (self.takes)(&path);
        if is_hidden(path.file_name().unwrap_or_default()) {
            if wanted || metadata.is_dir() {
                self.skip(&path, SkipReason::Hidden);
            }
        } else if metadata.is_dir() {
            if is_link { self.links.push_back(path) } else { pending.push_back(path) }
        } else if let Some(kind) = special_file(&path, &metadata) {
            self.skip(&path, SkipReason::Special(kind));
        } else if wanted {
            self.walk.files.push(path);
        } else if has_unread_ending(&path) {
            self.skip(&path, SkipReason::NotRead);
        }
    }

    fn skip(&mut self, path: &Path, reason: SkipReason) {
        self.walk.skipped.push((path.to_owned(), reason));
    }
}

fn sorted_entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries: io::Result<Vec<PathBuf>> = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect();
    let mut entries = entries?;
    entries.sort();
    Ok(entries)
}

/// Whether a name below a named folder is left out everywhere: dot names, and what macOS puts into archives.
pub fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".") || name == "__MACOSX"
}

/// Whether a folder is a run of training, whose samples are no data.
fn is_run_folder(folder: &Path) -> bool {
    folder.join("run.toml").is_file() && (folder.join("log.jsonl").is_file() || folder.join("checkpoints").is_dir())
}

/// The subfolders of a folder with their names as text, in the order of the names; hidden ones are left out, and so are links to
/// folders that are there already.
///
/// # Errors
/// If the folder cannot be looked into.
pub(crate) fn subfolders(folder: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut seen: HashSet<PathBuf> = folder.canonicalize()?.ancestors().map(Path::to_owned).collect();
    let (links, own): (Vec<_>, Vec<_>) = sorted_entries(folder)?.into_iter().partition(|path| path.is_symlink());
    let mut found = Vec::new();
    for path in own.into_iter().chain(links) {
        let name = path.file_name().unwrap_or_default();
        if !is_hidden(name) && path.is_dir() && path.canonicalize().is_ok_and(|real| seen.insert(real)) {
            found.push((decode_name(name), path));
        }
    }
    found.sort();
    Ok(found)
}

/// The regular files of one folder, sorted by path and without hidden ones; none if it cannot be looked into.
pub(crate) fn files_in(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = sorted_entries(folder).unwrap_or_default().into_iter();
    entries.filter(|path| !is_hidden(path.file_name().unwrap_or_default()) && path.is_file())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;

    fn place(files: &[&str]) -> tempfile::TempDir {
        let place = tempfile::tempdir().unwrap();
        for file in files {
            let path = place.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        place
    }

    fn is_png(path: &Path) -> bool {
        path.extension().is_some_and(|ending| ending == "png")
    }

    fn below(walk: &Walk, place: &Path) -> Vec<String> {
        walk.files.iter().map(|path| path.strip_prefix(place).unwrap().display().to_string()).collect()
    }

    #[test]
    fn folders_are_walked_in_order() {
        let place = place(&["b/c/1.png", "a.png", "b/2.png", "b/notes.txt"]);
        let walk = Walk::of(place.path(), is_png);
        assert_eq!(below(&walk, place.path()), ["a.png", "b/2.png", "b/c/1.png"]);
        assert!(walk.unreadable.is_empty() && walk.skipped.is_empty());
        let missing = Walk::of(&place.path().join("missing"), |_| true);
        assert_eq!(missing.unreadable.len(), 1);
    }

    #[test]
    fn hidden_things_runs_and_results_are_left_out_and_told() {
        let files = [
            "a.png",
            "._a.png",
            ".DS_Store",
            ".thumbnails/t.png",
            "x/__MACOSX/a.png",
            "x/b.png",
            "out/r.png",
            "runs/1/run.toml",
            "runs/1/log.jsonl",
            "runs/1/samples/s.png",
            "d.heic",
            "e.heic",
            "f.HEIC",
            "g.avif",
        ];
        let place = place(&files);
        let walk = Walk::leaving_out(place.path(), &[place.path().join("out"), "not/there".into()], is_png);
        assert_eq!(below(&walk, place.path()), ["a.png", "x/b.png"]);
        let told = walk.told(place.path());
        let root = place.path().display();
        assert_eq!(
            told,
            [
                format!("{root}: 3 hidden files and folders are left out: ._a.png, .thumbnails, x/__MACOSX"),
                format!(
                    "{root}: 4 files look like pictures and are not read; convert to PNG or JPEG what is wanted: d.heic, \
                     e.heic, f.HEIC and 1 more"
                ),
                format!("{root}: the folder of the results is left out: out"),
                format!("{root}: the folder of a training run is left out: runs/1"),
            ]
        );
        // A folder that is named itself is walked, whatever it is.
        for named in ["out", ".thumbnails", "runs/1", "x/__MACOSX"] {
            let named = place.path().join(named);
            assert_eq!(Walk::leaving_out(&named, std::slice::from_ref(&named), is_png).files.len(), 1);
        }
    }

    #[cfg(unix)]
    #[test]
    fn each_real_folder_is_walked_once_under_its_own_path() {
        use std::os::unix::fs::symlink;
        let place = place(&["a/1.png", "b/2.png", "b/c/3.png"]);
        let root = place.path();
        // Up, sideways both ways, to itself, and to a folder elsewhere twice.
        symlink("../..", root.join("b/c/up")).unwrap();
        symlink("..", root.join("out")).unwrap();
        symlink("../b", root.join("a/0-sideways")).unwrap();
        symlink("../a", root.join("b/sideways")).unwrap();
        symlink(".", root.join("b/itself")).unwrap();
        let elsewhere = super::tests::place(&["4.png"]);
        symlink(elsewhere.path(), root.join("a/elsewhere")).unwrap();
        symlink(elsewhere.path(), root.join("b/elsewhere")).unwrap();
        let walk = Walk::of(root, is_png);
        assert_eq!(below(&walk, root), ["a/1.png", "a/elsewhere/4.png", "b/2.png", "b/c/3.png"]);
        assert_eq!(walk.skipped.len(), 6);
        assert!(walk.skipped.iter().all(|(_, reason)| *reason == SkipReason::Repeated));
        let names: Vec<String> = subfolders(root).unwrap().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(subfolders(&root.join("b")).unwrap().len(), 3, "c, sideways and elsewhere");
    }

    #[cfg(unix)]
    #[test]
    fn only_regular_files_are_taken_and_nothing_else_is_opened() {
        use std::os::unix::fs::symlink;
        let place = place(&["a.png"]);
        let root = place.path();
        let made = std::process::Command::new("mkfifo").arg(root.join("pipe.png")).status().unwrap();
        assert!(made.success());
        let _socket = std::os::unix::net::UnixListener::bind(root.join("socket.png")).unwrap();
        symlink("nowhere.png", root.join("link.png")).unwrap();
        symlink("a.png", root.join("other.png")).unwrap();
        let walk = Walk::of(root, is_png);
        assert_eq!(below(&walk, root), ["a.png", "other.png"]);
        let told = walk.told(root).join("\n");
        for part in ["(a named pipe): pipe.png", "(a socket): socket.png", "a link to nothing is left out: link.png"] {
            assert!(told.contains(part), "{told}");
        }
    }
}
