//! Faces whose points are known.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use portraitist_face::Picture;
use portraitist_face::landmarks::{TableRow, mesh, read_table};
use portraitist_face::transform::Point;

use crate::config::Domain;
use crate::training::error::TrainingError;

use super::points::ibug_of;
use super::settings::DatasetConfig;

/// The largest picture that is learned from, in pixels of its longer side. Larger ones should be shrunk once, not in every step.
const LARGEST_SIDE: usize = 4096;

/// A face in a picture.
#[derive(Debug)]
pub struct MarkedFace {
    /// The picture's file.
    pub path: PathBuf,
    /// What the picture is.
    pub kind: Domain,
    /// The mesh's 468 points or iBUG's 68, in pixels of the picture.
    pub points: Vec<Point>,
    decoded: OnceLock<Picture>,
}

impl MarkedFace {
    /// iBUG's 68 points.
    pub fn ibug(&self) -> [Point; 68] {
        ibug_of(&self.points)
    }
}

/// The faces of a run, of all its datasets.
#[derive(Debug)]
pub struct Faces {
    /// All faces.
    pub faces: Vec<MarkedFace>,
    /// The faces of each dataset, and how often one of them is drawn.
    pub datasets: Vec<(std::ops::Range<usize>, f64)>,
    free_bytes: AtomicUsize,
}

fn wrong(path: &Path, reason: impl Into<String>) -> TrainingError {
    TrainingError::Data { path: path.to_path_buf(), reason: reason.into() }
}

impl Faces {
    /// Reads the landmarks of some datasets; pictures are only looked for.
    ///
    /// # Errors
    /// [`TrainingError::Data`] names the file and line.
    pub fn find(datasets: &[DatasetConfig], cache_mb: usize) -> Result<Self, TrainingError> {
        let mut found = Self { faces: Vec::new(), datasets: Vec::new(), free_bytes: AtomicUsize::new(cache_mb << 20) };
        for dataset in datasets {
            let start = found.faces.len();
            let rows = read_table(&dataset.landmarks)
                .map_err(|error| wrong(&dataset.landmarks, without_path(&error, &dataset.landmarks)))?;
            for row in rows {
                let line = row.line;
                let face = marked_face(row, dataset)
                    .map_err(|reason| wrong(&dataset.landmarks, format!("line {line}: {reason}")))?;
                found.faces.push(face);
            }
            if found.faces.len() == start {
                return Err(wrong(&dataset.landmarks, "expected a line for each picture, found none"));
            }
            found.datasets.push((start..found.faces.len(), dataset.weight));
        }
        Ok(found)
    }

    /// Calls `work` with a face's picture, which is kept as long as there is room.
    ///
    /// # Errors
    /// [`TrainingError::Data`] names the picture that cannot be read.
    pub(super) fn with<T>(&self, face: &MarkedFace, work: impl FnOnce(&Picture) -> T) -> Result<T, TrainingError> {
        if let Some(picture) = face.decoded.get() {
            return Ok(work(picture));
        }
        let picture = Picture::open(&face.path).map_err(|error| wrong(&face.path, without_path(&error, &face.path)))?;
        if picture.width().max(picture.height()) > LARGEST_SIDE {
            return Err(wrong(&face.path, format!("expected at most {LARGEST_SIDE} pixels a side, shrink it")));
        }
        let result = work(&picture);
        let bytes = picture.pixels().len();
        let taken = self.free_bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| free.checked_sub(bytes));
        if taken.is_ok() && face.decoded.set(picture).is_err() {
            // Another thread kept the same picture meanwhile.
            self.free_bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        Ok(result)
    }
}

/// What an error says behind its file's name, which the training's own error begins with.
fn without_path(error: &portraitist_face::Error, path: &Path) -> String {
    let text = error.to_string();
    text.strip_prefix(&format!("{}: ", path.display())).unwrap_or(&text).to_owned()
}

/// The face of a row.
fn marked_face(TableRow { file, points, .. }: TableRow, dataset: &DatasetConfig) -> Result<MarkedFace, String> {
    if ![mesh::COUNT, 68].contains(&points.len()) {
        return Err(format!("expected 468 or 68 points, found {}", points.len()));
    }
    let path = dataset.pictures.join(file);
    if !path.is_file() {
        return Err(format!("{} does not exist", path.display()));
    }
    let [left, right] = [36, 45].map(|index| ibug_of(&points)[index]);
    if (right[0] - left[0]).hypot(right[1] - left[1]) < 4.0 {
        return Err("the outer corners of the eyes are less than 4 pixels apart".to_owned());
    }
    Ok(MarkedFace { path, kind: dataset.kind, points, decoded: OnceLock::new() })
}
