//! The table of a prepared dataset, and the journal that grows with it.

use std::collections::{BTreeSet, HashMap};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use super::stamp::Stamp;
use crate::domain::Domain;
use crate::error::{Error, Result};
use crate::files::write_atomically;
use crate::landmarks::{COUNT, FivePoints, Landmarks, five};
use crate::pose::HeadModel;
use crate::transform::Point;

/// The table's file name.
pub const MANIFEST: &str = "manifest.csv";
/// The journal's file name.
pub(super) const JOURNAL: &str = ".prepare-journal.csv";

/// One crop, or one picture that was left out. Empty fields are unknown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The picture file, below the source's folder where it lies there; `bytes:` and its bytes in hexadecimal if its name is no
    /// UTF-8.
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
    /// Degrees; near 0 for a face seen from the front, positive for one that looks up.
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
    /// When the picture file was changed last in any way, times and names included, nanoseconds since 1970; 0 where the system
    /// does not tell.
    #[serde(default)]
    pub source_changed: u128,
    /// SHA-256 of the picture file; empty in manifests of older versions, as all that follow.
    #[serde(default)]
    pub source_sha256: String,
    /// As `source_changed`, of the landmark file.
    #[serde(default)]
    pub landmarks_changed: u128,
    /// SHA-256 of the landmark file.
    #[serde(default)]
    pub landmarks_sha256: String,
    /// SHA-256 of the crop's file.
    #[serde(default)]
    pub crop_sha256: String,
    /// SHA-256 of the mirrored crop's file; empty if there is none, and in that one's own row.
    #[serde(default)]
    pub mirror_sha256: String,
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

    /// What a picture is found by.
    pub(super) fn key(&self) -> Key {
        (self.source.clone(), self.identity.clone(), self.picture.clone())
    }

    /// The stamps of picture and landmarks when the row was made.
    pub(super) fn stamps(&self) -> [Stamp; 2] {
        [
            Stamp {
                bytes: self.source_bytes,
                modified: self.source_modified,
                changed: self.source_changed,
                sha256: self.source_sha256.clone(),
            },
            Stamp {
                bytes: self.landmarks_bytes,
                modified: self.landmarks_modified,
                changed: self.landmarks_changed,
                sha256: self.landmarks_sha256.clone(),
            },
        ]
    }

    /// Stores the stamps of picture and landmarks.
    pub(super) fn set_stamps(&mut self, [source, landmarks]: &[Stamp; 2]) {
        (self.source_bytes, self.source_modified) = (source.bytes, source.modified);
        (self.source_changed, self.source_sha256) = (source.changed, source.sha256.clone());
        (self.landmarks_bytes, self.landmarks_modified) = (landmarks.bytes, landmarks.modified);
        (self.landmarks_changed, self.landmarks_sha256) = (landmarks.changed, landmarks.sha256.clone());
    }

    /// The crops that the row stands for: its own, and the mirrored one if it has one.
    pub(super) fn crops(&self) -> impl Iterator<Item = String> {
        let crop = Some(self.crop.clone()).filter(|crop| !crop.is_empty());
        let mirrored = crop.as_deref().filter(|_| !self.mirror_sha256.is_empty()).map(flipped_crop);
        crop.into_iter().chain(mirrored)
    }

    /// As older versions wrote it: a face seen from the front had a pitch near ±180 degrees.
    fn upright(mut self) -> Self {
        let tilt = HeadModel::TenPoints.tilt_degrees();
        let shown = |pitch: f64| if pitch.abs() > 90.0 { 180.0_f64.copysign(pitch) - pitch - tilt } else { pitch };
        self.pitch = self.pitch.map(shown);
        self
    }
}

/// What a picture is found by: its file, its person and its name within the person.
pub(super) type Key = (String, String, String);

/// The mirrored crop's file.
pub(super) fn flipped_crop(crop: &str) -> String {
    crop.strip_suffix(".png").map_or_else(|| format!("{crop}-flipped"), |stem| format!("{stem}-flipped.png"))
}

/// The row of the mirrored crop of `width` pixels.
pub(super) fn flipped_row(row: &Row, width: usize) -> Row {
    let (crop, crop_sha256) = (flipped_crop(&row.crop), row.mirror_sha256.clone());
    let mut flipped = Row { flipped: true, crop, crop_sha256, mirror_sha256: String::new(), ..row.clone() };
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
    row.geometry == geometry && row.stamps().iter().zip(stamps).all(|(then, now)| now.is_of_the_same(then))
}

