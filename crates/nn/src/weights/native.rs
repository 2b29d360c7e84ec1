//! Portraitist's own model files: safetensors with the configuration in the header's metadata.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use half::{bf16, f16};
use portraitist_face::files::write_atomically;
use safetensors::tensor::{Dtype, TensorView, View};
use safetensors::{SafeTensors, serialize};
use serde_json::Value;

use crate::config::FaceNetworkConfig;
use crate::config::munit::TranslatorConfig;
use crate::recognition::RecognizerDescription;

use super::arrays::{Array, NamedArrays};
use super::error::WeightsError;

/// What a model file holds, and how it is built.
#[derive(Clone, Debug, PartialEq)]
pub enum ModelConfig {
    /// Both generators.
    Translator(TranslatorConfig),
    /// Both discriminators.
    Discriminator(TranslatorConfig),
    /// A network that tells people apart, with or without its classifier.
    Recognizer(RecognizerDescription),
    /// A network of others that finds faces or their points.
    FaceNetwork(FaceNetworkConfig),
    /// An optimiser's moments, in a checkpoint.
    Optimizer,
}

impl ModelConfig {
    /// `translator`, `discriminator`, `recognizer`, `face_network` or `optimizer`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Translator(_) => "translator",
            Self::Discriminator(_) => "discriminator",
            Self::Recognizer(_) => "recognizer",
            Self::FaceNetwork(_) => "face_network",
            Self::Optimizer => "optimizer",
        }
    }

    /// The published architecture. None where the kind says it already.
    pub fn architecture(&self) -> Option<&'static str> {
        match self {
            Self::Translator(_) | Self::Discriminator(_) => Some(MUNIT),
            Self::Recognizer(_) | Self::FaceNetwork(_) | Self::Optimizer => None,
        }
    }

    /// The configuration as JSON; empty for an optimiser.
    ///
    /// # Errors
    /// If a number in it cannot be written as JSON.
    pub fn to_json(&self) -> serde_json::Result<Value> {
        match self {
            Self::Translator(config) | Self::Discriminator(config) => serde_json::to_value(config),
            Self::Recognizer(description) => serde_json::to_value(description),
            Self::FaceNetwork(config) => serde_json::to_value(config),
            Self::Optimizer => Ok(Value::Object(serde_json::Map::new())),
        }
    }

    /// The configuration of a kind, checked.
    fn from_json(kind: &str, text: &str) -> Result<Self, String> {
        let wrong = |error: serde_json::Error| error.to_string();
        let translator = || {
            let config: TranslatorConfig = serde_json::from_str(text).map_err(wrong)?;
            config.validate()?;
            Ok::<_, String>(config)
        };
        match kind {
            "translator" => translator().map(Self::Translator),
            // Files of older versions say critic.
            "discriminator" | "critic" => translator().map(Self::Discriminator),
            "recognizer" => {
                let description: RecognizerDescription = serde_json::from_str(text).map_err(wrong)?;
                description.network.validate()?;
                description.margin.validate().map_err(|reason| format!("margin.{reason}"))?;
                Ok(Self::Recognizer(description))
            }
            "face_network" => serde_json::from_str(text).map(Self::FaceNetwork).map_err(wrong),
            "optimizer" => Ok(Self::Optimizer),
            other => Err(format!("it names the networks {other:?}, which this program does not know")),
        }
    }
}

/// How numbers are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FloatKind {
    /// 32 bits: exact.
    #[default]
    Single,
    /// 16 bits: half the size, about three digits.
    Half,
}

/// Arrays together with all that is needed to build their network.
#[derive(Clone, Debug)]
pub struct ModelFile {
    /// Which networks the arrays are, and how they are built.
    pub config: ModelConfig,
    /// The arrays.
    pub arrays: NamedArrays,
}

const FORMAT_KEY: &str = "portraitist.format";
const KIND_KEY: &str = "portraitist.kind";
const CONFIG_KEY: &str = "portraitist.config";
/// Older files have no such entry. Their translators are MUNIT's.
const ARCHITECTURE_KEY: &str = "portraitist.architecture";
const MUNIT: &str = "munit";
const FORMAT: &str = "1";
/// A safetensors file starts with the length of its header. Longer headers are refused.
const LONGEST_HEADER: u64 = 100 << 20;

/// Whether a file begins like safetensors: a plausible header length, then `{`.
pub(super) fn is_native(path: &Path) -> Result<bool, WeightsError> {
    let read = |source| WeightsError::Read { path: path.to_path_buf(), source };
    let mut start = Vec::new();
    std::fs::File::open(path).map_err(read)?.take(9).read_to_end(&mut start).map_err(read)?;
    let Some((length, [b'{'])) = start.split_first_chunk::<8>() else { return Ok(false) };
    Ok(u64::from_le_bytes(*length) <= LONGEST_HEADER)
}

