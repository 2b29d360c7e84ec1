//! A run from its first step to its last.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use burn::tensor::Device;

use crate::losses::PerceptualLoss;
use crate::parameter::Parameterized;

use super::checkpoint::{newest, sweep};
use super::loader::{Loader, Sources};
use super::log::{Log, StepReport};
use super::records::Records;
use super::{DataConfig, RecordConfig, RunFile, StepNoise, Trainer, TrainingError};

/// Watches a run from outside.
pub trait Observer {
    /// Called after every step.
    fn stepped(&mut self, report: &StepReport);
    /// Something that the user should know and that does not stop the run.
    fn warned(&mut self, message: &str);
    /// Asked after every step: whether to write a checkpoint and end.
    fn wants_to_stop(&self) -> bool;
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The run's folder.
    pub run: PathBuf,
    /// Steps done in all.
    pub steps: u64,
    /// Seconds since this program started the run or took it up.
    pub seconds: f64,
    /// The last checkpoint.
    pub checkpoint: PathBuf,
    /// Whether it was told to stop before its last step.
    pub interrupted: bool,
}

/// What a run would train on.
#[derive(Clone, Debug, serde::Serialize)]
pub struct CheckReport {
    /// Drawings found.
    pub drawings: usize,
    /// Photos found.
    pub photos: usize,
    /// Numbers in both generators.
    pub generator_parameters: usize,
    /// Numbers in both critics.
    pub critic_parameters: usize,
}

/// A run that is ready to train.
pub struct Session {
    run: RunFile,
    folder: PathBuf,
    trainer: Trainer,
    sources: Sources,
    warnings: Vec<String>,
}

const RUN_FILE: &str = "run.toml";

impl Session {
    /// Starts a new run in a numbered folder under `runs`.
    ///
    /// # Errors
    /// See [`TrainingError`].
    pub fn start(mut run: RunFile, runs: &Path, device: &Device) -> Result<Self, TrainingError> {
        run.version = Some(env!("CARGO_PKG_VERSION").to_owned());
        let sources = Sources::find(&run)?;
        let trainer = Trainer::new(run.settings(), perceptual(&run, device)?, device);
        let folder = number_folder(runs, &run.name)?;
        let path = folder.join(RUN_FILE);
        let wrong = |reason: String| TrainingError::Write { path: path.clone(), reason };
        let text = run.to_toml().map_err(wrong)?;
        portraitist_face::picture::write_atomically(&path, text.as_bytes(), false)
            .map_err(|error| wrong(error.to_string()))?;
        Ok(Self { run, folder, trainer, sources, warnings: Vec::new() })
    }

    /// Finds the pictures of a run, reads its first batch and builds its networks, and writes nothing.
    ///
    /// # Errors
    /// What [`start`](Self::start) and the first step would find wrong.
    pub fn check(run: &RunFile, device: &Device) -> Result<CheckReport, TrainingError> {
        let sources = Sources::find(run)?;
        let trainer = Trainer::new(run.settings(), perceptual(run, device)?, device);
        Loader::start(run, sources.sets.clone(), 0, device).next_batch()?;
        Ok(CheckReport {
            drawings: sources.sets.drawing.len(),
            photos: sources.sets.photo.len(),
            generator_parameters: trainer.translator.num_parameters(),
            critic_parameters: trainer.critics.num_parameters(),
        })
    }

    /// Takes up the run in `folder` at its newest whole checkpoint, or at its start if it has none.
    /// `run` may ask for other steps, records and workers than the run was started with; all else
    /// must be the same.
    ///
    /// # Errors
    /// [`TrainingError::Resume`] if `run` differs from what the folder was started with.
    pub fn resume(run: RunFile, folder: &Path, device: &Device) -> Result<Self, TrainingError> {
        let started = RunFile::read(&folder.join(RUN_FILE))?;
        // What a step computes does not depend on these.
        let comparable = |run: &RunFile| {
            let data = DataConfig { workers: 1, ..run.data.clone() };
            RunFile { steps: 0, record: RecordConfig::default(), version: None, data, ..run.clone() }
        };
        if comparable(&started) != comparable(&run) {
            return Err(TrainingError::Resume {
                path: folder.join(RUN_FILE),
                reason: "the run was started with other settings than the run file has now; only steps, record and data.workers may change"
                    .to_owned(),
            });
        }
        let sources = Sources::find(&run)?;
        let mut trainer = Trainer::new(run.settings(), perceptual(&run, device)?, device);
        let (checkpoint, warnings) = newest(folder);
        if let Some(checkpoint) = checkpoint {
            trainer.restore(&checkpoint)?;
        }
        Ok(Self { run, folder: folder.to_path_buf(), trainer, sources, warnings })
    }

