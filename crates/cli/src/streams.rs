//! `-` on the command line: standard input and standard output instead of a file.

use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use portraitist_face::files::create_unfinished;
use portraitist_face::picture::MAX_FILE_BYTES;
use portraitist_face::{Decoded, Picture};

use crate::output::{Console, advised, claim_stdout, describe};

/// What stands for a stream.
const STREAM: &str = "-";
/// What standard input is called in messages.
const INPUT_NAME: &str = "- (standard input)";
/// Largest weights file that is read from standard input, in bytes.
const MAX_WEIGHTS_BYTES: u64 = 4 << 30;

/// Whether a path stands for standard input or output; a file of that name is `./-`.
pub(crate) fn is_stream(path: &Path) -> bool {
    path.as_os_str() == STREAM
}

/// Reads a picture file or standard input.
///
/// # Errors
/// As [`Decoded::open`].
pub(crate) fn open_picture(path: &Path) -> anyhow::Result<Decoded> {
    if !is_stream(path) {
        return Ok(Decoded::open(path)?);
    }
    Ok(Decoded::decode(INPUT_NAME, &read_input(MAX_FILE_BYTES)?)?)
}

/// Everything on standard input, up to a limit.
///
/// # Errors
/// If it is a terminal, cannot be read, or holds more.
pub(crate) fn read_input(limit: u64) -> anyhow::Result<Vec<u8>> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        return Err(advised(
            format!("{INPUT_NAME}: expected a file, found a terminal"),
            "send a file with `<` or from another program; a file that is called - is ./-",
        ));
    }
    let mut bytes = Vec::new();
    stdin.lock().take(limit + 1).read_to_end(&mut bytes).with_context(|| INPUT_NAME)?;
    ensure!(bytes.len() as u64 <= limit, "{INPUT_NAME}: more than the limit of {limit} bytes");
    Ok(bytes)
}

/// A file with what is on standard input; it goes when the value does.
pub(crate) struct InputFile {
    path: PathBuf,
    /// Holds the bytes of standard input.
    file: Option<tempfile::NamedTempFile>,
}

impl InputFile {
    /// The file itself, or one with the bytes of standard input, for readers that go back and forth in a file.
    ///
    /// # Errors
    /// As [`read_input`], and if no temporary file can be written.
    pub(crate) fn of(path: &Path) -> anyhow::Result<Self> {
        if !is_stream(path) {
            return Ok(Self { path: path.to_owned(), file: None });
        }
        let bytes = read_input(MAX_WEIGHTS_BYTES)?;
        let mut file = create_unfinished(|| tempfile::Builder::new().prefix("portraitist-stdin-").tempfile())
            .context("cannot make a temporary file for what is on standard input")?;
        file.write_all(&bytes).with_context(|| file.path().display().to_string())?;
        Ok(Self { path: file.path().to_owned(), file: Some(file) })
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The result of reading it; an error names standard input, not the file with its bytes.
    ///
    /// # Errors
    /// That of the result.
    pub(crate) fn named<T, E: std::error::Error + Send + Sync + 'static>(
        &self,
        result: Result<T, E>,
    ) -> anyhow::Result<T> {
        match result {
            Err(error) if self.file.is_some() => {
                let path = self.path.display().to_string();
                Err(anyhow::anyhow!("{}", describe(&error.into()).replace(&path, INPUT_NAME)))
            }
            other => Ok(other?),
        }
    }
}

/// Refuses to mix a result on standard output with anything else: `--json`, or a second result.
///
/// # Errors
/// Says what stands against it.
pub(crate) fn check_output(out: &Path, results: usize, console: &Console) -> anyhow::Result<()> {
    if !is_stream(out) {
        return Ok(());
    }
    if console.is_json() {
        return Err(advised(
            "the result and --json both go to standard output",
            "write the result to a file, or leave out --json",
        ));
    }
    if results != 1 {
        let found = format!("standard output takes one result, found {results}");
        return Err(advised(found, "name a single picture, or a folder for the results"));
    }
    Ok(())
}

/// Writes a result to standard output.
///
/// # Errors
/// If it cannot be written; a reader that has gone is no error.
pub(crate) fn write_output(bytes: &[u8]) -> anyhow::Result<()> {
    claim_stdout();
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(error).context("cannot write to standard output")
        }
        _ => Ok(()),
    }
}

/// Writes a picture to standard output, as PNG.
///
/// # Errors
/// As [`write_output`].
pub(crate) fn write_picture(picture: &Picture) -> anyhow::Result<()> {
    write_output(&picture.encode_png()?)
}
