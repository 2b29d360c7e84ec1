//! A translator's training as a task of a session.

use std::path::Path;

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::losses::{IdentityLoss, NamedValues, PerceptualLoss};
use crate::parameter::Parameterized;
use crate::run_folder::{DISCRIMINATOR, EMA, GENERATOR, OPTIMIZER, discriminator_file};
use crate::training::checkpoint::load;
use crate::training::checkpoint_files::CheckpointFiles;
use crate::training::error::TrainingError;
use crate::training::odd_pictures::OddPictures;
use crate::training::resuming::fingerprint::SourcePicture;
use crate::training::task::Task;
use crate::weights::{ModelConfig, ModelFile, NamedArrays, collect, read_native};

use super::augmentation::AugmentationLevel;
use super::batch::StepNoise;
use super::run::RunFile;
use super::samples::Samples;
use super::sources::{BatchMaker, HostBatch, Sources};
use super::trainer::{AuxiliaryNetworks, Trainer};

/// What a dry run reports.
#[derive(Clone, Debug, Serialize)]
pub struct CheckReport {
    /// Drawings found.
    pub drawings: usize,
    /// Photos found.
    pub photos: usize,
    /// Parameters of both generators.
    pub generator_parameters: usize,
    /// Parameters of both discriminators.
    pub discriminator_parameters: usize,
}

/// The optimisers' part of a checkpoint's state.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    generator_optimizer_steps: u64,
    #[serde(alias = "critic_optimizer_steps")]
    discriminator_optimizer_steps: u64,
    learning_rate_generator: f64,
    #[serde(alias = "learning_rate_critic")]
    learning_rate_discriminator: f64,
    /// What an adaptive augmentation had reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    augmentation: Option<AugmentationLevel>,
}

/// Stands before the names of the discriminators' moments in the optimiser's file. The older word stays, in new files
/// too, so that every checkpoint can be read.
const DISCRIMINATOR_PREFIX: &str = "critic";

impl Task for Trainer {
    type Run = RunFile;
    type Sources = Sources;
    type Batch = HostBatch;
    type Samples = Vec<(&'static str, Samples)>;
    type State = State;
    type Summary = CheckReport;

    fn find_sources(run: &RunFile) -> Result<Sources, TrainingError> {
        Sources::find(run)
    }

    fn odd_pictures(sources: &Sources) -> Option<&OddPictures> {
        Some(&sources.odd)
    }

    fn pictures(sources: &Sources) -> Vec<SourcePicture> {
        sources.pictures()
    }

    fn build(run: &RunFile, sources: &Sources, device: &Device) -> Result<Self, TrainingError> {
        let weights = &run.losses.weights;
        let vgg16 = run.losses.vgg16.as_ref().filter(|_| weights.perceptual > 0.0);
        let perceptual = vgg16.map(|path| PerceptualLoss::read(path, device)).transpose()?;
        let config = run.losses.identity.as_ref().filter(|_| weights.identity > 0.0);
        let identity = config.map(|config| IdentityLoss::read(config, &run.picture, device)).transpose()?;
        let mut trainer = Self::new(run.settings(), AuxiliaryNetworks { perceptual, identity }, device);
        if let Some((loss, config)) =
            trainer.auxiliary.identity.as_ref().zip(config).filter(|(loss, _)| loss.form().needs_people())
        {
            trainer.classes = loss.labels(&sources.people()?, &config.namespace)?;
        }
        Ok(trainer)
    }

    fn begin(&mut self, run: &RunFile) -> Result<(), TrainingError> {
        run.start.as_ref().map_or(Ok(()), |start| start.load(self))
    }

    /// Reads the pictures that the grids show.
    fn prepare_samples(run: &RunFile, sources: &Sources, device: &Device) -> Result<Self::Samples, TrainingError> {
        let networks = run.networks();
        let sets = [("train", Some(&*sources.sets)), ("test", sources.test.as_ref())];
        sets.into_iter()
            .filter_map(|(name, sets)| sets.map(|sets| (name, sets)))
            .map(|(name, sets)| Ok((name, Samples::read(sets, &networks, run.record.num_samples, run.seed, device)?)))
            .collect()
    }

    fn batch_maker(
        run: &RunFile,
        sources: &Sources,
    ) -> impl Fn(u64) -> Result<HostBatch, TrainingError> + Clone + Send + 'static {
        let maker = BatchMaker::new(run, sources);
        move |step| maker.make(step)
    }

