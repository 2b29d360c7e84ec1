//! Embeddings kept between runs, found again by what the crop shows.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use portraitist_face::Picture;
use portraitist_face::files::write_atomically;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use sha2::{Digest, Sha256};

use crate::weights::sha256;

/// What the content of a crop hashes to.
pub type CropKey = [u8; 32];

/// Largest file that is read or written, in bytes: 250,000 embeddings of 512 numbers.
const MAX_BYTES: u64 = 512 << 20;
const FORMAT: &str = "portraitist.features.1";

/// The embeddings that one recogniser gave in one way: a file named after both in a folder of the user's choice.
///
/// A row is found by its crop's content, so renamed, moved and re-encoded but equal crops need no new embedding, and a crop that
/// changed gets one. Embeddings of faces are personal data: nothing is kept unless a folder was named.
#[derive(Debug)]
pub struct FeatureCache {
    path: PathBuf,
    identity: String,
    rows: HashMap<CropKey, Vec<f32>>,
    changed: bool,
}

impl FeatureCache {
    /// Opens the cache for a recogniser (the SHA-256 of its file) and a way of embedding. A file that cannot be used is left out of
    /// account and replaced later; the second value then says what is wrong with it.
    pub fn open(folder: &Path, model_sha256: &str, embedding: &str) -> (Self, Option<String>) {
        let identity = format!("{model_sha256} {embedding}");
        let name = &sha256(identity.as_bytes())[..32];
        let path = folder.join(format!("{name}.features"));
        let (rows, problem) = match read(&path, &identity) {
            Ok(rows) => (rows, None),
            Err(problem) => {
                (HashMap::new(), Some(format!("{}: {problem}; embeddings are computed anew", path.display())))
            }
        };
        (Self { path, identity, rows, changed: false }, problem)
    }

    /// What a crop is found by.
    pub fn key(crop: &Picture) -> CropKey {
        let mut hash = Sha256::new();
        hash.update((crop.width() as u64).to_le_bytes());
        hash.update((crop.height() as u64).to_le_bytes());
        hash.update(crop.pixels());
        hash.finalize().into()
    }

    /// The row of a crop, if it is known.
    pub fn get(&self, key: &CropKey) -> Option<&[f32]> {
        self.rows.get(key).map(Vec::as_slice)
    }

    /// Keeps a row.
    pub fn insert(&mut self, key: CropKey, row: Vec<f32>) {
        self.rows.insert(key, row);
        self.changed = true;
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Writes what is new; the file is there whole or not at all. Rows beyond the size limit are not kept.
    ///
    /// # Errors
    /// If the folder or the file cannot be written.
    pub fn save(&mut self) -> portraitist_face::Result<()> {
        if !self.changed {
            return Ok(());
        }
        let failed = |source| portraitist_face::Error::Write { path: self.path.clone(), source };
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let length = self.rows.values().next().map_or(0, Vec::len);
        let most = MAX_BYTES as usize / (32 + 4 * length) - 1;
        let mut rows: Vec<(&CropKey, &Vec<f32>)> = self.rows.iter().collect();
        rows.sort_unstable_by_key(|(key, _)| **key);
        rows.truncate(most);
        let keys: Vec<u8> = rows.iter().flat_map(|(key, _)| key.iter().copied()).collect();
        let values: Vec<u8> =
            rows.iter().flat_map(|(_, row)| row.iter().flat_map(|value| value.to_le_bytes())).collect();
        let bytes = pack(&keys, &values, rows.len(), length, &self.identity)
            .map_err(|error| failed(std::io::Error::other(error)))?;
        write_atomically(&self.path, &bytes, true)?;
        self.changed = false;
        Ok(())
    }
}

fn pack(
    keys: &[u8],
    values: &[u8],
    rows: usize,
    length: usize,
    identity: &str,
) -> Result<Vec<u8>, safetensors::SafeTensorError> {
    let metadata =
        [("format", FORMAT.to_owned()), ("identity", identity.to_owned()), ("checksum", checksum(keys, values))];
    let metadata = metadata.map(|(key, value)| (key.to_owned(), value)).into_iter().collect();
    let tensors = [
        ("keys", TensorView::new(Dtype::U8, vec![rows, 32], keys)?),
        ("features", TensorView::new(Dtype::F32, vec![rows, length], values)?),
    ];
    safetensors::serialize(tensors, Some(metadata))
}

fn checksum(keys: &[u8], values: &[u8]) -> String {
    sha256(&[Sha256::digest(keys), Sha256::digest(values)].concat())
}

/// The rows of a file; none if there is no file.
fn read(path: &Path, identity: &str) -> Result<HashMap<CropKey, Vec<f32>>, String> {
    let length = match fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(HashMap::new()),
        Err(error) => return Err(error.to_string()),
        Ok(metadata) => metadata.len(),
    };
    if length > MAX_BYTES {
        return Err(format!("{length} bytes are more than the limit of {MAX_BYTES}"));
    }
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    let damaged = || "the cache file is damaged".to_owned();
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|_| damaged())?;
    let metadata = header.metadata().clone().unwrap_or_default();
    let is = |key: &str, value: &str| metadata.get(key).is_some_and(|found| found == value);
    if !is("format", FORMAT) || !is("identity", identity) {
        return Err("the file is no cache of this recogniser".to_owned());
    }
    let file = SafeTensors::deserialize(&bytes).map_err(|_| damaged())?;
    let tensor = |name: &str| file.tensor(name).map_err(|_| damaged());
    let (keys, features) = (tensor("keys")?, tensor("features")?);
    let [rows, length] = *features.shape() else { return Err(damaged()) };
    let sound = keys.dtype() == Dtype::U8 && features.dtype() == Dtype::F32 && keys.shape() == [rows, 32] && length > 0;
    if !sound || !is("checksum", &checksum(keys.data(), features.data())) {
        return Err(damaged());
    }
    let keys = keys.data().as_chunks::<32>().0.iter().copied();
    let values = features.data().chunks_exact(4 * length);
    let row = |bytes: &[u8]| bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect();
    Ok(keys.zip(values.map(row)).collect())
}
