//! Using a trained recogniser.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::tensor::Device;
use portraitist_face::Picture;
use portraitist_face::align::{Cropper, Fit};
use portraitist_face::edit::Border;
use portraitist_face::template::Template;

use crate::config::Architecture;
use crate::inference::InferencePrecision;
use crate::layers::Initialization;
use crate::losses::MarginHead;
use crate::networks::EmbeddingNetwork;
use crate::pixels::to_recognition_planes;
use crate::run_folder::{NoCheckpoint, locate, recognizer_file};
use crate::weights::{ModelConfig, ModelFile, WeightsError, assign, read_hashed_model, sha256};

use super::{Classifier, FrozenEmbedder, RecognizerDescription};

/// A recogniser that could not be found or used.
#[derive(Debug, thiserror::Error)]
pub enum RecognizerError {
    /// Nothing of that name.
    #[error(
        "no recogniser at {name:?}: expected a run folder of recognize train, a checkpoint folder, a weights file (sphere20a*.pth or safetensors), or the built-in {built_in}"
    )]
    NotFound {
        /// What was asked for.
        name: String,
        /// What there is.
        built_in: String,
    },
    /// A run without a whole checkpoint.
    #[error(transparent)]
    NoCheckpoint(#[from] NoCheckpoint),
    /// The file holds other networks.
    #[error("{}: holds {found}, not a recogniser; expected sphere20a*.pth or recognizer.safetensors", path.display())]
    NotRecognizer {
        /// The file.
        path: PathBuf,
        /// What it holds.
        found: &'static str,
    },
    /// The file could not be used.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// A crop of another size than the network's.
    #[error("a crop of {width}x{height} pixels; this recogniser takes crops of {expected}")]
    CropSize {
        /// The size and the template that it takes.
        expected: String,
        /// Its width.
        width: usize,
        /// Its height.
        height: usize,
    },
    /// The network gave NaN or an infinity, or nothing but zeros.
    #[error("the embedding of crop {index} is {found}: the weights are unusable")]
    Degenerate {
        /// The crop's number, from 0.
        index: usize,
        /// What is wrong.
        found: &'static str,
    },
}

/// What is made of a crop and its mirror image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mirrored {
    /// The crop alone, as the original does.
    #[default]
    Ignore,
    /// The mean of both embeddings.
    Average,
    /// One embedding after the other.
    Concatenate,
}

impl Mirrored {
    /// As the command line has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ignore => "ignore",
            Self::Average => "average",
            Self::Concatenate => "concatenate",
        }
    }
}

/// How embeddings are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EmbeddingOptions {
    /// Whether the mirror image takes part.
    pub mirrored: Mirrored,
    /// Batch size: crops of one forward call. A larger one takes more memory and changes no result.
    pub batch_size: usize,
}

impl Default for EmbeddingOptions {
    fn default() -> Self {
        Self { mirrored: Mirrored::Ignore, batch_size: 32 }
    }
}

/// A recogniser ready for use.
#[derive(Clone, Debug)]
pub struct Recognizer {
    embedder: Arc<FrozenEmbedder>,
    head: Option<MarginHead>,
    description: RecognizerDescription,
    sha256: String,
    precision: InferencePrecision,
}

impl Recognizer {
    /// The weights file that a recogniser's name stands for: a run folder (its newest whole checkpoint), a checkpoint
    /// folder, or a file. `None` where there is nothing.
    ///
    /// # Errors
    /// [`RecognizerError::NoCheckpoint`].
    pub fn locate(path: &Path) -> Result<Option<PathBuf>, RecognizerError> {
        Ok(locate(path, recognizer_file)?)
    }

    /// Reads the recogniser in a weights file: one of Portraitist's, or a PyTorch checkpoint of the original's names.
    ///
    /// # Errors
    /// See [`RecognizerError`].
    pub fn read(path: &Path, device: &Device) -> Result<Self, RecognizerError> {
        let (model, sha256) = read_hashed_model(path)?;
        Self::from_model(model, path, sha256, device)
    }

    /// A recogniser from a model file in memory; `name` stands for its path in errors.
    ///
    /// # Errors
    /// See [`RecognizerError`].
    pub fn from_bytes(bytes: &[u8], name: &str, device: &Device) -> Result<Self, RecognizerError> {
        Self::from_model(ModelFile::from_bytes(bytes, name)?, Path::new(name), sha256(bytes), device)
    }

    /// The recogniser of a model; `path` is its file, for errors, and `sha256` that file's hash.
    ///
    /// # Errors
    /// See [`RecognizerError`].
    pub fn from_model(file: ModelFile, path: &Path, sha256: String, device: &Device) -> Result<Self, RecognizerError> {
        let ModelConfig::Recognizer(description) = file.config else {
            let found = file.config.kind();
            return Err(RecognizerError::NotRecognizer { path: path.to_path_buf(), found });
        };
        let config = &description.network;
        let (network, head) = if config.classes == 0 {
            let mut network = EmbeddingNetwork::new(config, Initialization::Default, 0, device);
            assign(&mut network, file.arrays, path)?;
            (network, None)
        } else {
            let mut classifier = Classifier::new(config, description.margin, Initialization::Default, 0, device);
            assign(&mut classifier, file.arrays, path)?;
            (classifier.network, Some(classifier.head))
        };
        let (embedder, precision) = (Arc::new(FrozenEmbedder::new(network, device)), InferencePrecision::F32);
        Ok(Self { embedder, head, description, sha256, precision })
    }

