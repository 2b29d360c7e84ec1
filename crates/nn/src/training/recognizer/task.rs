//! A recogniser's training as a task of a session.

use std::path::Path;
use std::sync::Arc;

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::losses::NamedValues;
use crate::parameter::Parameterized;
use crate::recognition::{RecognizerDescription, TrainedIdentities};
use crate::run_folder::{OPTIMIZER, RECOGNIZER};
use crate::training::checkpoint::load;
use crate::training::checkpoint_files::CheckpointFiles;
use crate::training::error::TrainingError;
use crate::training::odd_pictures::OddPictures;
use crate::training::resuming::fingerprint::SourcePicture;
use crate::training::task::Task;
use crate::weights::{ModelConfig, ModelFile, NamedArrays, WeightsError, assign, collect, read_model, read_native};

use super::batches::{BatchMaker, HostBatch};
use super::evaluation::HeldOut;
use super::people::{People, Portrait, Purpose};
use super::run::RunFile;
use super::settings::FineTune;
use super::trainer::Trainer;

/// The people of a run.
#[derive(Clone, Debug)]
pub struct Sources {
    train: Arc<People>,
    test: Option<People>,
    odd: OddPictures,
}

/// What a dry run reports.
#[derive(Clone, Debug, Serialize)]
pub struct CheckReport {
    /// People to learn from.
    pub people: usize,
    /// Their crops.
    pub pictures: usize,
    /// Held-out people.
    pub held_out_people: usize,
    /// Their crops.
    pub held_out_pictures: usize,
    /// Parameters of the network.
    pub network_parameters: usize,
    /// Parameters that are trained, those of the classifier included.
    pub trained_parameters: usize,
}

/// The recogniser's part of a checkpoint's state.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    learning_rate: f64,
}

fn wrong_data(run: &RunFile, reason: impl Into<String>) -> TrainingError {
    TrainingError::Data { path: run.name.clone().into(), reason: reason.into() }
}

impl Task for Trainer {
    type Run = RunFile;
    type Sources = Sources;
    type Batch = HostBatch;
    type Samples = Option<HeldOut>;
    type State = State;
    type Summary = CheckReport;

    fn find_sources(run: &RunFile) -> Result<Sources, TrainingError> {
        let train = People::find(&run.data.train, Purpose::Training)?;
        if train.names.len() < 2 {
            return Err(wrong_data(
                run,
                format!("needs at least two people to tell apart, found {}", train.names.len()),
            ));
        }
        let test = match run.data.test.as_slice() {
            [] => None,
            datasets => Some(People::find(datasets, Purpose::Test)?),
        };
        if let Some((namespace, name)) = test.as_ref().and_then(|test| train.shared_with(test)) {
            let place = if namespace.is_empty() { String::new() } else { format!(" of {namespace}") };
            return Err(wrong_data(
                run,
                format!("{name}{place} is to be learned from and tested on; a person can be only one"),
            ));
        }
        Ok(Sources { train: Arc::new(train), test, odd: OddPictures::default() })
    }

    fn odd_pictures(sources: &Sources) -> Option<&OddPictures> {
        Some(&sources.odd)
    }

    fn pictures(sources: &Sources) -> Vec<SourcePicture> {
        let names = &sources.train.names;
        let picture = |portrait: &Portrait| {
            let (namespace, person) = &names[portrait.person];
            SourcePicture { path: portrait.path.clone(), role: format!("{} {namespace}/{person}", portrait.domain) }
        };
        sources.train.portraits.iter().map(picture).collect()
    }

    fn build(run: &RunFile, sources: &Sources, device: &Device) -> Result<Self, TrainingError> {
        let mut trainer = Self::new(run.settings(sources.train.names.len()), device);
        let names = sources.train.names.iter();
        trainer.trained_on = TrainedIdentities::new(names.map(|(namespace, name)| (&**namespace, &**name)));
        if let Some(FineTune { from, .. }) = &run.fine_tune {
            trainer.start_from(from)?;
        }
        Ok(trainer)
    }

    fn prepare_samples(run: &RunFile, sources: &Sources, device: &Device) -> Result<Self::Samples, TrainingError> {
        let Some(people) = &sources.test else { return Ok(None) };
        let held_out = HeldOut::read(people, run.record.num_evaluated, &sources.odd, device)?;
        if !held_out.can_be_measured() {
            return Err(wrong_data(
                run,
                "the held-out pictures show no two people of whom one is seen twice; nothing can be measured on them",
            ));
        }
        Ok(Some(held_out))
    }

