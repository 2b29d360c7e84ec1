//! Whether a run's pictures are still those that it was trained on.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use portraitist_face::files::write_atomically;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::run_folder::Fingerprint;
use crate::weights::{sha256, sha256_of_file};

use crate::training::error::TrainingError;

/// A picture that a run learns from.
#[derive(Clone, Debug)]
pub struct SourcePicture {
    /// The file.
    pub path: PathBuf,
    /// Its domain and its person: what the run knows of it besides its content.
    pub role: String,
}

/// The pictures of a run, beside its run file: what each was when the run began, and hashes that need not be taken again.
const PICTURES: &str = "pictures.jsonl";

/// A line of the file: what a picture was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Line {
    path: String,
    role: String,
    bytes: u64,
    /// Tells without reading whether the file may have changed.
    stamp: String,
    sha256: String,
}

/// The pictures of a run as they are now.
#[derive(Clone, Debug)]
pub(in crate::training) struct Pictures {
    lines: Vec<Line>,
}

impl Pictures {
    /// Looks at every picture. Those that have not changed since the run in `run_folder` noted them are not read again.
    ///
    /// # Errors
    /// [`TrainingError::Data`] names a picture that cannot be read.
    pub(in crate::training) fn of(
        pictures: &[SourcePicture],
        run_folder: Option<&Path>,
    ) -> Result<Self, TrainingError> {
        let noted = run_folder.map(read).unwrap_or_default();
        let known: HashMap<(&str, &str), &str> =
            noted.iter().map(|line| ((&*line.path, &*line.stamp), &*line.sha256)).collect();
        let line = |picture: &SourcePicture| {
            let failed = |error: std::io::Error| TrainingError::Data {
                path: picture.path.clone(),
                reason: format!("cannot read the picture: {error}"),
            };
            let metadata = fs::metadata(&picture.path).map_err(failed)?;
            if !metadata.is_file() {
                return Err(TrainingError::Data {
                    path: picture.path.clone(),
                    reason: "expected a picture file, found a folder or a device".to_owned(),
                });
            }
            let (path, stamp) = (picture.path.to_string_lossy().into_owned(), stamp(&metadata));
            let sha256 = match known.get(&(&*path, &*stamp)) {
                Some(known) => (*known).to_owned(),
                None => sha256_of_file(&picture.path).map_err(failed)?,
            };
            Ok(Line { path, role: picture.role.clone(), bytes: metadata.len(), stamp, sha256 })
        };
        Ok(Self { lines: pictures.par_iter().map(line).collect::<Result<_, TrainingError>>()? })
    }

    /// What a checkpoint says of them.
    pub(in crate::training) fn fingerprint(&self) -> Fingerprint {
        let text: String = self.lines.iter().map(|line| format!("{}\t{}\n", line.role, line.sha256)).collect();
        Fingerprint {
            pictures: self.lines.len() as u64,
            bytes: self.lines.iter().map(|line| line.bytes).sum(),
            sha256: sha256(text.as_bytes()),
        }
    }

    /// Notes them in a run folder.
    ///
    /// # Errors
    /// [`TrainingError::Write`].
    pub(in crate::training) fn note(&self, run_folder: &Path) -> Result<(), TrainingError> {
        let path = run_folder.join(PICTURES);
        let wrong = |reason: String| TrainingError::Write { path: path.clone(), reason };
        let mut text = Vec::new();
        for line in &self.lines {
            serde_json::to_writer(&mut text, line).map_err(|error| wrong(error.to_string()))?;
            text.push(b'\n');
        }
        write_atomically(&path, &text, true).map_err(|error| wrong(error.to_string()))
    }

    /// What has changed since a checkpoint with `earlier` was written in a run folder; `None` if nothing has.
    pub(in crate::training) fn changes(&self, earlier: &Fingerprint, run_folder: &Path) -> Option<String> {
        let now = self.fingerprint();
        if now == *earlier {
            return None;
        }
        let counts = format!(
            "{} pictures of {} bytes then, {} of {} bytes now",
            earlier.pictures, earlier.bytes, now.pictures, now.bytes
        );
        let noted = Self { lines: read(run_folder) };
        // What is noted may be newer than the checkpoint.
        let named =
            if noted.fingerprint() == *earlier { named_changes(&noted.lines, &self.lines) } else { String::new() };
        Some(format!("{counts}{named}"))
    }
}

