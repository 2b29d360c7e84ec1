//! The one reader of list files: a picture a line, then, after a tab, the person and the landmark file where they are known.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::folders::entry;
use super::layout::{Layout, OpenOptions};
use super::people::{Dataset, Person};
use crate::error::{Error, Result};
use crate::text::{NameFinder, read_text};

/// A line of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListLine {
    /// The picture as the list has it.
    pub file: String,
    /// The picture file: what the line names, below the list's folder, as it is spelled on disk.
    pub path: PathBuf,
    /// The person, as a name.
    pub person: Option<String>,
    /// The landmark file.
    pub landmarks: Option<PathBuf>,
}

/// Reads a list file in any of the encodings of [`text::decode`](crate::text::decode). Empty lines are skipped, blanks around a
/// column dropped.
///
/// # Errors
/// [`Error::ReadText`], or [`Error::Dataset`] for a file that is no text.
pub fn read_list(path: &Path) -> Result<Vec<ListLine>> {
    let text = read_text(path)?;
    if text.contains('\0') {
        let reason = "not a list of pictures: it holds bytes that no text has; save it as UTF-8".to_owned();
        return Err(Error::Dataset { path: path.to_owned(), reason });
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let finder = NameFinder::default();
    let line = |line: &str| {
        let mut columns = line.split('\t').map(str::trim);
        let file = columns.next().unwrap_or_default().to_owned();
        let mut column = || columns.next().filter(|text| !text.is_empty());
        let (person, landmarks) = (column().map(str::to_owned), column().map(|file| finder.find(&folder.join(file))));
        ListLine { path: finder.find(&folder.join(&file)), file, person, landmarks }
    };
    Ok(text.lines().filter(|text| !text.trim().is_empty()).map(line).collect())
}

/// Opens a list as a dataset; without a person, each picture is a person of its own.
pub(super) fn open(root: &Path, options: &OpenOptions) -> Result<Dataset> {
    let mut people: BTreeMap<String, Person> = BTreeMap::new();
    for ListLine { file, path, person, landmarks } in read_list(root)? {
        let name = Path::new(&file).with_extension("").to_string_lossy().into_owned();
        let person = person.unwrap_or_else(|| name.clone());
        let mut entry = entry(&path, name, options.domain);
        entry.landmarks = landmarks.or(entry.landmarks);
        people.entry(person.clone()).or_insert(Person { name: person, pictures: Vec::new() }).pictures.push(entry);
    }
    let people = people.into_values().collect();
    let dataset = Dataset {
        root: root.to_owned(),
        layout: Layout::List,
        people,
        protocols: None,
        owners: BTreeMap::new(),
        remarks: Vec::new(),
        problems: Vec::new(),
    };
    Ok(dataset.without_repeats())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_gives_the_same_list() {
        let place = tempfile::tempdir().unwrap();
        let list = place.path().join("list.txt");
        let text = "a.jpg\tJos\u{e9}\r\nb.jpg\tBob\tb.pts\r\n";
        std::fs::write(&list, text).unwrap();
        let expected = read_list(&list).unwrap();
        assert_eq!(expected.len(), 2);
        let utf_16 =
            |unit: fn(u16) -> [u8; 2]| -> Vec<u8> { format!("\u{feff}{text}").encode_utf16().flat_map(unit).collect() };
        let latin_1 = text.chars().map(|letter| letter as u8).collect();
        let old_mac = text.replace("\r\n", "\r").into_bytes();
        let marked = format!("\u{feff}{text}").into_bytes();
        for bytes in [utf_16(u16::to_le_bytes), utf_16(u16::to_be_bytes), latin_1, old_mac, marked] {
            std::fs::write(&list, &bytes).unwrap();
            assert_eq!(read_list(&list).unwrap(), expected, "{bytes:?}");
        }
        std::fs::write(&list, "a.jpg\t\nb.jpg\t \n").unwrap();
        assert!(read_list(&list).unwrap().iter().all(|line| line.person.is_none() && line.landmarks.is_none()));
    }

    #[test]
    fn columns_are_read_whatever_the_line_ends() {
        let place = tempfile::tempdir().unwrap();
        let list = place.path().join("list.txt");
        std::fs::write(&list, "\u{feff}a.png\r\n\r\nb.png\t Ada \tb.pts\nc.png\t\tc.pts\n").unwrap();
        let lines = read_list(&list).unwrap();
        let below = |name: &str| Some(place.path().join(name));
        let columns: Vec<_> = lines.iter().map(|line| (line.file.as_str(), line.person.as_deref())).collect();
        assert_eq!(columns, [("a.png", None), ("b.png", Some("Ada")), ("c.png", None)]);
        let landmarks: Vec<_> = lines.into_iter().map(|line| line.landmarks).collect();
        assert_eq!(landmarks, [None, below("b.pts"), below("c.pts")]);
        std::fs::write(&list, b"\x89PNG\r\n\0\0").unwrap();
        assert!(read_list(&list).unwrap_err().to_string().contains("not a list of pictures"));
    }
}
