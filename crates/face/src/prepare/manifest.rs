//! The table of a prepared dataset, and the journal that grows with it.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use crate::domain::Domain;
use crate::error::{Error, Result};
use crate::files::write_atomically;
use crate::landmarks::{COUNT, FivePoints, Landmarks, five};
use crate::transform::Point;

/// The table's file name.
pub const MANIFEST: &str = "manifest.csv";
/// The journal's file name.
const JOURNAL: &str = ".prepare-journal.csv";

/// One crop, or one picture that was left out. Empty fields are unknown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The picture file, below the source's folder where it lies there.
    pub source: String,
    /// The person.
    pub identity: String,
    /// The picture's name within its person.
    pub picture: String,
    /// Photo or drawing.
    pub domain: Domain,
    /// The crop's file below the prepared folder; empty if there is none.
    pub crop: String,
    /// Whether the crop is the mirrored one.
    pub flipped: bool,
    /// Width of the source in pixels.
    pub width: Option<usize>,
    /// Height of the source in pixels.
    pub height: Option<usize>,
    /// From source to crop: `x' = a x + b y + tx`.
    pub a: Option<f64>,
    /// See `a`.
    pub b: Option<f64>,
    /// See `a`.
    pub tx: Option<f64>,
    /// `y' = c x + d y + ty`.
    pub c: Option<f64>,
    /// See `c`.
    pub d: Option<f64>,
    /// See `c`.
    pub ty: Option<f64>,
    /// 17 (or, from the detector, 5) points in pixels of the crop: `x y;x y;…`.
    pub landmarks: String,
    /// Degrees.
    pub pitch: Option<f64>,
    /// Degrees.
    pub yaw: Option<f64>,
    /// Degrees.
    pub roll: Option<f64>,
    /// Share of the frame of the circle through the worst of the five points; unknown if one lies outside.
    pub distance_share: Option<f64>,
    /// Whether it belongs to the prepared dataset.
    pub kept: bool,
    /// Why not.
    pub reason: String,
    /// `train` or `test`.
    pub split: String,
    /// Size of the picture file in bytes.
    pub source_bytes: u64,
    /// When it was changed last, nanoseconds since 1970.
    pub source_modified: u128,
    /// Size of the landmark file in bytes; 0 without one.
    pub landmarks_bytes: u64,
    /// When it was changed last; 0 without one.
    pub landmarks_modified: u128,
    /// Size of the crop's file in bytes; 0 without one.
    pub crop_bytes: u64,
    /// What the crop's pixels depend on, as a hash.
    pub geometry: String,
}

impl Row {
    /// Stores the transform.
    pub fn set_transform(&mut self, [[a, b, tx], [c, d, ty]]: [[f64; 3]; 2]) {
        (self.a, self.b, self.tx) = (Some(a), Some(b), Some(tx));
        (self.c, self.d, self.ty) = (Some(c), Some(d), Some(ty));
    }

    /// Stores points.
    pub fn set_points(&mut self, points: &[Point]) {
        self.landmarks = points.iter().map(|[x, y]| format!("{x} {y}")).collect::<Vec<_>>().join(";");
    }

    /// The points of the crop; empty if there are none or they cannot be understood.
    fn points(&self) -> Vec<Point> {
        let point = |text: &str| {
            let (x, y) = text.split_once(' ')?;
            Some([x.parse().ok()?, y.parse().ok()?])
        };
        self.landmarks.split(';').map(point).collect::<Option<_>>().unwrap_or_default()
    }

    /// All 17 landmarks in pixels of the crop, if they are known.
    pub fn all_landmarks(&self) -> Option<Landmarks> {
        <[Point; COUNT]>::try_from(self.points()).ok().map(Landmarks)
    }

    /// The five points in pixels of the crop, if they are known.
    pub fn five_points(&self) -> Option<FivePoints> {
        let all = self.all_landmarks().map(|landmarks| landmarks.five_points());
        all.or_else(|| self.points().try_into().ok())
    }

    /// What a picture is found by: its person and its name.
    fn key(&self) -> (String, String) {
        (self.identity.clone(), self.picture.clone())
    }
}

/// The mirrored crop's file.
pub(super) fn flipped_crop(crop: &str) -> String {
    crop.strip_suffix(".png").map_or_else(|| format!("{crop}-flipped"), |stem| format!("{stem}-flipped.png"))
}

/// The row of the mirrored crop of `width` pixels.
pub(super) fn flipped_row(row: &Row, width: usize) -> Row {
    let mut flipped = Row { flipped: true, crop: flipped_crop(&row.crop), ..row.clone() };
    if let (Some(a), Some(b), Some(tx)) = (row.a, row.b, row.tx) {
        (flipped.a, flipped.b, flipped.tx) = (Some(-a), Some(-b), Some(width as f64 - 1.0 - tx));
    }
    match (row.all_landmarks(), row.five_points()) {
        (Some(landmarks), _) => flipped.set_points(&landmarks.mirrored(width).0),
        (None, Some(five)) => flipped.set_points(&five::mirrored(&five, width)),
        (None, None) => {}
    }
    flipped.yaw = row.yaw.map(|yaw| -yaw);
    flipped.roll = row.roll.map(|roll| -roll);
    flipped
}