    /// The same recogniser, embedding in a precision; as it is read, in `f32`.
    pub fn with_precision(self, precision: InferencePrecision) -> Self {
        Self { precision, ..self }
    }

    /// The network.
    pub fn network(&self) -> &EmbeddingNetwork {
        self.embedder.network()
    }

    /// Which network it is.
    pub fn architecture(&self) -> Architecture {
        self.network().architecture()
    }

    /// The crops that it looks at, and where a face lies in them.
    pub fn template(&self) -> Template {
        self.architecture().template()
    }

    /// Cuts its crops out of pictures: for SphereFace as the original does, fitted as `fit` says; for others with the least error in
    /// the crop, without aliasing.
    pub fn cropper(&self, fit: Fit) -> Cropper {
        match self.architecture() {
            Architecture::SphereFace => Cropper::new(self.template(), fit),
            Architecture::DlibResnet => Cropper::antialiased(self.template(), Border::Replicate),
        }
    }

    /// The classifier behind the network, if the file holds one.
    pub fn head(&self) -> Option<&MarginHead> {
        self.head.as_ref()
    }

    /// How it is built, and whom it was trained on.
    pub fn description(&self) -> &RecognizerDescription {
        &self.description
    }

    /// SHA-256 of the weights file.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Dimensions of an embedding.
    pub fn embedding_len(&self, mirrored: Mirrored) -> usize {
        let single = self.description.network.embedding;
        if mirrored == Mirrored::Concatenate { 2 * single } else { single }
    }

    /// The embeddings of crops, a row each; only their directions tell people apart. A crop's row does not depend on
    /// the crops beside it: exactly so on the CPU, elsewhere but for rounding.
    ///
    /// # Errors
    /// [`RecognizerError::CropSize`], [`RecognizerError::Degenerate`].
    pub fn embed(&self, crops: &[Picture], options: EmbeddingOptions) -> Result<Vec<Vec<f32>>, RecognizerError> {
        let Template { width, height, .. } = self.template();
        if let Some(crop) = crops.iter().find(|crop| (crop.width(), crop.height()) != (width, height)) {
            let expected = format!("{width}x{height}, aligned to the {} template", self.architecture().template_name());
            return Err(RecognizerError::CropSize { expected, width: crop.width(), height: crop.height() });
        }
        let mut rows = Vec::with_capacity(crops.len());
        for batch in crops.chunks(options.batch_size.max(1)) {
            rows.extend(self.embed_batch(batch, options.mirrored));
        }
        checked(rows)
    }

    /// As [`embed`](Self::embed), of planes `[n, 3, h, w]` as [`to_recognition_planes`] gives them, which need not come from
    /// 8-bit pictures. All go through the network at once.
    ///
    /// # Errors
    /// [`RecognizerError::Degenerate`].
    ///
    /// # Panics
    /// If these are no whole crops.
    pub fn embed_planes(&self, planes: &[f32]) -> Result<Vec<Vec<f32>>, RecognizerError> {
        let embeddings = self.embedder.embed(planes, self.precision);
        checked(embeddings.chunks_exact(self.description.network.embedding).map(<[f32]>::to_vec).collect())
    }

    fn embed_batch(&self, crops: &[Picture], mirrored: Mirrored) -> Vec<Vec<f32>> {
        let architecture = self.architecture();
        let plain: Vec<f32> = crops.iter().flat_map(|crop| to_recognition_planes(crop, architecture)).collect();
        let embed = |planes: &[f32]| -> Vec<Vec<f32>> {
            let embeddings = self.embedder.embed(planes, self.precision);
            embeddings.chunks_exact(self.description.network.embedding).map(<[f32]>::to_vec).collect()
        };
        if mirrored == Mirrored::Ignore {
            return embed(&plain);
        }
        let rows = plain.chunks_exact(architecture.crop_size()[1]);
        let flipped: Vec<f32> = rows.flat_map(|row| row.iter().rev().copied()).collect();
        let pairs = embed(&plain).into_iter().zip(embed(&flipped));
        let join = |(one, other): (Vec<f32>, Vec<f32>)| match mirrored {
            Mirrored::Average => one.iter().zip(&other).map(|(one, other)| (one + other) / 2.0).collect(),
            _ => [one, other].concat(),
        };
        pairs.map(join).collect()
    }
}

/// Embeddings that say something.
fn checked(rows: Vec<Vec<f32>>) -> Result<Vec<Vec<f32>>, RecognizerError> {
    for (index, row) in rows.iter().enumerate() {
        let found = match () {
            () if row.iter().any(|value| !value.is_finite()) => "not a number",
            () if row.iter().all(|value| *value == 0.0) => "zero",
            () => continue,
        };
        return Err(RecognizerError::Degenerate { index, found });
    }
    Ok(rows)
}

/// How alike two faces are: the cosine of the angle between their embeddings, -1 to 1.
pub fn cosine(one: &[f32], other: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    let lengths = (dot(one, one) * dot(other, other)).sqrt();
    (dot(one, other) / lengths.max(f64::MIN_POSITIVE)) as f32
}
