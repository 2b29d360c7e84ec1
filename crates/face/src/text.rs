//! Text files as they are found: UTF-8 with or without a byte order mark, Latin-1, any line ends.

use std::ffi::OsStr;
use std::path::Path;

use unicode_normalization::UnicodeNormalization;

use crate::error::{Error, Result};

/// Largest text file that is read, in bytes; WebCaricature's largest protocol file has 20 KB.
const MAX_TEXT_BYTES: u64 = 64 * 1024 * 1024;

/// Reads a text file: UTF-8 where it is valid, otherwise Latin-1, in which every byte is a letter.
///
/// # Errors
/// [`Error::ReadText`] that names the file: missing, a folder, unreadable or larger than 64 MiB.
pub fn read_text(path: &Path) -> Result<String> {
    let failed = |source| Error::ReadText { path: path.to_owned(), source };
    let length = std::fs::metadata(path).map_err(failed)?.len();
    if length > MAX_TEXT_BYTES {
        let reason = format!("{length} bytes are more than the limit of {MAX_TEXT_BYTES} for a text file");
        return Err(failed(std::io::Error::new(std::io::ErrorKind::FileTooLarge, reason)));
    }
    Ok(decode(&std::fs::read(path).map_err(failed)?))
}

/// The text of some bytes: UTF-8 without its byte order mark, or Latin-1.
pub fn decode(bytes: &[u8]) -> String {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    }
}

/// A file or folder name as text; names that are not UTF-8 are taken for Latin-1 where the system keeps bytes.
pub fn decode_name(name: &OsStr) -> String {
    match name.to_str() {
        Some(text) => text.to_owned(),
        None => decode(name.as_encoded_bytes()),
    }
}

/// A name in Unicode's composed form (NFC), in which `é` is one letter: names are compared in it.
pub fn composed(name: &str) -> String {
    if name.is_ascii() { name.to_owned() } else { name.nfc().collect() }
}

/// What a person is compared by: the words of the name, blanks and underscores alike, one blank apart, in Unicode's composed form.
pub fn person_key(name: &str) -> String {
    let name = composed(name);
    let words = name.split(|letter: char| letter.is_whitespace() || letter == '_').filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latin_1_and_utf_8_give_the_same_name() {
        assert_eq!(decode(b"Jos\xe9 Carreras"), "Jos\u{e9} Carreras");
        assert_eq!(decode("Jos\u{e9} Carreras".as_bytes()), "Jos\u{e9} Carreras");
        assert_eq!(decode(b"\xEF\xBB\xBFAda"), "Ada");
    }

    #[test]
    fn blanks_and_underscores_name_one_person() {
        assert_eq!(person_key(" George_W  Bush\r"), "George W Bush");
        assert_eq!(person_key("Jose\u{301}"), person_key("Jos\u{e9}"), "one person in both of Unicode's forms");
    }
}