/// The matrix of a transform, from a row; for tests and tools that read manifests.
pub fn transform_of(row: &Row) -> Option<[[f64; 3]; 2]> {
    Some([[row.a?, row.b?, row.tx?], [row.c?, row.d?, row.ty?]])
}

/// Whether a row describes these files with this geometry.
pub(super) fn is_fresh(row: &Row, stamps: &[Stamp; 2], geometry: &str) -> bool {
    let [source, landmarks] = stamps;
    (row.source_bytes, row.source_modified) == (source.bytes, source.modified)
        && (row.landmarks_bytes, row.landmarks_modified) == (landmarks.bytes, landmarks.modified)
        && row.geometry == geometry
}

/// Size and time of a file, by which a change is noticed; zeros for a file that is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) bytes: u64,
    pub(super) modified: u128,
}

impl Stamp {
    pub(super) fn of(path: Option<&Path>) -> Self {
        let Some(metadata) = path.and_then(|path| std::fs::metadata(path).ok()) else { return Self::default() };
        let modified = metadata.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        Self { bytes: metadata.len(), modified: modified.map_or(0, |time| time.as_nanos()) }
    }
}

/// What earlier runs left in a prepared folder, by person and picture.
pub(super) fn read_earlier(folder: &Path) -> HashMap<(String, String), Row> {
    let mut rows = HashMap::new();
    for file in [MANIFEST, JOURNAL] {
        let Ok(mut reader) = csv::Reader::from_path(folder.join(file)) else { continue };
        // A line cut off by an interruption does not parse, and its picture is cropped again.
        for row in reader.deserialize::<Row>().map_while(std::result::Result::ok).filter(|row| !row.flipped) {
            rows.insert(row.key(), row);
        }
    }
    rows
}

/// Reads the table of a prepared dataset.
///
/// # Errors
/// [`Error::Dataset`] naming the file and the line.
pub fn read_manifest(path: &Path) -> Result<Vec<Row>> {
    let wrong = |error: csv::Error| Error::Dataset { path: path.to_owned(), reason: error.to_string() };
    csv::Reader::from_path(path).map_err(wrong)?.deserialize().map(|row| row.map_err(wrong)).collect()
}

/// Writes the table.
pub(super) fn write_manifest(folder: &Path, rows: &[Row]) -> Result<PathBuf> {
    let path = folder.join(MANIFEST);
    write_atomically(&path, &table(rows, &path)?, true)?;
    Ok(path)
}

/// Rows as CSV with a header line.
pub(super) fn table<T: Serialize>(rows: &[T], path: &Path) -> Result<Vec<u8>> {
    let wrong = |error: io::Error| Error::Write { path: path.to_owned(), source: error };
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(row).map_err(|error| wrong(error.into()))?;
    }
    writer.into_inner().map_err(|error| wrong(error.into_error()))
}

/// Rows of finished pictures, each on disk before the next is asked for: what an interrupted run had done stays done.
pub(super) struct Journal {
    path: PathBuf,
    file: Mutex<File>,
}

impl Journal {
    /// Opens the journal; rows of an interrupted run stay in it.
    pub(super) fn open(folder: &Path, earlier: &HashMap<(String, String), Row>) -> Result<Self> {
        let path = folder.join(JOURNAL);
        let failed = |source| Error::Write { path: path.clone(), source };
        // Rewritten from what could be read, so that a line cut off in the middle does not swallow the next.
        if path.exists() {
            let rows: Vec<&Row> = earlier.values().collect();
            write_atomically(&path, &table(&rows, &path)?, true)?;
        }
        let mut file = OpenOptions::new().create(true).append(true).open(&path).map_err(failed)?;
        if file.metadata().map_err(failed)?.len() == 0 {
            let mut header = csv::Writer::from_writer(Vec::new());
            header.serialize(blank_row()).map_err(|error| failed(error.into()))?;
            let bytes = header.into_inner().map_err(|error| failed(error.into_error()))?;
            let end = bytes.iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |end| end + 1);
            file.write_all(&bytes[..end]).map_err(failed)?;
        }
        Ok(Self { path, file: Mutex::new(file) })
    }

    /// Adds a row.
    pub(super) fn add(&self, row: &Row) -> Result<()> {
        let failed = |source| Error::Write { path: self.path.clone(), source };
        let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
        writer.serialize(row).map_err(|error| failed(error.into()))?;
        let line = writer.into_inner().map_err(|error| failed(error.into_error()))?;
        let mut file = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        file.write_all(&line).map_err(failed)
    }

    /// Removes the journal: everything is in the manifest.
    pub(super) fn finish(self) -> Result<()> {
        std::fs::remove_file(&self.path).map_err(|source| Error::Write { path: self.path, source })
    }
}

/// A row in which nothing is known.
pub(super) fn blank_row() -> Row {
    Row {
        source: String::new(),
        identity: String::new(),
        picture: String::new(),
        domain: Domain::Photo,
        crop: String::new(),
        flipped: false,
        width: None,
        height: None,
        a: None,
        b: None,
        tx: None,
        c: None,
        d: None,
        ty: None,
        landmarks: String::new(),
        pitch: None,
        yaw: None,
        roll: None,
        distance_share: None,
        kept: false,
        reason: String::new(),
        split: String::new(),
        source_bytes: 0,
        source_modified: 0,
        landmarks_bytes: 0,
        landmarks_modified: 0,
        crop_bytes: 0,
        geometry: String::new(),
    }
}
