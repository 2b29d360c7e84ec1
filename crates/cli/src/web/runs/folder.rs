//! The runs below a folder. What a client says is only compared with names that are there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use serde::Serialize;
use tokio::sync::Semaphore;

use crate::web::reply::Failure;

/// Logs that are read at the same time.
const LOGS_AT_A_TIME: usize = 2;

/// A folder of runs, without links.
pub(crate) struct RunsFolder {
    root: PathBuf,
    /// Permits for whoever reads a log: lines take more memory than their text.
    pub(super) reading: Arc<Semaphore>,
}

/// A run as the list shows it.
#[derive(Serialize)]
pub(super) struct RunRow {
    pub(super) name: String,
    /// Seconds since the log was written last.
    pub(super) idle_seconds: Option<u64>,
    pub(super) checkpoints: usize,
}

impl RunsFolder {
    /// A folder that is there.
    ///
    /// # Errors
    /// If it is not.
    pub(crate) fn new(root: &Path) -> io::Result<Self> {
        let root = root.canonicalize()?;
        fs::read_dir(&root)?;
        Ok(Self { root, reading: Arc::new(Semaphore::new(LOGS_AT_A_TIME)) })
    }

    /// Every run, sorted by name.
    pub(super) fn rows(&self) -> io::Result<Vec<RunRow>> {
        let mut rows = Vec::new();
        for name in names(&self.root)? {
            let folder = self.root.join(&name);
            let is_run = ["run.toml", "log.jsonl"].iter().any(|file| folder.join(file).is_file());
            if is_run && self.is_inside(&folder) {
                let written = folder.join("log.jsonl").metadata().and_then(|file| file.modified()).ok();
                let idle = written.and_then(|time| SystemTime::now().duration_since(time).ok());
                let checkpoints = names(&folder.join("checkpoints")).map_or(0, |names| names.len());
                rows.push(RunRow { name, idle_seconds: idle.map(|time| time.as_secs()), checkpoints });
            }
        }
        Ok(rows)
    }

    /// A file of a run by names that are there: the run's, then those below it.
    ///
    /// # Errors
    /// If one of the names is not there, or a link leads out of the folder.
    pub(super) fn file(&self, parts: &[&str]) -> Result<PathBuf, Failure> {
        let missing = || Failure::not_there("there is no such file", "/api/runs lists the runs");
        let mut path = self.root.clone();
        for part in parts {
            let known = names(&path).map_err(|_| missing())?;
            path.push(known.into_iter().find(|name| name == part).ok_or_else(missing)?);
        }
        if self.is_inside(&path) {
            Ok(path)
        } else {
            Err(Failure::refused("the file lies outside the folder of runs", "start the server with another --runs"))
        }
    }

    /// Opens a file of a run.
    ///
    /// # Errors
    /// As [`file`](Self::file); if it cannot be read.
    pub(super) fn open(&self, parts: &[&str]) -> Result<fs::File, Failure> {
        let unreadable = |error: io::Error| Failure::internal(format!("the file cannot be read: {error}"));
        fs::File::open(self.file(parts)?).map_err(unreadable)
    }

    /// Names of the sample grids of a run, in their order.
    ///
    /// # Errors
    /// If there is no such run.
    pub(super) fn samples(&self, run: &str) -> Result<Vec<String>, Failure> {
        let folder = self.file(&[run])?.join("samples");
        let mut found = names(&folder).unwrap_or_default();
        found.retain(|name| name.ends_with(".png"));
        Ok(found)
    }

    fn is_inside(&self, path: &Path) -> bool {
        path.canonicalize().is_ok_and(|real| real.starts_with(&self.root))
    }
}

/// Names in a folder that are text and not hidden, sorted.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = fs::read_dir(folder)?.filter_map(Result::ok);
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.retain(|name| !name.starts_with('.'));
    names.sort();
    Ok(names)
}
