//! Scores as text files.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::scores::{ScoredFolds, ScoredPair};
use crate::metrics::error::MetricsError;

/// Writes scores as [`super::read_scores`] reads them, with the people compared where they are known: pairs of the same person
/// first in each fold. The file is there whole or not at all.
///
/// # Errors
/// [`MetricsError::Write`], also if the file exists and `overwrite` is false.
pub fn write_scores(path: &Path, scored: &ScoredFolds, overwrite: bool) -> Result<(), MetricsError> {
    let failed = |source| MetricsError::Write { path: path.to_owned(), source };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let file = tempfile::NamedTempFile::new_in(folder.map_or_else(|| PathBuf::from("."), Path::to_owned));
    let mut file = BufWriter::new(file.map_err(failed)?);
    let people = scored.people();
    for (index, fold) in scored.folds().iter().enumerate() {
        if index > 0 {
            file.write_all(b"\n").map_err(failed)?;
        }
        for (label, pairs) in [(1, &fold.same), (0, &fold.different)] {
            write_pairs(&mut file, label, pairs, people).map_err(failed)?;
        }
    }
    let file = file.into_inner().map_err(|error| failed(error.into_error()))?;
    file.as_file().sync_all().map_err(failed)?;
    let kept = if overwrite { file.persist(path) } else { file.persist_noclobber(path) };
    kept.map(|_| ()).map_err(|error| failed(error.error))
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