/// What earlier runs left in a prepared folder.
#[derive(Default)]
pub(super) struct Earlier {
    /// The last row of every picture.
    pub(super) rows: HashMap<Key, Row>,
    /// Every crop that some row of manifest or journal has or had.
    pub(super) crops: BTreeSet<String>,
    /// Whether the manifest is there, and is one.
    pub(super) has_manifest: bool,
    /// Whether a run was interrupted.
    pub(super) has_journal: bool,
}

impl Earlier {
    pub(super) fn read(folder: &Path) -> Self {
        let mut earlier = Self { has_journal: folder.join(JOURNAL).is_file(), ..Self::default() };
        for file in [MANIFEST, JOURNAL] {
            let Some(mut reader) = open_table(&folder.join(file)) else { continue };
            earlier.has_manifest |= file == MANIFEST;
            // A line cut off by an interruption does not parse, and its picture is cropped again.
            for row in reader.deserialize::<Row>().map_while(std::result::Result::ok).map(Row::upright) {
                earlier.crops.extend(row.crops());
                if !row.flipped {
                    earlier.rows.insert(row.key(), row);
                }
            }
        }
        earlier
    }
}

/// A table with the columns of [`Row`]; `None` for any other file.
fn open_table(path: &Path) -> Option<csv::Reader<File>> {
    let mut reader = csv::Reader::from_path(path).ok()?;
    let has_columns = reader.headers().ok()?.iter().take(5).eq(["source", "identity", "picture", "domain", "crop"]);
    has_columns.then_some(reader)
}

/// Whether a folder was written by `prepare`, whether or not it came to its end.
pub fn is_prepared(folder: &Path) -> bool {
    [MANIFEST, JOURNAL].iter().any(|file| open_table(&folder.join(file)).is_some())
}

/// Refuses a folder of which an interrupted run left crops that its table does not describe.
fn require_finished(manifest: &Path, rows: &[Row]) -> Result<()> {
    let journal = manifest.with_file_name(JOURNAL);
    let Some(mut reader) = open_table(&journal) else { return Ok(()) };
    let known: HashMap<&str, &Row> = rows.iter().map(|row| (row.crop.as_str(), row)).collect();
    let journalled = reader.deserialize::<Row>().map_while(std::result::Result::ok);
    let other = |row: &Row| known.get(row.crop.as_str()).is_some_and(|known| known.crop_sha256 != row.crop_sha256);
    match journalled.filter(|row| !row.crop.is_empty()).find(other) {
        None => Ok(()),
        Some(row) => {
            let reason =
                format!("the preparation of this folder is not finished ({}); run `dataset prepare` again", row.crop);
            Err(Error::Dataset { path: manifest.to_owned(), reason })
        }
    }
}

/// Reads the table of a prepared dataset.
///
/// # Errors
/// [`Error::Dataset`] naming the file and the line, and for a folder whose preparation was interrupted.
pub fn read_manifest(path: &Path) -> Result<Vec<Row>> {
    let wrong = |error: csv::Error| Error::Dataset { path: path.to_owned(), reason: error.to_string() };
    if !path.exists() && path.with_file_name(JOURNAL).exists() {
        let reason = "the preparation of this folder is not finished; run `dataset prepare` again".to_owned();
        return Err(Error::Dataset { path: path.to_owned(), reason });
    }
    let mut reader = csv::Reader::from_path(path).map_err(wrong)?;
    let rows: Vec<Row> = reader.deserialize().collect::<std::result::Result<_, _>>().map_err(wrong)?;
    let rows: Vec<Row> = rows.into_iter().map(Row::upright).collect();
    require_finished(path, &rows)?;
    Ok(rows)
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
    pub(super) fn open(folder: &Path, earlier: &Earlier) -> Result<Self> {
        let path = folder.join(JOURNAL);
        let failed = |source| Error::Write { path: path.clone(), source };
        // Rewritten from what could be read, so that a line cut off in the middle does not swallow the next.
        if path.exists() {
            let rows: Vec<&Row> = earlier.rows.values().collect();
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
        source_changed: 0,
        source_sha256: String::new(),
        landmarks_changed: 0,
        landmarks_sha256: String::new(),
        crop_sha256: String::new(),
        mirror_sha256: String::new(),
    }
}
