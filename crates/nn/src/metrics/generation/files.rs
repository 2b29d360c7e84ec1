//! Features and statistics in files of numpy's formats: `.npy` rows, `.npz` statistics with `mu` and `sigma` as pytorch-fid writes
//! them.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, Write};
use std::path::Path;

use npyz::{DType, NpyFile, Order, TypeChar, WriterBuilder};
use portraitist_face::files::write_atomically;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::error::FeatureError;
use super::moments::Statistics;
use super::rows::FeatureRows;

/// Numbers of one array, at most: a million rows of 2,048 features.
const MOST_NUMBERS: u64 = 1 << 31;
/// Features of a row, at most: a covariance has their square.
const MOST_FEATURES: u64 = 1 << 14;
/// Names of arrays that hold rows.
const ROW_NAMES: [&str; 3] = ["features", "rows", "arr_0"];

/// What a file of features holds.
#[derive(Clone, Debug, PartialEq)]
pub enum FeatureFile {
    /// A row for each picture.
    Rows(FeatureRows),
    /// Mean and covariance.
    Statistics(Statistics),
}

/// An array of a file.
struct NumpyArray {
    shape: Vec<u64>,
    values: Vec<f64>,
}

const EXPECTED: &str =
    ".npy rows [pictures, features], or .npz with mu and sigma (as pytorch-fid writes it) or with rows named features";

/// Reads rows (`.npy`, or `.npz` with an array named `features`, `rows` or `arr_0`) or statistics (`.npz` with `mu` and `sigma`).
/// Sizes are checked before memory is taken. The first bytes say which kind it is, not the name.
///
/// # Errors
/// [`FeatureError::Read`], [`FeatureError::Format`]; [`FeatureError::NotFinite`] for rows with NaN.
pub fn read_features(path: &Path) -> Result<FeatureFile, FeatureError> {
    let wrong = |found: String| FeatureError::Format { path: path.to_path_buf(), expected: EXPECTED, found };
    let read = |source| FeatureError::Read { path: path.to_path_buf(), source };
    if path.is_dir() {
        return Err(wrong("a folder".to_owned()));
    }
    let mut file = File::open(path).map_err(read)?;
    let bytes = file.metadata().map_err(read)?.len();
    let mut magic = [0; 6];
    let found = file.read(&mut magic).map_err(read)?;
    file.rewind().map_err(read)?;
    match &magic[..found] {
        [0x93, b'N', b'U', b'M', b'P', b'Y'] => {
            let array = read_array(BufReader::new(file), bytes).map_err(wrong)?;
            Ok(FeatureFile::Rows(rows(array, path)?))
        }
        [b'P', b'K', 3, 4, ..] => read_archive(file, path),
        _ => Err(wrong("another kind of file".to_owned())),
    }
}

/// As [`read_features`], for statistics: of a file of rows they are computed.
///
/// # Errors
/// As [`read_features`]; [`FeatureError::TooFew`] for fewer than two rows.
pub fn read_statistics(path: &Path) -> Result<Statistics, FeatureError> {
    match read_features(path)? {
        FeatureFile::Rows(rows) => super::moments::Moments::of(&rows).statistics(),
        FeatureFile::Statistics(statistics) => Ok(statistics),
    }
}

fn read_archive(file: File, path: &Path) -> Result<FeatureFile, FeatureError> {
    let wrong = |found: String| FeatureError::Format { path: path.to_path_buf(), expected: EXPECTED, found };
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|error| wrong(error.to_string()))?;
    let names: Vec<String> = archive.file_names().filter_map(|name| Some(name.ok()?.into_owned())).collect();
    let has = |name: &str| names.iter().any(|found| found.strip_suffix(".npy") == Some(name));
    let mut read = |name: &str| {
        let entry = archive.by_name(&format!("{name}.npy")).map_err(|error| wrong(error.to_string()))?;
        let bytes = entry.size();
        read_array(entry, bytes).map_err(|found| wrong(format!("{name}: {found}")))
    };
    if has("mu") && has("sigma") {
        let (mean, covariance) = (read("mu")?, read("sigma")?);
        let dim = mean.values.len() as u64;
        if mean.shape.len() != 1 || covariance.shape != [dim, dim] || dim == 0 || dim > MOST_FEATURES {
            return Err(wrong(format!(
                "mu of the shape {:?} and sigma of the shape {:?}",
                mean.shape, covariance.shape
            )));
        }
        let count = if has("num") { read("num")?.values.first().map(|count| *count as u64) } else { None };
        let statistics = Statistics { count, mean: mean.values, covariance: covariance.values };
        statistics.check_finite().map_err(|error| wrong(error.to_string()))?;
        return Ok(FeatureFile::Statistics(statistics));
    }
    match ROW_NAMES.into_iter().find(|name| has(name)) {
        Some(name) => Ok(FeatureFile::Rows(rows(read(name)?, path)?)),
        None => Err(wrong(format!("arrays named {}", names.join(", ")))),
    }
}

