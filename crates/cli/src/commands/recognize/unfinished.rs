//! Rows of an embedding in the making, kept in a file beside the result: an interrupted call goes on there.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portraitist_face::files::beside;
use portraitist_nn::weights::sha256;
use serde::{Deserialize, Serialize};

use crate::output::advised;

/// Behind the result's name.
const ENDING: &str = ".unfinished";
/// What such a file calls itself.
const FORMAT: &str = "portraitist-unfinished-embeddings-1";

/// How the rows were computed: rows of another way are of no use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Way {
    format: String,
    version: String,
    model_sha256: String,
    mirrored: String,
    aligned: bool,
}

impl Way {
    /// By a model, from whole crops or found faces.
    pub(super) fn new(model_sha256: &str, mirrored: &str, aligned: bool) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            model_sha256: model_sha256.to_owned(),
            mirrored: mirrored.to_owned(),
            aligned,
        }
    }
}

/// A line: the picture by its content, and its row.
#[derive(Serialize, Deserialize)]
struct Line {
    picture_sha256: String,
    /// Little-endian 32-bit numbers in base64.
    row: String,
    /// Of the row, so that a damaged line is noticed.
    row_sha256: String,
}

/// The file with the rows so far.
pub(super) struct Unfinished {
    path: PathBuf,
    file: File,
    rows: HashMap<String, Vec<f32>>,
}

impl Unfinished {
    /// Takes up what an interrupted call has left for the same result, or begins anew if that was computed in another way.
    ///
    /// # Errors
    /// If the file cannot be written, or is somebody else's.
    pub(super) fn open(result: &Path, way: &Way) -> anyhow::Result<Self> {
        let path = beside(result, ENDING);
        let failed = || format!("cannot write {}", path.display());
        let rows = match File::open(&path) {
            Ok(file) => earlier(file, &path, way)?,
            Err(_) => None,
        };
        if rows.is_none() {
            fs::write(&path, format!("{}\n", serde_json::to_string(way)?)).with_context(failed)?;
        }
        let mut file = OpenOptions::new().append(true).open(&path).with_context(failed)?;
        // Ends a line that was cut off.
        file.write_all(b"\n").with_context(failed)?;
        Ok(Self { path, file, rows: rows.unwrap_or_default() })
    }

    /// What a picture is found by.
    pub(super) fn key(file: &[u8]) -> String {
        sha256(file)
    }

    /// The row of a picture that an earlier call has embedded.
    pub(super) fn row(&self, key: &str) -> Option<&[f32]> {
        self.rows.get(key).map(Vec::as_slice)
    }

    /// Keeps rows.
    ///
    /// # Errors
    /// If they cannot be written.
    pub(super) fn add<'a>(&mut self, rows: impl IntoIterator<Item = (&'a str, &'a [f32])>) -> anyhow::Result<()> {
        let mut lines = String::new();
        for (key, row) in rows {
            let bytes: Vec<u8> = row.iter().flat_map(|value| value.to_le_bytes()).collect();
            let line =
                Line { picture_sha256: key.to_owned(), row: STANDARD.encode(&bytes), row_sha256: sha256(&bytes) };
            lines.push_str(&serde_json::to_string(&line)?);
            lines.push('\n');
        }
        self.file.write_all(lines.as_bytes()).with_context(|| format!("cannot write {}", self.path.display()))
    }

    /// Where the rows lie.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the file: the result is there. What cannot be removed does no harm.
    pub(super) fn remove(self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// The rows of a file that was computed in this way; lines that are cut off or damaged are left out.
fn earlier(file: File, path: &Path, way: &Way) -> anyhow::Result<Option<HashMap<String, Vec<f32>>>> {
    let mut lines = BufReader::new(file).lines();
    let head = lines.next().and_then(Result::ok).unwrap_or_default();
    let Ok(found) = serde_json::from_str::<Way>(&head) else {
        if head.is_empty() {
            return Ok(None);
        }
        let message = format!("{}: expected rows of an interrupted call, found something else", path.display());
        return Err(advised(message, "move it away"));
    };
    if found != *way {
        return Ok(None);
    }
    let row = |line: String| {
        let line: Line = serde_json::from_str(&line).ok()?;
        let bytes = STANDARD.decode(&line.row).ok().filter(|bytes| sha256(bytes) == line.row_sha256)?;
        let values = bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect();
        Some((line.picture_sha256, values))
    };
    Ok(Some(lines.map_while(Result::ok).filter_map(row).collect()))
}
