//! The training of the network for drawings as a task of a session.

use std::path::Path;
use std::sync::Arc;

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::builtin;
use crate::config::{Domain, FaceNetwork, FaceNetworkConfig, NetworkSource};
use crate::losses::NamedValues;
use crate::networks::mediapipe::MeshNetwork;
use crate::parameter::Parameterized;
use crate::run_folder::{LANDMARKS, OPTIMIZER};
use crate::training::checkpoint::load;
use crate::training::checkpoint_files::CheckpointFiles;
use crate::training::error::TrainingError;
use crate::training::resuming::fingerprint::SourcePicture;
use crate::training::task::Task;
use crate::weights::{ModelConfig, ModelFile, NamedArrays, assign, collect, read_model, read_native, sha256};

use super::batches::{HostBatch, WindowMaker};
use super::evaluation::HeldOut;
use super::faces::Faces;
use super::run::RunFile;
use super::trainer::Trainer;

/// The expected error that training starts from, in pixels of the window.
const FIRST_ERROR_PX: f32 = 4.0;
/// Held-out pictures are read once: no memory is kept for them.
const NO_CACHE: usize = 0;

/// The faces of a run.
#[derive(Clone, Debug)]
pub struct Sources {
    train: Arc<Faces>,
    test: Option<Arc<Faces>>,
}

/// What a dry run reports.
#[derive(Clone, Debug, Serialize)]
pub struct CheckReport {
    /// Photos to learn from.
    pub photos: usize,
    /// Drawings to learn from.
    pub drawings: usize,
    /// Held-out faces.
    pub held_out: usize,
    /// Parameters of the network.
    pub parameters: usize,
}

/// This training's own part of a checkpoint's state.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    learning_rate: f64,
}

/// What a model file says of the network.
fn description() -> ModelConfig {
    let (_, mesh) = builtin::FACE_NETWORKS[2];
    ModelConfig::FaceNetwork(FaceNetworkConfig {
        network: FaceNetwork::DrawnMesh,
        paper: "Kartynnik et al. 2019, arXiv 1907.06724; trained further with Kendall and Gal 2017, arXiv 1703.04977"
            .to_owned(),
        licence: "Apache-2.0".to_owned(),
        copyright: "The MediaPipe Authors; changed by further training".to_owned(),
        source: NetworkSource {
            package: "portraitist".to_owned(),
            file: "face_mesh.safetensors".to_owned(),
            sha256: sha256(mesh),
        },
    })
}

/// The weights that a run starts from.
fn first_arrays(run: &RunFile) -> Result<NamedArrays, TrainingError> {
    let (path, model) = match &run.start {
        Some(path) => (path.clone(), read_model(path)?),
        None => {
            let (name, bytes) = builtin::FACE_NETWORKS[2];
            (name.into(), ModelFile::from_bytes(bytes, name)?)
        }
    };
    match model.config {
        ModelConfig::FaceNetwork(FaceNetworkConfig { network: FaceNetwork::FaceMesh, .. }) => {
            Ok(MeshNetwork::arrays_from_photos(model.arrays, FIRST_ERROR_PX))
        }
        ModelConfig::FaceNetwork(FaceNetworkConfig { network: FaceNetwork::DrawnMesh, .. }) => Ok(model.arrays),
        config => Err(TrainingError::RunFile {
            path,
            reason: format!("start must be a face mesh, found a {}", config.kind()),
        }),
    }
}

impl Task for Trainer {
    type Run = RunFile;
    type Sources = Sources;
    type Batch = HostBatch;
    type Samples = Option<HeldOut>;
    type State = State;
    type Summary = CheckReport;

    fn find_sources(run: &RunFile) -> Result<Sources, TrainingError> {
        let train = Arc::new(Faces::find(&run.data.train, run.data.cache_mb)?);
        let test = match run.data.test.as_slice() {
            [] => None,
            datasets => Some(Arc::new(Faces::find(datasets, NO_CACHE)?)),
        };
        Ok(Sources { train, test })
    }

    fn pictures(sources: &Sources) -> Vec<SourcePicture> {
        let role = |points: &[[f64; 2]]| format!("face {}", sha256(format!("{points:.2?}").as_bytes()));
        let faces = sources.train.faces.iter();
        faces.map(|face| SourcePicture { path: face.path.clone(), role: role(&face.points) }).collect()
    }

    fn build(run: &RunFile, _sources: &Sources, device: &Device) -> Result<Self, TrainingError> {
        let mut trainer = Self::new(run.optimizer.clone(), run.loss.clone(), device);
        let path = run.start.clone().unwrap_or_else(|| builtin::FACE_NETWORKS[2].0.into());
        assign(&mut trainer.network, first_arrays(run)?, &path)?;
        Ok(trainer)
    }

    fn prepare_samples(run: &RunFile, sources: &Sources, device: &Device) -> Result<Self::Samples, TrainingError> {
        let Some(test) = &sources.test else { return Ok(None) };
        let maker = WindowMaker::new(run, &sources.train);
        HeldOut::read(test, &maker, run.record.num_evaluated, device).map(Some)
    }

    fn batch_maker(
        run: &RunFile,
        sources: &Sources,
    ) -> impl Fn(u64) -> Result<HostBatch, TrainingError> + Clone + Send + 'static {
        let maker = WindowMaker::new(run, &sources.train);
        move |step| maker.make(step)
    }

    fn summary(&self, sources: &Sources) -> CheckReport {
        let count = |kind: Domain| sources.train.faces.iter().filter(|face| face.kind == kind).count();
        CheckReport {
            photos: count(Domain::Photo),
            drawings: count(Domain::Drawing),
            held_out: sources.test.as_ref().map_or(0, |test| test.faces.len()),
            parameters: self.network.num_parameters(),
        }
    }

    fn steps_done(&self) -> u64 {
        self.step
    }

    fn pictures_per_step(run: &RunFile) -> usize {
        run.batch_size
    }

    fn rates(&self, step: u64) -> Vec<(&'static str, f64)> {
        vec![("learning_rate", self.optimizer.rate(step))]
    }

    fn step(&mut self, batch: HostBatch) -> Result<NamedValues, TrainingError> {
        Ok(self.train(&batch.to_device(self.device()))?)
    }

    fn evaluate(&self, samples: &Self::Samples) -> Result<NamedValues, TrainingError> {
        Ok(samples.as_ref().map(|held_out| held_out.measure(&self.network)).unwrap_or_default())
    }

    fn state(&self) -> State {
        State { learning_rate: self.optimizer.rate(self.step.max(1)) }
    }

    fn write_files(&self, files: &mut CheckpointFiles) -> Result<(), TrainingError> {
        files.write(LANDMARKS, ModelFile { config: description(), arrays: collect(&self.network) })?;
        files.write(OPTIMIZER, ModelFile { config: ModelConfig::Optimizer, arrays: self.adam.moments() })
    }

    fn read_files(&mut self, folder: &Path, step: u64, _state: State) -> Result<(), TrainingError> {
        load(&mut self.network, &folder.join(LANDMARKS))?;
        let moments = read_native(&folder.join(OPTIMIZER))?.arrays;
        let device = self.device().clone();
        self.adam.restore(step, moments, &self.network, &device).map_err(|name| TrainingError::Resume {
            path: folder.to_path_buf(),
            reason: format!("{OPTIMIZER}: {name} does not fit its parameter"),
        })?;
        self.step = step;
        Ok(())
    }
}