fn rows(array: NumpyArray, path: &Path) -> Result<FeatureRows, FeatureError> {
    let wrong = |found: String| FeatureError::Format { path: path.to_path_buf(), expected: EXPECTED, found };
    let [pictures, dim] = array.shape[..] else {
        return Err(wrong(format!("an array of the shape {:?}", array.shape)));
    };
    if pictures == 0 || dim == 0 || dim > MOST_FEATURES {
        return Err(wrong(format!("an array of the shape {:?}", array.shape)));
    }
    let mut rows = FeatureRows::new(dim as usize);
    let values: Vec<f32> = array.values.into_iter().map(|value| value as f32).collect();
    rows.extend(&values)?;
    Ok(rows)
}

/// The numbers of an array in row-major order; `bytes` is the size of what holds it.
fn read_array(reader: impl Read, bytes: u64) -> Result<NumpyArray, String> {
    let file = NpyFile::new(reader).map_err(|error| error.to_string())?;
    let shape = file.shape().to_vec();
    let numbers = shape.iter().try_fold(1u64, |product, side| product.checked_mul(*side));
    let numbers =
        numbers.filter(|numbers| *numbers <= MOST_NUMBERS).ok_or_else(|| format!("an array of the shape {shape:?}"))?;
    let DType::Plain(kind) = file.dtype() else { return Err(format!("records ({})", file.dtype().descr())) };
    let size = kind.size_field();
    if numbers.checked_mul(size).is_none_or(|needed| needed > bytes) {
        return Err(format!("{bytes} bytes, too few for an array of the shape {shape:?}"));
    }
    let is_columns = file.order() == Order::Fortran && shape.len() > 1;
    let name = kind.to_string();
    let unreadable = |error: std::io::Error| error.to_string();
    let values: Vec<f64> = match (kind.type_char(), size) {
        (TypeChar::Float, 4) => file.into_vec::<f32>().map_err(unreadable)?.into_iter().map(f64::from).collect(),
        (TypeChar::Float, 8) => file.into_vec::<f64>().map_err(unreadable)?,
        (TypeChar::Int, 4) => file.into_vec::<i32>().map_err(unreadable)?.into_iter().map(f64::from).collect(),
        (TypeChar::Int, 8) => {
            file.into_vec::<i64>().map_err(unreadable)?.into_iter().map(|value| value as f64).collect()
        }
        (TypeChar::Uint, 8) => {
            file.into_vec::<u64>().map_err(unreadable)?.into_iter().map(|value| value as f64).collect()
        }
        _ => return Err(format!("numbers of the type {name}")),
    };
    let values = if is_columns { transposed(&values, &shape)? } else { values };
    Ok(NumpyArray { shape, values })
}

/// Values that lie column by column, row by row.
fn transposed(values: &[f64], shape: &[u64]) -> Result<Vec<f64>, String> {
    let &[rows, columns] = shape else { return Err(format!("an array of the shape {shape:?}")) };
    let (rows, columns) = (rows as usize, columns as usize);
    Ok((0..rows * columns).map(|index| values[index % columns * rows + index / columns]).collect())
}

impl Statistics {
    /// Writes `mu`, `sigma` and `num`, the number of pictures, as an `.npz` that pytorch-fid reads.
    ///
    /// # Errors
    /// [`FeatureError::Write`]; nothing is replaced unless `overwrite`.
    pub fn write(&self, path: &Path, overwrite: bool) -> Result<(), FeatureError> {
        let failed = |reason: String| FeatureError::Write { path: path.to_path_buf(), reason };
        let bytes = self.archive().map_err(|error| failed(error.to_string()))?;
        write_atomically(path, &bytes, overwrite).map_err(|error| failed(error.to_string()))
    }

    fn archive(&self) -> std::io::Result<Vec<u8>> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        // Stored, as numpy's savez does; the time of an entry would make the same statistics another file.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(zip::DateTime::default());
        let dim = self.dim() as u64;
        let mut put = |name: &str, bytes: Vec<u8>| {
            archive.start_file(format!("{name}.npy"), options)?;
            archive.write_all(&bytes)
        };
        put("mu", npy(&self.mean, &[dim])?)?;
        put("sigma", npy(&self.covariance, &[dim, dim])?)?;
        if let Some(count) = self.count {
            put("num", npy(&[count as i64], &[])?)?;
        }
        Ok(archive.finish()?.into_inner())
    }
}

/// Writes rows as an `.npy` file.
///
/// # Errors
/// [`FeatureError::Write`]; nothing is replaced unless `overwrite`.
pub fn write_rows(rows: &FeatureRows, path: &Path, overwrite: bool) -> Result<(), FeatureError> {
    let failed = |reason: String| FeatureError::Write { path: path.to_path_buf(), reason };
    let bytes =
        npy(rows.values(), &[rows.len() as u64, rows.dim() as u64]).map_err(|error| failed(error.to_string()))?;
    write_atomically(path, &bytes, overwrite).map_err(|error| failed(error.to_string()))
}

fn npy<T: npyz::AutoSerialize + Copy>(values: &[T], shape: &[u64]) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut writer = npyz::WriteOptions::<T>::new().default_dtype().shape(shape).writer(&mut bytes).begin_nd()?;
    writer.extend(values.iter().copied())?;
    writer.finish()?;
    Ok(bytes)
}
