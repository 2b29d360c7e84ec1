//! Files in what `--json` prints: names that are no UTF-8 arrive, too.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// A field with a path in it, for `#[serde(flatten)]`: `"input": "…"`. A name that is not UTF-8 is written as well as it can be,
/// with its bytes in base64 beside it as `"input_bytes"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    field: &'static str,
    /// The path.
    pub(crate) path: PathBuf,
}

impl Named {
    /// The field `field` with a path.
    pub(crate) fn new(field: &'static str, path: impl Into<PathBuf>) -> Self {
        Self { field, path: path.into() }
    }

    /// What something was made from.
    pub(crate) fn input(path: impl Into<PathBuf>) -> Self {
        Self::new("input", path)
    }

    /// What was made.
    pub(crate) fn output(path: impl Into<PathBuf>) -> Self {
        Self::new("output", path)
    }

    /// The path for people.
    pub(crate) fn display(&self) -> std::path::Display<'_> {
        self.path.display()
    }
}

impl AsRef<Path> for Named {
    fn as_ref(&self) -> &Path {
        &self.path
    }
}

impl Serialize for Named {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(self.field, &self.path.to_string_lossy())?;
        if self.path.to_str().is_none() {
            let bytes = STANDARD.encode(self.path.as_os_str().as_encoded_bytes());
            map.serialize_entry(&format!("{}_bytes", self.field), &bytes)?;
        }
        map.end()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[derive(Serialize)]
    struct Row {
        #[serde(flatten)]
        input: Named,
        #[serde(flatten)]
        output: Named,
        row: usize,
    }

    #[test]
    fn names_that_are_no_utf_8_bring_their_bytes() {
        let odd = std::ffi::OsStr::from_bytes(b"Jos\xE9.jpg");
        let row = Row { input: Named::input(odd), output: Named::output("a.png"), row: 1 };
        let expected =
            serde_json::json!({"input": "Jos\u{fffd}.jpg", "input_bytes": "Sm9z6S5qcGc=", "output": "a.png", "row": 1});
        assert_eq!(serde_json::to_value(&row).ok(), Some(expected));
    }
}
