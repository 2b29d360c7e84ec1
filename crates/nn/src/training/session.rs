//! A run from its first step to its last.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use burn::tensor::Device;

use crate::losses::NamedValues;
use crate::run_folder::{RUN_FILE, newest_checkpoint, numbered_runs};

use super::checkpoint::{restore, sweep};
use super::error::TrainingError;
use super::loader::Loader;
use super::log::{Log, StepReport};
use super::records::Records;
use super::run::Run;
use super::task::Task;

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
    /// Whether it was stopped before its last step.
    pub interrupted: bool,
}

/// A run that is ready to train.
pub struct Session<T: Task> {
    run: T::Run,
    folder: PathBuf,
    task: T,
    sources: T::Sources,
    device: Device,
    warnings: Vec<String>,
}

impl<T: Task> Session<T> {
    /// Starts a new run in a numbered folder under `runs`.
    ///
    /// # Errors
    /// See [`TrainingError`].
    pub fn start(mut run: T::Run, runs: &Path, device: &Device) -> Result<Self, TrainingError> {
        run.set_version(env!("CARGO_PKG_VERSION").to_owned());
        let sources = T::find_sources(&run)?;
        let task = T::build(&run, &sources, device)?;
        let folder = number_folder(runs, run.name())?;
        let path = folder.join(RUN_FILE);
        let wrong = |reason: String| TrainingError::Write { path: path.clone(), reason };
        let text = run.to_toml().map_err(wrong)?;
        portraitist_face::files::write_atomically(&path, text.as_bytes(), false)
            .map_err(|error| wrong(error.to_string()))?;
        Ok(Self { run, folder, task, sources, device: device.clone(), warnings: Vec::new() })
    }

    /// A dry run: finds the pictures, reads the first batch and the samples, builds the networks, and writes nothing.
    ///
    /// # Errors
    /// What [`start`](Self::start) and the first step would find wrong.
    pub fn check(run: &T::Run, device: &Device) -> Result<T::Summary, TrainingError> {
        let sources = T::find_sources(run)?;
        let task = T::build(run, &sources, device)?;
        T::batch_maker(run, &sources)(0)?;
        T::prepare_samples(run, &sources, device)?;
        Ok(task.summary(&sources))
    }

    /// Resumes the run in `folder` from its newest whole checkpoint, or from its start if it has none. `run` may differ
    /// from what the run was started with only in what [`Run::MAY_CHANGE`] names.
    ///
    /// # Errors
    /// [`TrainingError::Resume`] if `run` differs from what the folder was started with.
    pub fn resume(run: T::Run, folder: &Path, device: &Device) -> Result<Self, TrainingError> {
        let started = T::Run::read(&folder.join(RUN_FILE))?;
        if started.fixed_part() != run.fixed_part() {
            return Err(TrainingError::Resume {
                path: folder.join(RUN_FILE),
                reason: format!(
                    "the run was started with other settings than the run file has now; only {} may change",
                    T::Run::MAY_CHANGE
                ),
            });
        }
        let sources = T::find_sources(&run)?;
        let mut task = T::build(&run, &sources, device)?;
        let (checkpoint, warnings) = newest_checkpoint(folder);
        if let Some(checkpoint) = checkpoint {
            restore(&mut task, &checkpoint, run.seed())?;
        }
        Ok(Self { run, folder: folder.to_path_buf(), task, sources, device: device.clone(), warnings })
    }

    /// The run's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Steps done so far.
    pub fn steps_done(&self) -> u64 {
        self.task.steps_done()
    }

    /// Trains to the last step.
    ///
    /// # Errors
    /// See [`TrainingError`]; what was written before stays.
    pub fn train(mut self, observer: &mut dyn Observer) -> Result<Outcome, TrainingError> {
        let began = Instant::now();
        self.warnings.drain(..).for_each(|warning| observer.warned(&warning));
        sweep(&self.folder);
        let mut log = Log::open(&self.folder, self.task.steps_done())?;
        let samples = T::prepare_samples(&self.run, &self.sources, &self.device)?;
        let mut records = Records::new(&self.run, &self.folder, samples);
        let make = T::batch_maker(&self.run, &self.sources);
        let mut loader = Loader::start(self.run.workers(), self.task.steps_done(), make);
        let (intervals, steps) = (self.run.intervals(), self.run.steps());
        let mut interrupted = false;
        let mut step_ended = Instant::now();
        while self.task.steps_done() < steps && !interrupted {
            let step_began = Instant::now();
            let batch = loader.next_batch()?;
            let waited = step_began.elapsed();
            let values = self.task.step(batch)?;
            let times = [step_began.elapsed(), waited, step_began - step_ended];
            step_ended = Instant::now();
            let step = self.task.steps_done();
            let due = |every: u64| step.is_multiple_of(every) || step == steps;
            let mut report = self.report(times, values);
            let evaluated = intervals.evaluation.is_some_and(due);
            if evaluated {
                report.values.extend(records.evaluate(&self.task)?);
            }
            if due(intervals.log) || evaluated {
                log.write(&report)?;
            }
            observer.stepped(&report);
            interrupted = observer.wants_to_stop() && step < steps;
            let checkpoint = due(intervals.checkpoint) && !interrupted;
            records.write(&self.task, intervals.samples.is_some_and(due), checkpoint)?;
        }
        let checkpoint = records.finish(&self.task)?;
        let seconds = began.elapsed().as_secs_f64();
        Ok(Outcome { run: self.folder, steps: self.task.steps_done(), seconds, checkpoint, interrupted })
    }

    /// `times`: of the step, of its waiting for pictures, and from the end of the step before to its start.
    fn report(&self, times: [Duration; 3], values: NamedValues) -> StepReport {
        let [seconds, seconds_waiting, seconds_between] = times.map(|time| time.as_secs_f64());
        let step = self.task.steps_done();
        StepReport {
            step,
            seconds,
            seconds_waiting,
            seconds_between,
            pictures_per_second: T::pictures_per_step(&self.run) as f64 / seconds,
            learning_rates: self.task.rates(step),
            values,
        }
    }
}

/// Makes the next numbered folder: `runs/00012-NAME`.
fn number_folder(runs: &Path, name: &str) -> Result<PathBuf, TrainingError> {
    let wrong = |path: &Path, error: std::io::Error| TrainingError::Write {
        path: path.to_path_buf(),
        reason: error.to_string(),
    };
    fs::create_dir_all(runs).map_err(|error| wrong(runs, error))?;
    let mut number = numbered_runs(runs).into_iter().map(|(number, ..)| number).max().unwrap_or(0) + 1;
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
