//! The log of a run: `log.jsonl` and TensorBoard's event files.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::losses::NamedValues;

use super::error::TrainingError;
use super::tensorboard::EventFile;

/// What one step reports.
#[derive(Clone, Debug)]
pub struct StepReport {
    /// The step, counted from 1.
    pub step: u64,
    /// Seconds that the step took, waiting for pictures included.
    pub seconds: f64,
    /// Of these, seconds of waiting for pictures to be read.
    pub seconds_waiting: f64,
    /// Seconds from the end of the step before to the start of this one: logging, handing files to the
    /// writer, and waiting for the files before them to be written.
    pub seconds_between: f64,
    /// Pictures per second.
    pub pictures_per_second: f64,
    /// Learning rates by name.
    pub learning_rates: Vec<(&'static str, f64)>,
    /// Every loss by name, and what else was measured.
    pub values: NamedValues,
}

impl StepReport {
    fn scalars(&self) -> impl Iterator<Item = (&str, f64)> {
        let own = [
            ("seconds", self.seconds),
            ("seconds_waiting", self.seconds_waiting),
            ("seconds_between", self.seconds_between),
            ("pictures_per_second", self.pictures_per_second),
        ];
        let values = self.values.iter().map(|(name, value)| (name.as_str(), f64::from(*value)));
        own.into_iter().chain(self.learning_rates.iter().copied()).chain(values)
    }

    fn json(&self) -> Value {
        object(self.step, self.scalars())
    }
}

fn object<'a>(step: u64, scalars: impl Iterator<Item = (&'a str, f64)>) -> Value {
    let mut object = Map::from_iter([("step".to_owned(), Value::from(step))]);
    object.extend(scalars.map(|(name, value)| (name.to_owned(), Value::from(value))));
    Value::Object(object)
}

/// The log of a run, open for more.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    lines: File,
    events: EventFile,
}

impl Log {
    /// Opens the log of a run of which `done` steps are kept. Later lines are dropped: they come from steps behind the
    /// last checkpoint, which are done again. Lines that cannot be read are dropped, too; a sentence says so.
    pub(super) fn open(run_folder: &Path, done: u64) -> Result<(Self, Option<String>), TrainingError> {
        let path = run_folder.join("log.jsonl");
        let wrong = |error: std::io::Error| TrainingError::Write { path: path.clone(), reason: error.to_string() };
        let mut warning = None;
        if path.is_file() {
            let (kept, broken) = kept_lines(&fs::read(&path).map_err(wrong)?, done);
            portraitist_face::files::write_atomically(&path, &kept, true)
                .map_err(|error| TrainingError::Write { path: path.clone(), reason: error.to_string() })?;
            let lines = if broken == 1 { "1 line".to_owned() } else { format!("{broken} lines") };
            let text = || format!("{}: left out {lines} that could not be read; the others stay", path.display());
            warning = (broken > 0).then(text);
        }
        let lines = OpenOptions::new().create(true).append(true).open(&path).map_err(wrong)?;
        let events = EventFile::create(run_folder, done + 1).map_err(wrong)?;
        Ok((Self { path, lines, events }, warning))
    }

    /// Records a step.
    pub(super) fn write(&mut self, report: &StepReport) -> Result<(), TrainingError> {
        self.write_line(report.step, report.json(), report.scalars())
    }

    /// Records what was measured of a step after it, in a line of its own.
    pub(super) fn write_values(&mut self, step: u64, values: &NamedValues) -> Result<(), TrainingError> {
        let scalars = || values.iter().map(|(name, value)| (name.as_str(), f64::from(*value)));
        self.write_line(step, object(step, scalars()), scalars())
    }

    fn write_line<'a>(
        &mut self,
        step: u64,
        line: Value,
        scalars: impl Iterator<Item = (&'a str, f64)>,
    ) -> Result<(), TrainingError> {
        self.lines
            .write_all(format!("{line}\n").as_bytes())
            .and_then(|()| self.events.write(step, scalars))
            .map_err(|error| TrainingError::Write { path: self.path.clone(), reason: error.to_string() })
    }
}

/// The lines of a log up to step `done`, and how many others are no lines of a log.
fn kept_lines(text: &[u8], done: u64) -> (Vec<u8>, usize) {
    let (mut kept, mut broken) = (Vec::new(), 0);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        // The last line lacks its end if the program was killed while it wrote it.
        match line.strip_suffix(b"\n").and_then(logged_step) {
            Some(step) if step <= done => kept.extend_from_slice(line),
            Some(_) => {}
            None => broken += 1,
        }
    }
    (kept, broken)
}

fn logged_step(line: &[u8]) -> Option<u64> {
    serde_json::from_slice::<Value>(line).ok()?.get("step")?.as_u64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_lines_are_left_out_and_counted() {
        let text = b"{\"step\":1}\n{\"step\":2,\"a\":\"\xff\"}\n\0\0\n{\"step\":3}\n{\"step\":4}\n{\"step\":5";
        assert_eq!(kept_lines(text, 3), (b"{\"step\":1}\n{\"step\":3}\n".to_vec(), 3));
        assert_eq!(kept_lines(b"", 3), (Vec::new(), 0));
    }
}
