//! Networks whose features are compared.

use std::path::Path;
use std::sync::Mutex;

use burn::tensor::Device;
use portraitist_face::Picture;
use portraitist_face::edit::resize;
use rayon::prelude::*;

use crate::builtin;
use crate::device::on_workers;
use crate::inference::dense::DenseMemory;
use crate::inference::{InferencePrecision, Plan};
use crate::metrics::generation::FeatureRows;
use crate::networks::mediapipe::FaceMesh;
use crate::networks::{Inception, InceptionKind, Vgg16};
use crate::pixels::to_vgg_planes;
use crate::recognition::{EmbeddingOptions, Recognizer};
use crate::weights::{ModelFile, WeightsError, sha256, sha256_of_file};

use super::error::EvaluationError;
use super::floats::{FloatPictures, mesh_pixels, recognition_planes, vgg_planes};
use super::mode::{Mode, Preparation};
use super::resampling::{network_planes, network_planes_of_levels};
use super::weights::read_inception;

/// Height and width of the pictures that VGG16 reads here.
const VGG_SIDE: usize = 224;
/// Pictures that are prepared and computed at once.
const PICTURES_AT_ONCE: usize = 16;

/// Which network a [`FeatureNetwork`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NetworkKind {
    /// An Inception network.
    Inception(InceptionKind),
    /// The built-in recogniser.
    Likeness,
    /// The face mesh.
    FaceMesh,
    /// VGG16.
    Vgg16,
}

/// A network that makes a row of features of a picture of any size.
#[derive(Debug)]
pub struct FeatureNetwork {
    network: Network,
    sha256: String,
}

#[derive(Debug)]
enum Network {
    Inception(Box<Plan>),
    Likeness(Box<Recognizer>),
    FaceMesh(Box<FaceMesh>, Mutex<Vec<DenseMemory>>),
    Vgg16(Box<Plan>),
}

impl FeatureNetwork {
    /// The network of a mode. `weights` is the file of an Inception network or of VGG16; without it, the published name below
    /// `models/` is looked for.
    ///
    /// # Errors
    /// See [`EvaluationError`].
    pub fn of_mode(mode: Mode, weights: Option<&Path>) -> Result<Self, EvaluationError> {
        match mode {
            Mode::Likeness => Self::read(NetworkKind::Likeness, weights),
            Mode::FaceMesh => Self::read(NetworkKind::FaceMesh, weights),
            Mode::Vgg16 => Self::read(NetworkKind::Vgg16, weights),
            _ => {
                let kind = mode.preparation().map_or(InceptionKind::Fid, |preparation| preparation.network);
                Self::read(NetworkKind::Inception(kind), weights)
            }
        }
    }

    /// Reads a network.
    ///
    /// # Errors
    /// See [`EvaluationError`].
    pub fn read(kind: NetworkKind, weights: Option<&Path>) -> Result<Self, EvaluationError> {
        let device = Device::flex();
        let (network, sha256) = match kind {
            NetworkKind::Inception(kind) => {
                let (inception, sha256) = read_inception(kind, weights, &device)?;
                let plan =
                    Plan::new(&inception.graph(), [3, Inception::SIDE, Inception::SIDE], InferencePrecision::F32)?;
                (Network::Inception(Box::new(plan)), sha256)
            }
            NetworkKind::Likeness => {
                let (name, bytes) = builtin::RECOGNIZERS[0];
                let recognizer = Recognizer::from_bytes(bytes, name, &device)?;
                let sha256 = recognizer.sha256().to_owned();
                (Network::Likeness(Box::new(recognizer)), sha256)
            }
            NetworkKind::FaceMesh => {
                let (name, bytes) = builtin::FACE_NETWORKS[2];
                let mesh = FaceMesh::new(ModelFile::from_bytes(bytes, name)?.arrays, Path::new(name))?;
                (Network::FaceMesh(Box::new(mesh), Mutex::default()), sha256(bytes))
            }
            NetworkKind::Vgg16 => {
                let path = weights.unwrap_or(Path::new("models/vgg16.pth"));
                let unread = |source| WeightsError::Read { path: path.to_path_buf(), source };
                let sha256 = sha256_of_file(path).map_err(unread)?;
                let vgg = Vgg16::read(path, &device)?;
                let mut graph = vgg.graph();
                let last = graph.last();
                graph.global_mean(last);
                (Network::Vgg16(Box::new(Plan::new(&graph, [3, VGG_SIDE, VGG_SIDE], InferencePrecision::F32)?)), sha256)
            }
        };
        Ok(Self { network, sha256 })
    }

    /// SHA-256 of the weights file.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Features of a picture.
    pub fn dim(&self) -> usize {
        match &self.network {
            Network::Inception(_) => Inception::FEATURES,
            Network::Likeness(recognizer) => recognizer.embedding_len(EmbeddingOptions::default().mirrored),
            Network::FaceMesh(..) => FaceMesh::FEATURES,
            Network::Vgg16(_) => 512,
        }
    }