/// Reads a model file.
///
/// # Errors
/// [`WeightsError::Format`] if the file is cut short or was not written by Portraitist,
/// [`WeightsError::Config`] if its configuration cannot be built.
pub fn read_native(path: &Path) -> Result<ModelFile, WeightsError> {
    let bytes = std::fs::read(path).map_err(|source| WeightsError::Read { path: path.to_path_buf(), source })?;
    parse_native(&bytes, path)
}

impl ModelFile {
    /// Reads a model file that is already in memory; `name` stands for its path in errors.
    ///
    /// # Errors
    /// As [`read_native`].
    pub fn from_bytes(bytes: &[u8], name: &str) -> Result<Self, WeightsError> {
        parse_native(bytes, Path::new(name))
    }
}

impl ModelFile {
    /// A recogniser without the classifier behind its embedding; any other model as it is.
    #[must_use]
    pub fn without_classifier(mut self) -> Self {
        if let ModelConfig::Recognizer(description) = &mut self.config {
            description.network.classes = 0;
            self.arrays.retain(|name, _| !name.starts_with("fc6."));
        }
        self
    }
}

pub(super) fn parse_native(bytes: &[u8], path: &Path) -> Result<ModelFile, WeightsError> {
    let wrong = |found: String| WeightsError::Format {
        path: path.to_path_buf(),
        expected: "a model file written by Portraitist",
        found,
    };
    let unreadable = |error| wrong(format!("an unreadable safetensors file ({error})"));
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(unreadable)?;
    let metadata = header.metadata().clone().unwrap_or_default();
    let entry = |key: &str| {
        metadata.get(key).ok_or_else(|| wrong(format!("safetensors without the entry {key} in its metadata")))
    };
    if entry(FORMAT_KEY)? != FORMAT {
        return Err(wrong(format!("format {}; this program reads format {FORMAT}", metadata[FORMAT_KEY])));
    }
    let architecture = metadata.get(ARCHITECTURE_KEY).map_or(MUNIT, String::as_str);
    if architecture != MUNIT {
        return Err(wrong(format!("the architecture {architecture:?}, which this program does not know")));
    }
    let bad_config = |reason: String| WeightsError::Config { path: path.to_path_buf(), reason };
    let config = ModelConfig::from_json(entry(KIND_KEY)?, entry(CONFIG_KEY)?).map_err(bad_config)?;
    Ok(ModelFile { config, arrays: arrays(bytes, path)? })
}

/// Reads every array of a safetensors file, whoever wrote it.
pub(super) fn read_safetensors(path: &Path) -> Result<NamedArrays, WeightsError> {
    let bytes = std::fs::read(path).map_err(|source| WeightsError::Read { path: path.to_path_buf(), source })?;
    arrays(&bytes, path)
}

fn arrays(bytes: &[u8], path: &Path) -> Result<NamedArrays, WeightsError> {
    let wrong = |found: String| WeightsError::Format {
        path: path.to_path_buf(),
        expected: "a safetensors file of floating-point arrays",
        found,
    };
    let tensors = SafeTensors::deserialize(bytes).map_err(|error| wrong(format!("an unreadable one ({error})")))?;
    let mut arrays = NamedArrays::new();
    for (name, view) in tensors.iter() {
        let (values, dtype) = values(&view).ok_or_else(|| wrong(format!("{name} of type {}", view.dtype())))?;
        arrays.insert(name.to_owned(), Array { shape: view.shape().to_vec(), values, dtype });
    }
    Ok(arrays)
}

fn values(view: &TensorView<'_>) -> Option<(Vec<f32>, &'static str)> {
    let pairs = || view.data().as_chunks::<2>().0.iter().copied();
    match view.dtype() {
        Dtype::F32 => {
            let chunks = view.data().as_chunks::<4>().0;
            Some((chunks.iter().copied().map(f32::from_le_bytes).collect(), "F32"))
        }
        Dtype::F64 => {
            let chunks = view.data().as_chunks::<8>().0;
            Some((chunks.iter().map(|chunk| f64::from_le_bytes(*chunk) as f32).collect(), "F64"))
        }
        Dtype::F16 => Some((pairs().map(|pair| f16::from_le_bytes(pair).to_f32()).collect(), "F16")),
        Dtype::BF16 => Some((pairs().map(|pair| bf16::from_le_bytes(pair).to_f32()).collect(), "BF16")),
        _ => None,
    }
}

