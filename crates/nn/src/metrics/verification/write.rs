//! Scores as text files.

use std::io::{BufWriter, Write};
use std::path::Path;

use portraitist_face::Error;
use portraitist_face::files::write_atomically_by;

use super::scores::{ScoredFolds, ScoredPair};
use crate::metrics::error::MetricsError;

/// Writes scores as [`super::read_scores`] reads them, with the people compared where they are known: pairs of the same person
/// first in each fold. The file is there whole or not at all.
///
/// # Errors
/// [`MetricsError::Write`], also if the file exists and `overwrite` is false.
pub fn write_scores(path: &Path, scored: &ScoredFolds, overwrite: bool) -> Result<(), MetricsError> {
    let written = write_atomically_by(path, overwrite, |file| {
        let mut file = BufWriter::new(file);
        let people = scored.people();
        for (index, fold) in scored.folds().iter().enumerate() {
            if index > 0 {
                file.write_all(b"\n")?;
            }
            for (label, pairs) in [(1, &fold.same), (0, &fold.different)] {
                write_pairs(&mut file, label, pairs, people)?;
            }
        }
        file.flush()
    });
    written.map_err(|error| MetricsError::Write {
        path: path.to_owned(),
        source: match error {
            Error::Write { source, .. } => source,
            Error::AlreadyExists { .. } => std::io::ErrorKind::AlreadyExists.into(),
            other => std::io::Error::other(other.to_string()),
        },
    })
}

fn write_pairs(file: &mut impl Write, label: u8, pairs: &[ScoredPair], people: &[String]) -> std::io::Result<()> {
    for pair in pairs {
        write!(file, "{}\t{label}", pair.score)?;
        if let [Some(one), Some(other)] = pair.people.map(|person| people.get(person as usize)) {
            write!(file, "\t{one}\t{other}")?;
        }
        writeln!(file)?;
    }
    Ok(())
}