/// Pictures named of each kind of change.
const NAMED: usize = 5;

fn named_changes(then: &[Line], now: &[Line]) -> String {
    fn by_path(lines: &[Line]) -> HashMap<&str, &Line> {
        lines.iter().map(|line| (&*line.path, line)).collect()
    }
    let (before, after) = (by_path(then), by_path(now));
    let differs = |line: &&Line, earlier: &dyn Fn(&Line, &Line) -> bool| {
        before.get(&*line.path).is_some_and(|before| earlier(before, line))
    };
    let kinds = [
        ("added", now.iter().filter(|line| !before.contains_key(&*line.path)).collect::<Vec<_>>()),
        ("removed", then.iter().filter(|line| !after.contains_key(&*line.path)).collect()),
        ("other content", now.iter().filter(|line| differs(line, &|a, b| a.sha256 != b.sha256)).collect()),
        ("other person", now.iter().filter(|line| differs(line, &|a, b| a.role != b.role)).collect()),
    ];
    let mut text = String::new();
    for (kind, lines) in kinds.iter().filter(|(_, lines)| !lines.is_empty()) {
        let names: Vec<&str> = lines.iter().take(NAMED).map(|line| &*line.path).collect();
        let more = lines.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        text.push_str(&format!("; {kind}: {}{more}", names.join(", ")));
    }
    if text.is_empty() { "; the same pictures in another order".to_owned() } else { text }
}

/// What a run folder notes; nothing where it cannot be read, which costs time only.
fn read(run_folder: &Path) -> Vec<Line> {
    let text = fs::read_to_string(run_folder.join(PICTURES)).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Changes whenever a file is written or replaced: its size, its times (that of the last change of its entry, too, which no
/// program can set), and which file it is.
#[cfg(unix)]
fn stamp(metadata: &fs::Metadata) -> String {
    use std::os::unix::fs::MetadataExt;
    format!(
        "{} {}.{:09} {}.{:09} {}:{}",
        metadata.len(),
        metadata.mtime(),
        metadata.mtime_nsec(),
        metadata.ctime(),
        metadata.ctime_nsec(),
        metadata.dev(),
        metadata.ino()
    )
}

/// Nothing tells surely whether a file has changed, so it is read.
#[cfg(not(unix))]
fn stamp(_: &fs::Metadata) -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("read {} in process {}", COUNT.fetch_add(1, Ordering::Relaxed), std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_the_pictures_are_named() {
        let place = tempfile::tempdir().expect("a folder");
        let at = |name: &str| place.path().join(name);
        let look = |names: &[&str]| {
            let picture = |name: &&str| SourcePicture { path: at(name), role: "photo anna".to_owned() };
            Pictures::of(&names.iter().map(picture).collect::<Vec<_>>(), Some(place.path())).expect("they can be read")
        };
        for name in ["a.png", "b.png", "c.png"] {
            fs::write(at(name), name).expect("written");
        }
        let first = look(&["a.png", "b.png"]);
        first.note(place.path()).expect("written");
        let fingerprint = first.fingerprint();
        assert_eq!((fingerprint.pictures, fingerprint.bytes), (2, 10));
        assert_eq!(look(&["a.png", "b.png"]).changes(&fingerprint, place.path()), None);
        let changes = |names: &[&str]| look(names).changes(&fingerprint, place.path()).expect("something changed");
        assert!(changes(&["b.png", "a.png"]).contains("another order"));
        let text = changes(&["a.png", "c.png"]);
        assert!(text.contains(&format!("added: {}", at("c.png").display())), "{text}");
        assert!(text.contains(&format!("removed: {}", at("b.png").display())), "{text}");
        // As large as before, and with the times of before.
        let modified = fs::metadata(at("b.png")).and_then(|found| found.modified()).expect("a time");
        fs::write(at("b.png"), "B.png").expect("written");
        fs::File::options().write(true).open(at("b.png")).and_then(|file| file.set_modified(modified)).expect("set");
        let text = changes(&["a.png", "b.png"]);
        assert!(text.contains(&format!("other content: {}", at("b.png").display())), "{text}");
    }
}