    /// The newest run of `name` under `runs`.
    pub fn find(runs: &Path, name: &str) -> Option<PathBuf> {
        let started = |(_, found, path): &(u64, String, PathBuf)| found == name && path.join(RUN_FILE).is_file();
        numbered(runs).into_iter().filter(started).max_by_key(|(number, ..)| *number).map(|(.., path)| path)
    }

    /// The run's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Steps done so far.
    pub fn steps_done(&self) -> u64 {
        self.trainer.step
    }

    /// Trains to the last step.
    ///
    /// # Errors
    /// See [`TrainingError`]; what was written before stays.
    pub fn train(mut self, observer: &mut dyn Observer) -> Result<Outcome, TrainingError> {
        let began = Instant::now();
        self.warnings.drain(..).for_each(|warning| observer.warned(&warning));
        sweep(&self.folder);
        let mut log = Log::open(&self.folder, self.trainer.step)?;
        let mut records = Records::new(&self.run, &self.folder, &self.sources, self.trainer.device())?;
        let device = self.trainer.device().clone();
        let mut loader = Loader::start(&self.run, self.sources.sets.clone(), self.trainer.step, &device);
        let mut interrupted = false;
        let mut step_ended = Instant::now();
        while self.trainer.step < self.run.steps && !interrupted {
            let step_began = Instant::now();
            let batch = loader.next_batch()?;
            let waited = step_began.elapsed();
            let noise = self.noise(&device);
            let losses = self.trainer.train(&batch, &noise)?;
            let times = [step_began.elapsed(), waited, step_began - step_ended];
            step_ended = Instant::now();
            let report = self.report(times, losses);
            let step = self.trainer.step;
            let due = |every: u64| step.is_multiple_of(every) || step == self.run.steps;
            if due(self.run.record.log_every) {
                log.write(&report)?;
            }
            observer.stepped(&report);
            interrupted = observer.wants_to_stop() && step < self.run.steps;
            let checkpoint = due(self.run.record.checkpoint_every) && !interrupted;
            records.write(&self.trainer, due(self.run.record.sample_every), checkpoint)?;
        }
        let checkpoint = records.finish(&self.trainer)?;
        let seconds = began.elapsed().as_secs_f64();
        Ok(Outcome { run: self.folder, steps: self.trainer.step, seconds, checkpoint, interrupted })
    }

    fn noise(&self, device: &Device) -> StepNoise {
        let style_dim = self.run.generator.style_dim;
        StepNoise::draw(self.run.seed, self.trainer.step, self.run.batch_size, style_dim, device)
    }

    /// `times`: the step's, of that waiting for pictures, and between the step before and this one.
    fn report(&self, times: [Duration; 3], losses: crate::losses::NamedValues) -> StepReport {
        let [seconds, seconds_waiting, seconds_between] = times.map(|time| time.as_secs_f64());
        let (learning_rate_generator, learning_rate_critic) = self.trainer.learning_rates(self.trainer.step);
        StepReport {
            step: self.trainer.step,
            seconds,
            seconds_waiting,
            seconds_between,
            pictures_per_second: 2.0 * self.run.batch_size as f64 / seconds,
            learning_rate_generator,
            learning_rate_critic,
            losses,
        }
    }
}

fn perceptual(run: &RunFile, device: &Device) -> Result<Option<PerceptualLoss>, TrainingError> {
    let wanted = run.losses.vgg16.as_ref().filter(|_| run.losses.weights.perceptual > 0.0);
    Ok(wanted.map(|path| PerceptualLoss::read(path, device)).transpose()?)
}

/// Runs under a folder: number, name, path.
fn numbered(runs: &Path) -> Vec<(u64, String, PathBuf)> {
    let Ok(entries) = fs::read_dir(runs) else { return Vec::new() };
    let parse = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.ok()?.path();
        let (number, name) = path.file_name()?.to_str()?.split_once('-')?;
        Some((number.parse().ok()?, name.to_owned(), path.clone()))
    };
    entries.filter_map(parse).collect()
}

/// Makes the next numbered folder: `runs/00012-NAME`.
fn number_folder(runs: &Path, name: &str) -> Result<PathBuf, TrainingError> {
    let wrong = |path: &Path, error: std::io::Error| TrainingError::Write {
        path: path.to_path_buf(),
        reason: error.to_string(),
    };
    fs::create_dir_all(runs).map_err(|error| wrong(runs, error))?;
    let mut number = numbered(runs).into_iter().map(|(number, ..)| number).max().unwrap_or(0) + 1;
    loop {
        let path = runs.join(format!("{number:05}-{name}"));
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            // Another run took the number in the meantime.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(wrong(&path, error)),
        }
    }
}
