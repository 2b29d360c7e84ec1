//! What people say of pictures: kept in SQLite, one row a picture. What was acknowledged is on disk.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use portraitist_face::transform::Point;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

/// What a person says of a picture.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Mark {
    /// `null` leaves it to the filter.
    pub(super) decision: Option<Decision>,
    pub(super) note: String,
    /// 17 points in pixels of the original; `null` for those of the dataset.
    pub(super) landmarks: Option<Vec<Point>>,
}

/// Whether a picture belongs to the dataset, whatever the filter says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Decision {
    Keep,
    Drop,
}

/// The database.
pub(super) struct Marks(Mutex<Connection>);

const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS marks (
    dataset TEXT NOT NULL, picture TEXT NOT NULL, decision TEXT, note TEXT NOT NULL, landmarks TEXT,
    PRIMARY KEY (dataset, picture)) WITHOUT ROWID;";

impl Marks {
    /// Opens the database in a folder, or makes it. A write-ahead log that is synced with every write: whatever was acknowledged
    /// survives the end of the program, however it ends.
    ///
    /// # Errors
    /// If the file cannot be written, or is no database.
    pub(super) fn open(folder: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let connection = Connection::open(folder.join("marks.sqlite"))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self(Mutex::new(connection)))
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores a mark; an empty one is forgotten.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub(super) fn set(&self, dataset: &str, picture: &str, mark: &Mark) -> anyhow::Result<()> {
        let connection = self.lock();
        if *mark == Mark::default() {
            connection.execute("DELETE FROM marks WHERE dataset = ?1 AND picture = ?2", params![dataset, picture])?;
            return Ok(());
        }
        let decision = mark.decision.map(|decision| if decision == Decision::Keep { "keep" } else { "drop" });
        let landmarks = mark.landmarks.as_ref().map(serde_json::to_string).transpose()?;
        connection.execute(
            "INSERT OR REPLACE INTO marks (dataset, picture, decision, note, landmarks) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![dataset, picture, decision, mark.note, landmarks],
        )?;
        Ok(())
    }

    /// Every mark of a dataset, by picture.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub(super) fn of(&self, dataset: &str) -> anyhow::Result<BTreeMap<String, Mark>> {
        let connection = self.lock();
        let mut statement =
            connection.prepare_cached("SELECT picture, decision, note, landmarks FROM marks WHERE dataset = ?1")?;
        let rows = statement.query_map([dataset], |row| {
            let decision: Option<String> = row.get(1)?;
            let landmarks: Option<String> = row.get(3)?;
            let decision = decision.map(|text| if text == "keep" { Decision::Keep } else { Decision::Drop });
            let landmarks = landmarks.and_then(|text| serde_json::from_str(&text).ok());
            Ok((row.get(0)?, Mark { decision, note: row.get(2)?, landmarks }))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;

    #[test]
    fn marks_are_there_when_the_database_is_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let mark = Mark {
            decision: Some(Decision::Drop),
            note: "blurred; 模糊 'quoted'".to_owned(),
            landmarks: Some(vec![[1.5, 2.0]; 17]),
        };
        let marks = Marks::open(folder.path()).unwrap();
        marks.set("a", "Ada/C1", &mark).unwrap();
        marks.set("b", "Ada/C1", &Mark::default()).unwrap();
        marks.set("a", "Ada/C2", &mark).unwrap();
        marks.set("a", "Ada/C2", &Mark::default()).unwrap();
        // Not closed: as after kill -9, the log is what is left.
        std::mem::forget(marks);
        let again = Marks::open(folder.path()).unwrap();
        assert_eq!(again.of("a").unwrap(), BTreeMap::from([("Ada/C1".to_owned(), mark)]));
        assert!(again.of("b").unwrap().is_empty());
    }
}
