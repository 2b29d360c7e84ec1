//! Text files and names as they are found: UTF-8 with or without a byte order mark, UTF-16 with one, Latin-1, any line ends, any
//! of Unicode's forms.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

use crate::error::{Error, Result};
use crate::special_file::special_file;

/// Largest text file that is read, in bytes; WebCaricature's largest protocol file has 20 KB.
const MAX_TEXT_BYTES: u64 = 64 * 1024 * 1024;

/// Reads a text file; see [`decode`].
///
/// # Errors
/// [`Error::ReadText`] that names the file: missing, a folder, a named pipe, unreadable or larger than 64 MiB.
pub fn read_text(path: &Path) -> Result<String> {
    let failed = |source| Error::ReadText { path: path.to_owned(), source };
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if let Some(found) = special_file(path, &metadata).filter(|_| !metadata.is_dir()) {
        let reason = format!("expected a text file, found {found}");
        return Err(failed(std::io::Error::new(std::io::ErrorKind::InvalidInput, reason)));
    }
    let length = metadata.len();
    if length > MAX_TEXT_BYTES {
        let reason = format!("{length} bytes are more than the limit of {MAX_TEXT_BYTES} for a text file");
        return Err(failed(std::io::Error::new(std::io::ErrorKind::FileTooLarge, reason)));
    }
    Ok(decode(&std::fs::read(path).map_err(failed)?))
}

/// The text of some bytes, each line ended by `\n`: UTF-16 by its byte order mark; UTF-8, with or without one, where it is valid;
/// otherwise Latin-1, in which every byte is a letter. Halves of UTF-16 characters become U+FFFD.
pub fn decode(bytes: &[u8]) -> String {
    let text = match bytes {
        [0xFF, 0xFE, rest @ ..] => decode_utf_16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => decode_utf_16(rest, u16::from_be_bytes),
        _ => decode_bytes(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)),
    };
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text }
}

fn decode_utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

fn decode_bytes(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    }
}

/// A file or folder name as text; names that are not UTF-8 are taken for Latin-1 where the system keeps bytes.
pub fn decode_name(name: &OsStr) -> String {
    match name.to_str() {
        Some(text) => text.to_owned(),
        None => decode_bytes(name.as_encoded_bytes()),
    }
}

/// Writes a path as text, for `#[serde(serialize_with)]`: a name that is not UTF-8 as well as it can be, where serde's own way is an
/// error that loses the whole report.
///
/// # Errors
/// Those of the serializer.
pub fn serialize_lossy<S: serde::Serializer>(
    path: &impl AsRef<Path>,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.as_ref().to_string_lossy())
}

/// As [`serialize_lossy`] where there may be no path.
///
/// # Errors
/// Those of the serializer.
pub fn serialize_lossy_option<S: serde::Serializer>(
    path: &Option<impl AsRef<Path>>,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    match path {
        Some(path) => serialize_lossy(path, serializer),
        None => serializer.serialize_none(),
    }
}

/// A name in Unicode's composed form (NFC), in which `é` is one letter: names are compared in it. macOS writes names decomposed.
pub fn composed(name: &str) -> String {
    if name.is_ascii() { name.to_owned() } else { name.nfc().collect() }
}

/// What a person is compared by: the words of the name, blanks and underscores alike, one blank apart, in Unicode's composed form.
pub fn person_key(name: &str) -> String {
    let name = composed(name);
    let words = name.split(|letter: char| letter.is_whitespace() || letter == '_').filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// Finds files whose names are spelled otherwise on disk: in another of Unicode's forms, or in Latin-1. Remembers the folders that
/// it has looked into.
#[derive(Debug, Default)]
pub struct NameFinder {
    /// The names in each folder by their keys.
    folders: RefCell<HashMap<PathBuf, HashMap<String, OsString>>>,
}

impl NameFinder {
    /// The path as it is on disk; as it was given where it is there, or where nothing like it is.
    pub fn find(&self, path: &Path) -> PathBuf {
        if path.symlink_metadata().is_ok() {
            return path.to_owned();
        }
        let mut found = PathBuf::new();
        for component in path.components() {
            let plain = found.join(component);
            match component {
                Component::Normal(name) if plain.symlink_metadata().is_err() => {
                    let Some(other) = self.other_name(&found, name) else { return path.to_owned() };
                    found.push(other);
                }
                _ => found = plain,
            }
        }
        found
    }

    fn other_name(&self, folder: &Path, name: &OsStr) -> Option<OsString> {
        let mut folders = self.folders.borrow_mut();
        let names = folders.entry(folder.to_owned()).or_insert_with(|| names_in(folder));
        names.get(&composed(&decode_name(name))).cloned()
    }
}

fn names_in(folder: &Path) -> HashMap<String, OsString> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<OsString> = entries.map(|entry| entry.file_name()).collect();
    // Of two names with one key the first counts.
    names.sort_by(|first, second| second.cmp(first));
    names.into_iter().map(|name| (composed(&decode_name(&name)), name)).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;

    #[test]
    fn latin_1_and_utf_8_give_the_same_name() {
        assert_eq!(decode(b"Jos\xe9 Carreras"), "Jos\u{e9} Carreras");
        assert_eq!(decode("Jos\u{e9} Carreras".as_bytes()), "Jos\u{e9} Carreras");
        assert_eq!(decode(b"\xEF\xBB\xBFAda"), "Ada");
    }

    #[test]
    fn utf_16_is_known_by_its_mark_and_lines_end_alike() {
        let text = "a.png\tJos\u{e9} \u{1f600}\r\nb.png\rc.png\n";
        let expected = "a.png\tJos\u{e9} \u{1f600}\nb.png\nc.png\n";
        let little: Vec<u8> = "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
        for bytes in [little, big, text.as_bytes().to_vec()] {
            assert_eq!(decode(&bytes), expected);
        }
        assert_eq!(decode(b"\xFF\xFEa\0\0\xD8b\0c"), "a\u{fffd}b");
    }

    #[test]
    fn names_are_found_in_every_form() {
        let place = tempfile::tempdir().unwrap();
        let (composed, decomposed) = ("Jos\u{e9}", "Jose\u{301}");
        assert_eq!(person_key(composed), person_key(decomposed));
        let folder = place.path().join(decomposed);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("Jose\u{301}.png"), "").unwrap();
        let finder = NameFinder::default();
        let wanted = place.path().join(composed).join("Jos\u{e9}.png");
        assert!(finder.find(&wanted).is_file());
        let missing = place.path().join(composed).join("other.png");
        assert_eq!(finder.find(&missing), missing);
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStrExt;
            std::fs::write(place.path().join(OsStr::from_bytes(b"Zo\xEB.png")), "").unwrap();
            assert!(NameFinder::default().find(&place.path().join("Zo\u{eb}.png")).is_file());
        }
    }

    #[test]
    fn blanks_and_underscores_name_one_person() {
        assert_eq!(person_key(" George_W  Bush\r"), "George W Bush");
        assert_eq!(person_key("Jose\u{301}"), person_key("Jos\u{e9}"), "one person in both of Unicode's forms");
    }
}
