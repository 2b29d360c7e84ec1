//! A training's log: thinned where it is long, and what was added since.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

/// Lines of a whole log that are sent: more than a curve has pixels.
const MOST_LINES: u64 = 1500;
/// Bytes that are sent of what was added.
const MOST_ADDED: u64 = 4 << 20;
/// Longest line, in bytes.
const LONGEST_LINE: u64 = 64 << 10;

/// Lines, and where the next ones begin.
#[derive(Serialize)]
pub(super) struct LogReply {
    lines: Vec<Value>,
    next: u64,
}

/// Reads a log from a place on; from its beginning every n-th line and the last one, so that there are not too many. A line that is
/// still being written is left for the next time.
///
/// # Errors
/// If the file cannot be read.
pub(super) fn read(path: &Path, from: u64) -> io::Result<LogReply> {
    let length = path.metadata()?.len();
    if from > length {
        // The log was begun anew.
        return read(path, 0);
    }
    let stride = if from == 0 { Lines::open(path, 0)?.count()?.div_ceil(MOST_LINES).max(1) } else { 1 };
    let mut lines = Lines::open(path, from)?;
    let (mut found, mut last, mut index) = (Vec::new(), None, 0);
    while from == 0 || lines.position - from < MOST_ADDED {
        let Some(line) = lines.next_line()? else { break };
        if index % stride == 0 {
            found.extend(line);
            last = None;
        } else {
            last = line;
        }
        index += 1;
    }
    found.extend(last);
    Ok(LogReply { lines: found, next: lines.position })
}

/// Whole lines of a file.
struct Lines {
    reader: BufReader<File>,
    /// Behind the last whole line.
    position: u64,
}

impl Lines {
    fn open(path: &Path, from: u64) -> io::Result<Self> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(from))?;
        Ok(Self { reader: BufReader::new(file), position: from })
    }

    /// The next whole line, `Some(None)` where it is no JSON; `None` at the end.
    fn next_line(&mut self) -> io::Result<Option<Option<Value>>> {
        let mut line = Vec::new();
        io::Read::take(&mut self.reader, LONGEST_LINE).read_until(b'\n', &mut line)?;
        if line.last() != Some(&b'\n') {
            return Ok(None);
        }
        self.position += line.len() as u64;
        Ok(Some(serde_json::from_slice(&line).ok()))
    }

    fn count(mut self) -> io::Result<u64> {
        let mut count = 0;
        while self.next_line()?.is_some() {
            count += 1;
        }
        Ok(count)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn long_logs_are_thinned_and_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.jsonl");
        let mut file = File::create(&path).unwrap();
        for step in 0..10_000 {
            writeln!(file, "{{\"step\":{step}}}").unwrap();
        }
        write!(file, "{{\"step\":10").unwrap();
        let first = read(&path, 0).unwrap();
        assert!(first.lines.len() as u64 <= MOST_LINES + 1 && first.lines.len() > 1000, "{}", first.lines.len());
        assert_eq!(first.lines.last().unwrap()["step"], 9999);
        assert!(read(&path, first.next).unwrap().lines.is_empty(), "half a line");
        writeln!(file, "000}}\nno json\n{{\"step\":10001}}").unwrap();
        let added = read(&path, first.next).unwrap();
        let added: Vec<&Value> = added.lines.iter().map(|line| &line["step"]).collect();
        assert_eq!(added, [10_000, 10_001]);
        File::create(&path).unwrap().write_all(b"{\"step\":1}\n").unwrap();
        assert_eq!(read(&path, first.next).unwrap().lines.len(), 1, "begun anew");
    }
}