    fn batch_maker(
        run: &RunFile,
        sources: &Sources,
    ) -> impl Fn(u64) -> Result<HostBatch, TrainingError> + Clone + Send + 'static {
        let maker = BatchMaker::new(run, &sources.train, &sources.odd);
        move |step| maker.make(step)
    }

    fn summary(&self, sources: &Sources) -> CheckReport {
        let test = |count: fn(&People) -> usize| sources.test.as_ref().map_or(0, count);
        let freeze = self.settings.freeze;
        let trained = self.classifier.parameters().into_iter().filter(|(name, _)| freeze.trains(name));
        CheckReport {
            people: sources.train.names.len(),
            pictures: sources.train.portraits.len(),
            held_out_people: test(|people| people.names.len()),
            held_out_pictures: test(|people| people.portraits.len()),
            network_parameters: self.classifier.network.num_parameters(),
            trained_parameters: trained.map(|(_, parameter)| parameter.shape().iter().product::<usize>()).sum(),
        }
    }

    fn steps_done(&self) -> u64 {
        self.step
    }

    fn pictures_per_step(run: &RunFile) -> usize {
        run.batch_size
    }

    fn rates(&self, step: u64) -> Vec<(&'static str, f64)> {
        vec![("learning_rate", self.settings.optimizer.rate(step))]
    }

    fn step(&mut self, batch: HostBatch) -> Result<NamedValues, TrainingError> {
        Ok(self.train(&batch.to_device(self.device()))?)
    }

    fn evaluate(&self, samples: &Self::Samples) -> Result<NamedValues, TrainingError> {
        Ok(samples.as_ref().map(|held_out| held_out.measure(&self.classifier.network)).unwrap_or_default())
    }

    fn state(&self) -> State {
        State { learning_rate: self.settings.optimizer.rate(self.step.max(1)) }
    }

    fn write_files(&self, files: &mut CheckpointFiles) -> Result<(), TrainingError> {
        let description = RecognizerDescription {
            network: self.settings.network.clone(),
            margin: self.settings.margin,
            trained_on: Some(self.trained_on.clone()),
            from_unknown: self.from_unknown,
        };
        let config = ModelConfig::Recognizer(description);
        files.write(RECOGNIZER, ModelFile { config, arrays: collect(&self.classifier) })?;
        files.write(OPTIMIZER, ModelFile { config: ModelConfig::Optimizer, arrays: self.sgd.buffers() })
    }

    fn read_files(&mut self, folder: &Path, step: u64, _state: State) -> Result<(), TrainingError> {
        load(&mut self.classifier, &folder.join(RECOGNIZER))?;
        let buffers = read_native(&folder.join(OPTIMIZER))?.arrays;
        let device = self.device().clone();
        self.sgd.restore(buffers, &self.classifier, &device).map_err(|name| TrainingError::Resume {
            path: folder.to_path_buf(),
            reason: format!("{OPTIMIZER}: {name} does not fit its parameter"),
        })?;
        self.step = step;
        Ok(())
    }
}

impl Trainer {
    /// Takes over the weights of a file. A classifier with another number of people is left out.
    fn start_from(&mut self, path: &Path) -> Result<(), TrainingError> {
        let ModelFile { config, arrays } = read_model(path)?;
        let ModelConfig::Recognizer(description) = config else {
            return Err(TrainingError::RunFile {
                path: path.to_path_buf(),
                reason: format!("fine_tune.from must be a recogniser, found a {}", config.kind()),
            });
        };
        let (head, network) = arrays.into_iter().partition(|(name, _)| name.starts_with("fc6."));
        assign(&mut self.classifier.network, network, path)?;
        let head: NamedArrays = head;
        let named = head.into_iter().map(|(name, array)| (name.trim_start_matches("fc6.").to_owned(), array));
        match assign(&mut self.classifier.head, named.collect(), path) {
            // Other people, or none.
            Ok(()) | Err(WeightsError::Mismatch { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        // It still knows whom it was trained on before.
        self.from_unknown = description.from_unknown || description.trained_on.is_none();
        self.trained_on.extend(&description.trained_on.unwrap_or_default());
        Ok(())
    }
}
