//! Text files of scores.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use portraitist_face::text::decode;

use super::scores::{Fold, MAX_FOLDS, MAX_PAIRS, ScoredFolds, ScoredPair};
use crate::metrics::error::MetricsError;

/// Longest line that is read, in bytes; names are shorter.
const MAX_LINE_BYTES: u64 = 4096;
/// Letters of a wrong line that an error shows.
const SHOWN: usize = 80;

/// Reads a scores file: `score<TAB>label` on each line, label 1 for the same person and 0 for different people; where the people
/// are known, two more columns name them. An empty line begins a new fold; `lengths` gives the folds' lengths instead.
///
/// # Errors
/// [`MetricsError`] that names file and line: unreadable, a score that is no finite number, another label than 0 and 1, names on some
/// lines only, folds whose lengths do not add up; and those of [`ScoredFolds::new`].
pub fn read_scores(path: &Path, lengths: Option<&[usize]>) -> Result<ScoredFolds, MetricsError> {
    let failed = |source| MetricsError::Read { path: path.to_owned(), source };
    let mut file = BufReader::with_capacity(1 << 16, File::open(path).map_err(failed)?);
    let mut reading = Reading::new(path, lengths)?;
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let read = file.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut bytes).map_err(failed)?;
        if read == 0 {
            break;
        }
        reading.line += 1;
        if read as u64 == MAX_LINE_BYTES && bytes.last() != Some(&b'\n') {
            return Err(reading.wrong(format!("a line of less than {MAX_LINE_BYTES} bytes"), &decode(&bytes)));
        }
        match std::str::from_utf8(&bytes) {
            Ok(text) if reading.line > 1 => reading.take(text)?,
            _ => reading.take(&decode(&bytes))?,
        }
    }
    reading.finish()
}

/// A file that is being read.
struct Reading<'a> {
    path: &'a Path,
    line: u64,
    lengths: Option<&'a [usize]>,
    folds: Vec<Fold>,
    people: Vec<String>,
    known: HashMap<String, u32>,
    /// Whether lines name people; decided by the first pair.
    named: Option<bool>,
    pairs: usize,
}

impl<'a> Reading<'a> {
    fn new(path: &'a Path, lengths: Option<&'a [usize]>) -> Result<Self, MetricsError> {
        if lengths.is_some_and(|lengths| lengths.len() > MAX_FOLDS) {
            return Err(MetricsError::TooMany { what: "folds", limit: MAX_FOLDS });
        }
        let (people, known) = (Vec::new(), HashMap::new());
        Ok(Self { path, line: 0, lengths, folds: vec![Fold::default()], people, known, named: None, pairs: 0 })
    }

    fn wrong(&self, expected: impl Into<String>, found: &str) -> MetricsError {
        let found = found.trim_end().chars().take(SHOWN).collect();
        MetricsError::Line { path: self.path.to_owned(), line: self.line, expected: expected.into(), found }
    }

    fn take(&mut self, text: &str) -> Result<(), MetricsError> {
        let text = text.trim_end_matches(['\n', '\r']);
        if text.trim().is_empty() { self.end_fold(text) } else { self.take_pair(text) }
    }

    /// An empty line. Several of them, and those at the beginning, mean no more than one.
    fn end_fold(&mut self, text: &str) -> Result<(), MetricsError> {
        let now = self.folds.last().map_or(0, Fold::len);
        match self.lengths.and_then(|lengths| lengths.get(self.folds.len() - 1)) {
            _ if now == 0 => Ok(()),
            Some(&length) if now < length => {
                Err(self.wrong(format!("{length} pairs in fold {}", self.folds.len()), &format!("{text}(its end)")))
            }
            _ => self.next_fold(),
        }
    }

    fn next_fold(&mut self) -> Result<(), MetricsError> {
        if self.folds.len() == MAX_FOLDS {
            return Err(MetricsError::TooMany { what: "folds", limit: MAX_FOLDS });
        }
        self.folds.push(Fold::default());
        Ok(())
    }

    fn take_pair(&mut self, text: &str) -> Result<(), MetricsError> {
        const COLUMNS: &str = "a score and a label separated by a tab, with or without the names of both people";
        let mut columns = text.split('\t').map(str::trim);
        let (mut score, mut label) = (columns.next().unwrap_or_default(), columns.next());
        if label.is_none() {
            let words = text.trim().split_once(char::is_whitespace).map(|(first, rest)| (first, rest.trim()));
            (score, label) = words.map_or((score, None), |(first, rest)| (first, Some(rest)));
        }
        let value: f64 = score.parse().map_err(|_| self.wrong(COLUMNS, text))?;
        if !value.is_finite() {
            return Err(self.wrong("a finite score", text));
        }
        let same = match label {
            Some("1") => true,
            Some("0") => false,
            Some(_) => return Err(self.wrong("label 1 (same person) or 0 (different people)", text)),
            None => return Err(self.wrong(COLUMNS, text)),
        };
        let names = match (columns.next(), columns.next(), columns.next()) {
            (None, ..) => None,
            (Some(one), Some(other), None) if !one.is_empty() && !other.is_empty() => Some([one, other]),
            _ => return Err(self.wrong(COLUMNS, text)),
        };
        if *self.named.get_or_insert(names.is_some()) != names.is_some() {
            return Err(self.wrong("names of people on every line or on none", text));
        }
        if names.is_some_and(|[one, other]| (one == other) != same) {
            return Err(self.wrong("label 1 where both names are the same, 0 where they differ", text));
        }
        let people = names.map_or([0; 2], |names| names.map(|name| self.person(name)));
        self.push(same, ScoredPair { score: value, people })
    }

    fn person(&mut self, name: &str) -> u32 {
        if let Some(&known) = self.known.get(name) {
            return known;
        }
        let place = self.people.len() as u32; // at most twice MAX_PAIRS
        self.people.push(name.to_owned());
        self.known.insert(name.to_owned(), place);
        place
    }

    fn push(&mut self, same: bool, pair: ScoredPair) -> Result<(), MetricsError> {
        if self.pairs == MAX_PAIRS {
            return Err(MetricsError::TooMany { what: "pairs", limit: MAX_PAIRS });
        }
        // With lengths given, a full fold is followed by the next; what is left over is counted at the end.
        let full = |fold: &Fold, length: usize| fold.len() >= length;
        while let (Some(lengths), Some(fold)) = (self.lengths, self.folds.last()) {
            match lengths.get(self.folds.len() - 1) {
                Some(&length) if full(fold, length) && self.folds.len() < lengths.len() => self.next_fold()?,
                _ => break,
            }
        }
        self.pairs += 1;
        if let Some(fold) = self.folds.last_mut() {
            fold.push(same, pair);
        }
        Ok(())
    }

    fn finish(mut self) -> Result<ScoredFolds, MetricsError> {
        if self.pairs == 0 {
            let found = "none".to_owned();
            return Err(MetricsError::TooFew { expected: "scored pairs", found });
        }
        if self.folds.last().is_some_and(Fold::is_empty) {
            self.folds.pop();
        }
        if let Some(lengths) = self.lengths {
            let expected = lengths.iter().map(|&length| length as u64).fold(0, u64::saturating_add);
            if !self.folds.iter().map(Fold::len).eq(lengths.iter().copied()) {
                let found = self.pairs as u64;
                return Err(MetricsError::FoldLengths { path: self.path.to_owned(), expected, found });
            }
        }
        ScoredFolds::new(self.folds, self.people)
    }
}