    fn summary(&self, sources: &Sources) -> CheckReport {
        CheckReport {
            drawings: sources.sets.drawing.len(),
            photos: sources.sets.photo.len(),
            generator_parameters: self.translator.num_parameters(),
            discriminator_parameters: self.discriminators.num_parameters(),
        }
    }

    fn steps_done(&self) -> u64 {
        self.step
    }

    fn pictures_per_step(run: &RunFile) -> usize {
        2 * run.batch_size
    }

    fn rates(&self, step: u64) -> Vec<(&'static str, f64)> {
        let (generator, discriminator) = self.settings.optimizer.rates(step);
        vec![("learning_rate_generator", generator), ("learning_rate_discriminator", discriminator)]
    }

    fn step(&mut self, batch: HostBatch) -> Result<NamedValues, TrainingError> {
        let batch = batch.into_device(&self.classes, self.device());
        let style_dim = self.settings.networks.generator.style_dim;
        let num_samples = batch.same_person.len();
        let noise = StepNoise::draw(self.settings.seed, self.step, num_samples, style_dim, self.device());
        Ok(self.train(&batch, &noise)?)
    }

    fn write_samples(&self, samples: &Self::Samples, folder: &Path) -> Result<(), TrainingError> {
        let translator = self.ema.as_ref().unwrap_or(&self.translator);
        for (name, samples) in samples {
            samples.write(translator, &folder.join(format!("{:08}-{name}.png", self.step)))?;
        }
        Ok(())
    }

    fn state(&self) -> State {
        let (learning_rate_generator, learning_rate_discriminator) = self.settings.optimizer.rates(self.step.max(1));
        State {
            generator_optimizer_steps: self.generator_adam.steps(),
            discriminator_optimizer_steps: self.discriminator_adam.steps(),
            learning_rate_generator,
            learning_rate_discriminator,
            augmentation: self.follows_signs().then_some(self.augmentation),
        }
    }

    fn write_files(&self, files: &mut CheckpointFiles) -> Result<(), TrainingError> {
        let mut write = |name: &str, config, arrays| files.write(name, ModelFile { config, arrays });
        let networks = || self.settings.networks.clone();
        write(GENERATOR, ModelConfig::Translator(networks()), collect(&self.translator))?;
        write(DISCRIMINATOR, ModelConfig::Discriminator(networks()), collect(&self.discriminators))?;
        if let Some(ema) = &self.ema {
            write(EMA, ModelConfig::Translator(networks()), collect(ema))?;
        }
        let named = |prefix: &'static str, arrays: NamedArrays| {
            arrays.into_iter().map(move |(name, array)| (format!("{prefix}.{name}"), array))
        };
        let generator = named("generator", self.generator_adam.moments());
        let moments = generator.chain(named(DISCRIMINATOR_PREFIX, self.discriminator_adam.moments())).collect();
        write(OPTIMIZER, ModelConfig::Optimizer, moments)
    }

    fn read_files(&mut self, folder: &Path, step: u64, state: State) -> Result<(), TrainingError> {
        self.augmentation = state.augmentation.unwrap_or(self.augmentation);
        load(&mut self.translator, &folder.join(GENERATOR))?;
        load(&mut self.discriminators, &discriminator_file(folder))?;
        if let Some(ema) = &mut self.ema {
            load(ema, &folder.join(EMA))?;
        }
        let moments = read_native(&folder.join(OPTIMIZER))?.arrays;
        let of = |prefix: &str| {
            let arrays = moments.iter();
            arrays.filter_map(|(name, array)| Some((name.strip_prefix(prefix)?.to_owned(), array.clone()))).collect()
        };
        let device = self.device().clone();
        let unfitting = |name: String| TrainingError::Resume {
            path: folder.to_path_buf(),
            reason: format!("{OPTIMIZER}: {name} does not fit its parameter"),
        };
        self.generator_adam
            .restore(state.generator_optimizer_steps, of("generator."), &self.translator, &device)
            .map_err(unfitting)?;
        self.discriminator_adam
            .restore(
                state.discriminator_optimizer_steps,
                of(&format!("{DISCRIMINATOR_PREFIX}.")),
                &self.discriminators,
                &device,
            )
            .map_err(unfitting)?;
        self.step = step;
        Ok(())
    }
}
