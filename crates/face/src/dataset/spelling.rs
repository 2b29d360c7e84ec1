//! Files whose names are spelled in Unicode's other form: `é` is one letter, or an `e` and an accent. Some systems and archives
//! keep one, lists the other.

use std::path::{Component, Path, PathBuf};

use crate::text::{composed, decode_name};

/// The file that a path names; where nothing has that very name, the one with the same name in Unicode's other form. A path that
/// leads nowhere stays as it is.
pub(super) fn spelled(path: PathBuf) -> PathBuf {
    if path.to_str().is_some_and(str::is_ascii) || path.symlink_metadata().is_ok() {
        return path;
    }
    let mut found = PathBuf::new();
    for part in path.components() {
        let next = found.join(part);
        if !matches!(part, Component::Normal(_)) || next.symlink_metadata().is_ok() {
            found = next;
            continue;
        }
        let folder = if found.as_os_str().is_empty() { Path::new(".") } else { &found };
        let wanted = composed(&decode_name(part.as_os_str()));
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let same = entries.map(|entry| entry.file_name()).filter(|name| composed(&decode_name(name)) == wanted).min();
        match same {
            Some(name) => found.push(name),
            None => return path,
        }
    }
    found
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_both_forms() {
        let place = tempfile::tempdir().unwrap();
        let (one, two) = ("Rene\u{301}e", "Ren\u{e9}e");
        std::fs::create_dir(place.path().join(one)).unwrap();
        std::fs::write(place.path().join(one).join("a\u{308}.png"), "").unwrap();
        let wanted = place.path().join(two).join("\u{e4}.png");
        assert!(spelled(wanted.clone()).is_file());
        assert_eq!(spelled(place.path().join(two).join("\u{f6}.png")), place.path().join(two).join("\u{f6}.png"));
    }
}