/// Encodes a model file. The same model gives the same bytes.
///
/// # Errors
/// [`WeightsError::Config`] if the configuration cannot be written as JSON.
fn encode(model: &ModelFile, floats: FloatKind, path: &Path) -> Result<Vec<u8>, WeightsError> {
    let bad = |reason: String| WeightsError::Config { path: path.to_path_buf(), reason };
    let config = model.config.to_json().map_err(|error| bad(error.to_string()))?;
    let mut metadata = HashMap::from([
        (FORMAT_KEY.to_owned(), FORMAT.to_owned()),
        (KIND_KEY.to_owned(), model.config.kind().to_owned()),
        (CONFIG_KEY.to_owned(), config.to_string()),
    ]);
    let architecture = model.config.architecture();
    metadata.extend(architecture.map(|name| (ARCHITECTURE_KEY.to_owned(), name.to_owned())));
    let views = model.arrays.iter().map(|(name, array)| (name.as_str(), EncodedArray { array, floats }));
    let bytes = serialize(views, Some(metadata)).map_err(|error| bad(error.to_string()))?;
    Ok(sort_metadata(bytes))
}

/// Writes the entries of the header's metadata in order: the library takes them from a hash map, whose
/// order changes from run to run, and two runs must give the same bytes.
fn sort_metadata(mut bytes: Vec<u8>) -> Vec<u8> {
    let Some((length, rest)) = bytes.split_first_chunk::<8>() else { return bytes };
    let length = u64::from_le_bytes(*length) as usize;
    let Ok(header) = serde_json::from_slice::<serde_json::Map<String, Value>>(&rest[..length]) else {
        return bytes;
    };
    let Ok(mut sorted) = serde_json::to_vec(&header) else { return bytes };
    // Padded with spaces to whole words, as the format wants.
    sorted.resize(sorted.len().next_multiple_of(8), b' ');
    let start = (sorted.len() as u64).to_le_bytes().into_iter().chain(sorted);
    bytes.splice(..8 + length, start);
    bytes
}

/// An array that is encoded only when it is written, so that the whole model is not in memory twice.
struct EncodedArray<'a> {
    array: &'a Array,
    floats: FloatKind,
}

impl View for EncodedArray<'_> {
    fn dtype(&self) -> Dtype {
        match self.floats {
            FloatKind::Single => Dtype::F32,
            FloatKind::Half => Dtype::F16,
        }
    }

    fn shape(&self) -> &[usize] {
        &self.array.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        encode_values(&self.array.values, self.floats).into()
    }

    fn data_len(&self) -> usize {
        let width = match self.floats {
            FloatKind::Single => 4,
            FloatKind::Half => 2,
        };
        width * self.array.values.len()
    }
}

fn encode_values(values: &[f32], floats: FloatKind) -> Vec<u8> {
    match floats {
        FloatKind::Single => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        FloatKind::Half => values.iter().flat_map(|value| f16::from_f32(*value).to_le_bytes()).collect(),
    }
}

fn check_half(model: &ModelFile, path: &Path) -> Result<(), WeightsError> {
    let too_large = |array: &Array| array.values.iter().copied().find(|value| value.abs() > f16::MAX.to_f32());
    match model.arrays.iter().find_map(|(name, array)| Some((name, too_large(array)?))) {
        None => Ok(()),
        Some((name, value)) => {
            Err(WeightsError::TooLargeForHalf { path: path.to_path_buf(), name: name.clone(), value })
        }
    }
}

/// The bytes of a model file, as [`write_native`] writes them; `name` stands for the file in errors.
///
/// # Errors
/// [`WeightsError::TooLargeForHalf`], [`WeightsError::Config`].
pub fn to_bytes(model: &ModelFile, floats: FloatKind, name: &Path) -> Result<Vec<u8>, WeightsError> {
    if floats == FloatKind::Half {
        check_half(model, name)?;
    }
    encode(model, floats, name)
}

/// Writes a model file under a temporary name, syncs it and renames it.
///
/// # Errors
/// [`WeightsError::TooLargeForHalf`], and
/// [`WeightsError::Write`] if it cannot be written, or exists and `overwrite` is false.
pub fn write_native(model: &ModelFile, floats: FloatKind, path: &Path, overwrite: bool) -> Result<(), WeightsError> {
    let bytes = to_bytes(model, floats, path)?;
    write_atomically(path, &bytes, overwrite).map_err(|error| {
        let text = error.to_string();
        let reason = text.strip_prefix(&format!("{}: ", path.display())).unwrap_or(&text);
        let reason = reason.strip_prefix("cannot write: ").unwrap_or(reason).to_owned();
        WeightsError::Write { path: path.to_path_buf(), reason }
    })
}