    /// The rows of pictures. `preparation` is for Inception networks; the others have one of their own.
    ///
    /// # Errors
    /// [`EvaluationError::Features`] for features that are no numbers, and those of resizing.
    pub fn features(
        &self,
        pictures: &[Picture],
        preparation: Option<Preparation>,
    ) -> Result<FeatureRows, EvaluationError> {
        let mut rows = FeatureRows::new(self.dim());
        for pictures in pictures.chunks(PICTURES_AT_ONCE) {
            rows.extend(&self.batch(pictures, preparation)?)?;
        }
        Ok(rows)
    }

    /// The rows of pictures as networks give them, without a rounding to 8 bits. Preparations that save files leave that out.
    ///
    /// # Errors
    /// As [`features`](Self::features).
    pub fn features_of_floats(
        &self,
        pictures: &FloatPictures<'_>,
        preparation: Option<Preparation>,
    ) -> Result<FeatureRows, EvaluationError> {
        let mut rows = FeatureRows::new(self.dim());
        for levels in pictures.levels().chunks(PICTURES_AT_ONCE) {
            rows.extend(&self.float_batch(levels, pictures.size(), preparation)?)?;
        }
        Ok(rows)
    }

    /// Of pictures `[3, h, w]`, RGB, 0 to 255.
    fn float_batch(
        &self,
        pictures: &[Vec<f32>],
        size: [usize; 2],
        preparation: Option<Preparation>,
    ) -> Result<Vec<f32>, EvaluationError> {
        match &self.network {
            Network::Inception(plan) => {
                let Preparation { resampling, scaling, .. } = or_pytorch_fid(preparation);
                let planes =
                    pictures.par_iter().map(|levels| network_planes_of_levels(levels, size, resampling, scaling));
                let planes = planes.collect::<Vec<_>>().concat();
                Ok(on_workers(|| plan.run(&planes, &[]))?)
            }
            Network::Likeness(recognizer) => {
                let planes =
                    pictures.par_iter().map(|levels| recognition_planes(levels, size, recognizer.architecture()));
                Ok(recognizer.embed_planes(&planes.collect::<Vec<_>>().concat())?.concat())
            }
            Network::FaceMesh(mesh, memories) => {
                let rows = pictures.par_iter().map(|levels| mesh_features(mesh, memories, &mesh_pixels(levels, size)));
                Ok(rows.collect::<Result<Vec<_>, _>>()?.concat())
            }
            Network::Vgg16(plan) => {
                let planes = pictures.par_iter().map(|levels| vgg_planes(levels, size, VGG_SIDE));
                let planes = planes.collect::<Vec<_>>().concat();
                Ok(on_workers(|| plan.run(&planes, &[]))?)
            }
        }
    }

    fn batch(&self, pictures: &[Picture], preparation: Option<Preparation>) -> Result<Vec<f32>, EvaluationError> {
        match &self.network {
            Network::Inception(plan) => {
                let Preparation { resampling, scaling, .. } = or_pytorch_fid(preparation);
                let planes = pictures.par_iter().map(|picture| network_planes(picture, resampling, scaling));
                let planes = planes.collect::<Vec<_>>().concat();
                Ok(on_workers(|| plan.run(&planes, &[]))?)
            }
            Network::Likeness(recognizer) => {
                let [height, width] = recognizer.architecture().crop_size();
                let crops = resized(pictures, width, height)?;
                Ok(recognizer.embed(&crops, EmbeddingOptions::default())?.concat())
            }
            Network::FaceMesh(mesh, memories) => {
                let crops = resized(pictures, FaceMesh::SIDE, FaceMesh::SIDE)?;
                let pixels =
                    |crop: &Picture| crop.pixels().iter().map(|level| f32::from(*level) / 255.0).collect::<Vec<_>>();
                let rows = crops.par_iter().map(|crop| mesh_features(mesh, memories, &pixels(crop)));
                Ok(rows.collect::<Result<Vec<_>, _>>()?.concat())
            }
            Network::Vgg16(plan) => {
                let crops = resized(pictures, VGG_SIDE, VGG_SIDE)?;
                let planes = crops.iter().flat_map(to_vgg_planes).collect::<Vec<_>>();
                Ok(on_workers(|| plan.run(&planes, &[]))?)
            }
        }
    }
}

fn resized(pictures: &[Picture], width: usize, height: usize) -> Result<Vec<Picture>, EvaluationError> {
    Ok(pictures.par_iter().map(|picture| resize(picture, width, height)).collect::<Result<_, _>>()?)
}

/// An Inception network's preparation where none is asked for.
fn or_pytorch_fid(preparation: Option<Preparation>) -> Preparation {
    preparation.or(Mode::PytorchFid.preparation()).expect("pytorch-fid prepares pictures")
}

/// `pixels`: `[side, side, 3]`, 0 to 1.
fn mesh_features(
    mesh: &FaceMesh,
    memories: &Mutex<Vec<DenseMemory>>,
    pixels: &[f32],
) -> Result<Vec<f32>, EvaluationError> {
    let lock = || memories.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut memory = lock().pop().unwrap_or_default();
    let features = mesh.features(pixels, &mut memory)?;
    lock().push(memory);
    Ok(features)
}
